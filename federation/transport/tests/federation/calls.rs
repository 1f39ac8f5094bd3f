//! Calls to a peer: routes, signatures, limits.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use holm_core::ports::{PeerError, Peers};
use holm_federation::Transport;
use holm_protocol::federation::{
    LogPage, NotifyRequest, NotifyResponse, SubmitRequest, SubmitResult,
};
use holm_protocol::limits::FEDERATION_BODY_LEN_MAX;
use holm_protocol::request_signature::UnverifiedRequest;
use holm_protocol::{Code, Problem, RoomUri};
use http::{Request, Response};

use crate::world::{Answer, START_MS, World, addresses, json, name, padded, rooms};

pub(crate) async fn notify(transport: &Transport) -> Result<NotifyResponse, PeerError> {
    let nothing = NotifyRequest { rooms: vec![] };
    transport.notify(&name("skerry.example"), &nothing).await
}

pub(crate) fn reason(outcome: Result<NotifyResponse, PeerError>) -> String {
    match outcome {
        Err(PeerError::Unreachable { reason, .. } | PeerError::Failed { reason, .. }) => reason,
        other => panic!("unreachable is expected, not {other:?}"),
    }
}

#[tokio::test]
async fn of_two_srv_targets_of_which_one_is_dead_the_other_is_used() {
    // DISC-3
    let world = World::new();
    world
        .dns
        .srv("skerry.example", 10, 8_448, "a.skerry.example");
    world.dns.srv("skerry.example", 20, 443, "b.skerry.example");
    world.dns.host("a.skerry.example", "9.9.9.1");
    world.dns.host("b.skerry.example", "9.9.9.2");
    let document = world.skerry.document(START_MS);
    world.net.script(
        move |request| match (request.uri().host(), request.uri().path()) {
            (Some("a.skerry.example"), _) => Answer::Dead,
            (_, "/.well-known/holm") => json(200, &document),
            _ => rooms(),
        },
    );
    let transport = world.transport();
    notify(&transport).await.unwrap();
    let seen = world.net.take();
    let hosts: Vec<_> = seen.iter().filter_map(|r| r.uri().host()).collect();
    assert_eq!(
        hosts,
        ["a.skerry.example", "b.skerry.example", "b.skerry.example"]
    );
    assert_eq!(addresses(&seen[0]), ["9.9.9.1:8448".parse().unwrap()]);
    assert_eq!(addresses(&seen[1]), ["9.9.9.2:443".parse().unwrap()]);

    world.clock.advance(60_000);
    notify(&transport).await.unwrap();
    let first = world.net.take_uris().swap_remove(0);
    assert!(
        first.starts_with("https://a.skerry.example:8448/"),
        "{first}"
    );
}

#[tokio::test]
async fn without_srv_records_port_443_of_the_name_is_connected_to() {
    // DISC-2
    let world = World::new();
    notify(&world.transport()).await.unwrap();
    let seen = world.net.take();
    let uris: Vec<_> = seen.iter().map(|r| r.uri().to_string()).collect();
    assert_eq!(
        uris,
        [
            "https://skerry.example/.well-known/holm",
            "https://skerry.example/federation/v1/notify"
        ]
    );
    assert_eq!(addresses(&seen[1]), ["9.9.9.9:443".parse().unwrap()]);
}

#[tokio::test]
async fn a_private_address_is_never_connected_to_unless_configured() {
    // DISC-6, D02, F43
    let world = World::new();
    world.dns.host("skerry.example", "192.168.1.1");
    let reason = reason(notify(&world.transport()).await);
    assert!(
        reason.contains("192.168.1.1") && reason.contains("allow_private"),
        "{reason}"
    );
    assert_eq!(world.net.take_uris(), [""; 0]);

    let lenient = world.transport_over(world.net.clone(), world.dns.clone(), true);
    notify(&lenient).await.unwrap();
    assert_eq!(
        addresses(&world.net.take()[0]),
        ["192.168.1.1:443".parse().unwrap()]
    );
}

#[tokio::test]
async fn what_was_found_is_used_for_an_hour_while_dns_fails() {
    // DISC-8
    let world = World::new();
    let transport = world.transport();
    notify(&transport).await.unwrap();
    world.dns.fails(true);
    world.clock.advance(3_599_999);
    notify(&transport).await.unwrap();
    world.clock.advance(1);
    let reason = reason(notify(&transport).await);
    assert!(reason.contains("no server answers"), "{reason}");
}

