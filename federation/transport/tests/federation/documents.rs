//! Whose word a peer's document is: pins, roots, serials, expiry.

use holm_core::Identity;
use holm_core::ports::{PeerError, Peers};
use holm_federation::Transport;
use holm_protocol::document::{Document, SignedDocument};
use holm_protocol::signing::PrivateKey;

use crate::calls::notify;
use crate::world::{START_MS, World, identity, json, name, rooms};

const WEEK_MS: u64 = 7 * 24 * 3_600_000;
const SKERRY: &str = "skerry.example";

/// Why the document is not trusted, told by the look-up and by a call alike.
async fn untrusted(world: &World, transport: &Transport) -> String {
    let outcome = transport.document(&name(SKERRY), None).await;
    let Err(PeerError::Untrusted { reason, .. }) = outcome else {
        panic!("it is not trusted");
    };
    let call = notify(transport).await;
    assert!(matches!(call, Err(PeerError::Untrusted { .. })), "{call:?}");
    let uris = world.net.take_uris();
    assert!(
        !uris.iter().any(|uri| uri.contains("/federation/")),
        "{uris:?}"
    );
    reason
}

fn serve(world: &World, document: SignedDocument) {
    world.net.serve(document, |_| rooms());
}

fn skerry(seed: u8, serial: u64) -> Identity {
    identity(SKERRY, seed, serial)
}

#[tokio::test]
async fn nothing_is_sent_to_a_server_whose_root_is_not_the_pinned_one() {
    // DOC-5, DISC-9
    let world = World::new();
    world.dns.pin(SKERRY, &PrivateKey::from_seed(&[99; 32]));
    let reason = untrusted(&world, &world.transport()).await;
    assert!(reason.contains("DNS pins another"), "{reason}");
}

#[tokio::test]
async fn the_pinned_root_is_taken_and_remembered() {
    // DOC-5, DISC-9
    let world = World::new();
    world.dns.pin(SKERRY, &world.skerry.keys().root);
    let transport = world.transport();
    let document = transport.document(&name(SKERRY), None).await.unwrap();
    assert_eq!(document.root(), world.skerry.keys().root.public());
    notify(&transport).await.unwrap();
    let uris = world.net.take_uris();
    assert_eq!(
        uris.iter().filter(|uri| uri.contains("well-known")).count(),
        1
    );
}

#[tokio::test]
async fn a_pin_that_cannot_be_read_is_not_the_absence_of_one() {
    // DISC-9
    let world = World::new();
    world.dns.txt(SKERRY, "v=holm1; root=oops");
    let reason = untrusted(&world, &world.transport()).await;
    assert!(reason.contains("v=holm1"), "{reason}");
}

#[tokio::test]
async fn another_root_than_the_known_one_is_refused_also_after_a_restart() {
    // DOC-5
    let world = World::new();
    notify(&world.transport()).await.unwrap();
    serve(&world, skerry(50, 2).document(START_MS + WEEK_MS));
    world.clock.advance(WEEK_MS);
    world.net.take();
    let reason = untrusted(&world, &world.transport()).await;
    assert!(reason.contains("which has not signed it"), "{reason}");
}

#[tokio::test]
async fn a_lower_serial_is_refused_also_after_a_restart() {
    // DOC-6
    let world = World::new();
    serve(&world, skerry(20, 7).document(START_MS));
    notify(&world.transport()).await.unwrap();
    serve(&world, skerry(20, 6).document(START_MS + WEEK_MS));
    world.clock.advance(WEEK_MS);
    world.net.take();
    let reason = untrusted(&world, &world.transport()).await;
    assert!(reason.contains("serial 6"), "{reason}");
}

#[tokio::test]
async fn an_expired_document_is_refused() {
    // DOC-7
    let world = World::new();
    world.clock.advance(WEEK_MS);
    let reason = untrusted(&world, &world.transport()).await;
    assert!(reason.contains("expired"), "{reason}");
}

#[tokio::test]
async fn a_document_without_a_common_version_is_refused_in_few_words() {
    // DOC-8, FED-10
    let world = World::new();
    let signed = world.skerry.document(START_MS);
    let mut document: Document = serde_json::from_slice(signed.document.as_slice()).unwrap();
    document.versions = vec!["v9".repeat(10_000)];
    serve(&world, document.sign(&world.skerry.keys().root));
    let reason = untrusted(&world, &world.transport()).await;
    assert!(reason.contains("no common protocol version"), "{reason}");
    assert_eq!(reason.len(), 300);
}

#[tokio::test]
async fn another_servers_document_is_refused() {
    // DOC-4
    let world = World::new();
    serve(&world, identity("other.example", 20, 1).document(START_MS));
    let reason = untrusted(&world, &world.transport()).await;
    assert!(reason.contains("other.example"), "{reason}");
}

#[tokio::test]
async fn a_document_that_its_root_did_not_sign_is_refused() {
    // DOC-2
    let world = World::new();
    let mut document = world.skerry.document(START_MS);
    document.signature.0[0] ^= 1;
    serve(&world, document);
    let reason = untrusted(&world, &world.transport()).await;
    assert!(reason.contains("not signed"), "{reason}");
}

#[tokio::test]
async fn the_last_good_document_serves_while_fetching_fails() {
    // DISC-10
    let world = World::new();
    notify(&world.transport()).await.unwrap();
    world.net.script(|request| match request.uri().path() {
        "/.well-known/holm" => json(500, &"broken"),
        _ => rooms(),
    });
    let restarted = world.transport();
    notify(&restarted).await.unwrap();
    world.clock.advance(WEEK_MS);
    let outcome = notify(&restarted).await;
    assert!(
        matches!(outcome, Err(PeerError::Unreachable { .. })),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn an_unknown_key_is_asked_for_again_but_once_a_minute() {
    // DISC-10
    let world = World::new();
    let (transport, server) = (world.transport(), name(SKERRY));
    let fetched = |expected: usize| assert_eq!(world.net.take_uris().len(), expected);
    transport.document(&server, Some("r1")).await.unwrap();
    fetched(1);
    serve(&world, skerry(20, 2).document(START_MS));
    transport.document(&server, Some("r2")).await.unwrap();
    fetched(0);
    world.clock.advance(60_000);
    let document = transport.document(&server, Some("r2")).await.unwrap();
    assert!(document.request_key("r2", START_MS).is_some());
    fetched(1);
    for _ in 0..3 {
        transport.document(&server, Some("r3")).await.unwrap();
    }
    fetched(0);
    world.clock.advance(60_000);
    for _ in 0..3 {
        transport.document(&server, Some("r3")).await.unwrap();
    }
    fetched(1);
}

#[tokio::test]
async fn a_document_wanted_by_many_at_once_is_fetched_once() {
    // DISC-10
    let world = World::new();
    let (transport, server) = (world.transport(), name(SKERRY));
    let wanted = (0..20).map(|_| transport.document(&server, None));
    for document in futures::future::join_all(wanted).await {
        document.unwrap();
    }
    assert_eq!(world.net.take_uris().len(), 1);
}

#[tokio::test]
async fn a_document_over_its_limit_is_not_read() {
    // LIM-18
    let world = World::new();
    let huge = "x".repeat(100 * 1_024);
    world.net.script(move |_| json(200, &huge));
    let outcome = world.transport().document(&name(SKERRY), None).await;
    let Err(PeerError::Unreachable { reason, .. }) = outcome else {
        panic!("it can't be read");
    };
    assert!(reason.contains("more than 88404 bytes"), "{reason}");
}