#[tokio::test]
async fn every_try_is_signed_anew_and_the_peer_can_verify_it() {
    // SIG-3, SIG-9
    let world = World::new();
    world.dns.srv("skerry.example", 10, 443, "a.skerry.example");
    world.dns.srv("skerry.example", 20, 443, "b.skerry.example");
    world.dns.host("a.skerry.example", "9.9.9.1");
    world.dns.host("b.skerry.example", "9.9.9.2");
    let (document, clock) = (world.skerry.document(START_MS), world.clock.clone());
    world.net.script(
        move |request| match (request.uri().host(), request.uri().path()) {
            (_, "/.well-known/holm") => json(200, &document),
            (Some("a.skerry.example"), _) => {
                clock.advance(2_000);
                Answer::Dead
            }
            _ => rooms(),
        },
    );
    notify(&world.transport()).await.unwrap();
    let tries = world.net.take().split_off(1);
    assert_eq!(tries.len(), 2);
    assert_ne!(
        tries[0].headers()["signature"],
        tries[1].headers()["signature"]
    );
    for signed in tries {
        let verified = verify(&world, signed);
        assert_eq!(*verified.origin(), name("islet.example"));
    }
}

fn verify(
    world: &World,
    request: Request<Bytes>,
) -> holm_protocol::request_signature::VerifiedRequest {
    let (parts, body) = request.into_parts();
    let read = UnverifiedRequest::read(parts.method, parts.uri, &parts.headers, body).unwrap();
    assert_eq!(read.key_id(), "r1");
    let key = world.islet.keys().request_signer(0).1.public();
    read.verify(&key, &name("skerry.example"), START_MS)
        .unwrap()
}

#[tokio::test]
async fn a_pull_names_room_and_number_in_the_signed_path_and_query() {
    // FED-1, FED-7, SIG-3
    let world = World::new();
    world.net.serve(world.skerry.document(START_MS), |_| {
        json(404, &Problem::new(Code::NotFound, "no such room"))
    });
    let room = RoomUri::parse("mimi://skerry.example/r/k3v9").unwrap();
    let transport = world.transport();
    let outcome = transport.events(&name("skerry.example"), &room, 7).await;
    let Err(PeerError::Refused { problem, .. }) = outcome else {
        panic!("the peer's word is passed on");
    };
    assert_eq!(problem.code, Code::NotFound);
    let pull = world.net.take().swap_remove(1);
    let path = "/federation/v1/events/mimi%3A%2F%2Fskerry.example%2Fr%2Fk3v9?after=7";
    assert_eq!(pull.uri().path_and_query().unwrap().as_str(), path);
    assert_eq!(pull.method(), "GET");
    verify(&world, pull);
}

#[tokio::test]
async fn texts_within_an_answer_are_cut_and_printable_too() {
    // FED-10
    let world = World::new();
    let problem = Problem::new(Code::EpochTooOld, format!("\u{7}{}", "x".repeat(1_000)));
    let submitted = serde_json::json!({ "results": [{ "type": "refused", "problem": problem }] });
    let room = RoomUri::parse("mimi://skerry.example/r/k3v9").unwrap();
    let notified = serde_json::json!({ "rooms": [
        { "room": room, "cursor": 0, "problem": problem }
    ] });
    world.net.serve(
        world.skerry.document(START_MS),
        move |request| match request.uri().path().ends_with("/notify") {
            true => json(200, &notified),
            false => json(200, &submitted),
        },
    );
    let transport = world.transport();
    let nothing = SubmitRequest { messages: vec![] };
    let server = name("skerry.example");
    let answer = transport
        .submit_message(&server, &room, &nothing)
        .await
        .unwrap();
    let [SubmitResult::Refused { problem }] = answer.results.as_slice() else {
        panic!("the result is handed on");
    };
    assert_eq!(
        (problem.code, problem.detail.as_str()),
        (Code::EpochTooOld, &*"x".repeat(300))
    );
    let mut answer = notify(&transport).await.unwrap();
    let problem = answer.rooms.remove(0).problem.unwrap();
    assert_eq!(problem.detail, "x".repeat(300));
}

#[tokio::test]
async fn a_body_over_the_limit_is_not_sent() {
    // LIM-9
    let world = World::new();
    let page = LogPage {
        room: RoomUri::parse("mimi://islet.example/r/k3v9").unwrap(),
        head: Bytes::new().into(),
        events: vec![vec![0; FEDERATION_BODY_LEN_MAX / 4 * 3].into()],
        anchors: vec![],
        orders: vec![],
    };
    let request = NotifyRequest { rooms: vec![page] };
    let outcome = world
        .transport()
        .notify(&name("skerry.example"), &request)
        .await;
    let Err(PeerError::Refused { problem, .. }) = outcome else {
        panic!("it is refused before it is sent");
    };
    assert_eq!(problem.code, Code::TooLarge);
    assert_eq!(world.net.take_uris(), [""; 0]);
}

#[tokio::test]
async fn an_answer_is_taken_at_its_limit_and_not_one_byte_over() {
    // LIM-9
    let world = World::new();
    let answer = |len: usize| Answer::Is(Response::new(padded(len).into()));
    let document = world.skerry.document(START_MS);
    world
        .net
        .serve(document.clone(), move |_| answer(FEDERATION_BODY_LEN_MAX));
    notify(&world.transport()).await.unwrap();
    world
        .net
        .serve(document, move |_| answer(FEDERATION_BODY_LEN_MAX + 1));
    let reason = reason(notify(&world.transport()).await);
    assert!(reason.contains("more than 4194304 bytes"), "{reason}");
}

#[tokio::test]
async fn a_proxys_word_that_its_server_is_away_leads_to_the_next_target() {
    // DISC-3
    let world = World::new();
    world.dns.srv("skerry.example", 10, 443, "a.skerry.example");
    world.dns.srv("skerry.example", 20, 443, "b.skerry.example");
    world.dns.host("a.skerry.example", "9.9.9.1");
    world.dns.host("b.skerry.example", "9.9.9.2");
    let document = world.skerry.document(START_MS);
    world.net.script(
        move |request| match (request.uri().host(), request.uri().path()) {
            (Some("a.skerry.example"), _) => json(502, &"Bad Gateway"),
            (_, "/.well-known/holm") => json(200, &document),
            _ => rooms(),
        },
    );
    notify(&world.transport()).await.unwrap();
}

#[tokio::test]
async fn a_server_does_not_call_itself_but_knows_its_own_document() {
    // FED-1, DOC-1
    let world = World::new();
    let transport = world.transport();
    let nothing = NotifyRequest { rooms: vec![] };
    let own = name("islet.example");
    reason(transport.notify(&own, &nothing).await);
    let document = transport.document(&own, Some("m1")).await.unwrap();
    assert_eq!(document.root(), world.islet.keys().root.public());
    assert_eq!(world.net.take_uris(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn sixteen_calls_to_a_peer_run_at_a_time_and_few_may_wait() {
    // FED-9
    let world = World::new();
    let transport = world.transport();
    notify(&transport).await.unwrap();
    let running = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&running);
    world.net.script(move |_| {
        counted.fetch_add(1, Ordering::SeqCst);
        Answer::Silence
    });
    let calls: Vec<_> = (0..300)
        .map(|_| {
            let transport = transport.clone();
            tokio::spawn(async move { reason(notify(&transport).await) })
        })
        .collect();
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    assert_eq!(running.load(Ordering::SeqCst), 16);
    let mut crowded = 0;
    for call in calls {
        crowded += usize::from(call.await.unwrap().contains("too many calls"));
    }
    assert_eq!(crowded, 300 - 256);
}

#[tokio::test(start_paused = true)]
async fn a_call_ends_after_thirty_seconds_however_many_targets_are_silent() {
    // FED-9
    let world = World::new();
    for host in 1..=16 {
        let target = format!("h{host}.skerry.example");
        world.dns.srv("skerry.example", host, 443, &target);
        world.dns.host(&target, "9.9.9.9");
    }
    world.net.script(|_| Answer::Silence);
    let begun = tokio::time::Instant::now();
    let reason = reason(notify(&world.transport()).await);
    assert_eq!(reason, "no answer within 30 s");
    assert_eq!(begun.elapsed().as_secs(), 30);
}
