//! What passes the gate, and what stands before it.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use holm_federation::{QuotaLimits, Transport, router};
use holm_protocol::document::{SignedDocument, Trust};
use holm_protocol::endpoint::{Auth, FEDERATION};
use holm_protocol::limits::FEDERATION_BODY_LEN_MAX;
use holm_protocol::{Code, Problem};
use http::{Request, StatusCode};
use tower::ServiceExt;

use crate::calls::{notify, reason};
use crate::signer::Draft;
use crate::stub_store::homeserver;
use crate::world::{Answer, START_MS, World, name, padded, rooms};

/// `islet.example`, which is called.
pub(crate) struct Called {
    pub(crate) world: World,
    pub(crate) transport: Arc<Transport>,
    router: Router,
}

impl Called {
    pub(crate) fn new() -> Self {
        Self::within(QuotaLimits::DEFAULT)
    }

    /// A server that grants others so much.
    pub(crate) fn within(limits: QuotaLimits) -> Self {
        let world = World::new();
        let transport = world.transport_within(limits);
        let router = router(homeserver(&world, &transport), transport.clone());
        Self {
            world,
            transport,
            router,
        }
    }

    pub(crate) async fn answer(&self, request: Request<Body>) -> (StatusCode, Vec<u8>) {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (status, kind) = (
            response.status(),
            response.headers().get("content-type").cloned(),
        );
        let body = axum::body::to_bytes(response.into_body(), usize::MAX).await;
        let expected = match status.is_success() {
            true => "application/json",
            false => "application/problem+json",
        };
        assert_eq!(kind.unwrap(), expected, "{status}");
        (status, body.unwrap().to_vec())
    }

    /// The problem of a refusal, whose status is the code's.
    pub(crate) async fn problem(&self, request: Request<Body>) -> Problem {
        let (status, body) = self.answer(request).await;
        let problem: Problem = serde_json::from_slice(&body).unwrap();
        assert_eq!(status.as_u16(), problem.code.status());
        problem
    }
}

#[tokio::test]
async fn a_request_that_the_origin_signed_passes() {
    // SIG-9, FED-5
    let called = Called::new();
    let (status, body) = called.answer(Draft::notify().sign().request()).await;
    assert_eq!(
        (status, body.as_slice()),
        (StatusCode::OK, br#"{"rooms":[]}"#.as_slice())
    );
    assert_eq!(
        called.world.net.take_uris(),
        ["https://skerry.example/.well-known/holm"]
    );
    called.answer(Draft::notify().sign().request()).await;
    assert_eq!(called.world.net.take_uris(), [""; 0]);
}

#[tokio::test]
async fn every_signed_endpoint_lets_nobody_in_without_a_signature() {
    // SIG-3, FED-1
    let called = Called::new();
    for endpoint in FEDERATION.iter().filter(|e| e.auth == Auth::Server) {
        let path = endpoint.path.replace(['{', '}'], "");
        let request = Request::builder().method(endpoint.method).uri(&path);
        let problem = called.problem(request.body(Body::empty()).unwrap()).await;
        assert_eq!(problem.code, Code::SignatureMissing, "{path}");
        let request = Request::builder().method("DELETE").uri(&path);
        let problem = called.problem(request.body(Body::empty()).unwrap()).await;
        assert_eq!(problem.code, Code::MethodNotAllowed, "{path}");
    }
}

#[tokio::test]
async fn every_signed_endpoint_hands_a_proven_request_to_the_core() {
    // FED-2, FED-3, FED-4, FED-6, FED-7, FED-8
    let called = Called::new();
    let room = "mimi%3A%2F%2Fislet.example%2Fr%2Fk3v9";
    let claim = r#"{"requester":"mimi://skerry.example/u/bob","hub":"skerry.example",
        "room":"mimi://skerry.example/r/k3v9","claim_id":"AAAAAAAAAAAAAAAAAAAAAA"}"#;
    let message = r#"{"messages":[{"user":"mimi://skerry.example/u/bob","message":"AAAA"}]}"#;
    let leave = r#"{"type":"leave","user":"mimi://skerry.example/u/bob"}"#;
    let heads = r#"{"rooms":[{"room":"mimi://islet.example/r/k3v9","cursor":0}]}"#;
    let user = r#"{"user":"mimi://skerry.example/u/bob"}"#;
    let path = |verb: &str| format!("/federation/v1/{verb}/{room}");
    let alice = "/federation/v1/keyMaterial/mimi%3A%2F%2Fislet.example%2Fu%2Falice";
    for draft in [
        Draft::post(alice, claim),
        Draft::post(&path("update"), leave),
        Draft::post(&path("submitMessage"), message),
        Draft::post("/federation/v1/heads", heads),
        Draft::get(&format!("{}?after=0", path("events"))),
        Draft::post(&path("groupInfo"), user),
    ] {
        let path = draft.path.clone();
        let (status, body) = called.answer(draft.sign().request()).await;
        let body = String::from_utf8(body).unwrap();
        // The core's store fails, and only the core says so.
        assert!(
            status == StatusCode::SERVICE_UNAVAILABLE || status.is_success(),
            "{path}: {status} {body}"
        );
    }
}

#[tokio::test]
async fn a_body_is_taken_at_its_limit_and_not_one_byte_over() {
    // LIM-9
    let called = Called::new();
    let sized = |len| Draft::post("/federation/v1/notify", &padded(len));
    let (status, _) = called
        .answer(sized(FEDERATION_BODY_LEN_MAX).sign().request())
        .await;
    assert_eq!(status, StatusCode::OK);
    let problem = called
        .problem(sized(FEDERATION_BODY_LEN_MAX + 1).sign().request())
        .await;
    assert_eq!(problem.code, Code::TooLarge);
}

#[tokio::test(start_paused = true)]
async fn a_body_over_its_limit_is_refused_before_it_is_read() {
    // LIM-9
    let called = Called::new();
    let never = futures::stream::pending::<Result<Vec<u8>, std::io::Error>>();
    let request = Request::post("/federation/v1/notify")
        .header("content-length", FEDERATION_BODY_LEN_MAX + 1)
        .body(Body::from_stream(never));
    let problem = called.problem(request.unwrap()).await;
    assert_eq!(problem.code, Code::TooLarge);
}

#[tokio::test]
async fn a_body_without_an_announced_length_is_cut_off_at_its_limit() {
    // LIM-9
    let called = Called::new();
    let chunk = || Ok::<_, std::io::Error>(vec![b' '; 64 * 1_024]);
    let endless = futures::stream::repeat_with(chunk);
    let request = Request::post("/federation/v1/notify").body(Body::from_stream(endless));
    let problem = called.problem(request.unwrap()).await;
    assert_eq!(problem.code, Code::TooLarge);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_never_ends_times_out() {
    // FED-1
    let called = Called::new();
    let never = futures::stream::pending::<Result<Vec<u8>, std::io::Error>>();
    let request = Request::post("/federation/v1/notify").body(Body::from_stream(never));
    let problem = called.problem(request.unwrap()).await;
    assert_eq!(problem.code, Code::Timeout);
}

#[tokio::test]
async fn what_is_no_endpoint_is_a_problem_too() {
    // PROB-1
    let called = Called::new();
    for path in [
        "/federation",
        "/federation/v1/nothing",
        "/federation/v2/notify",
    ] {
        let request = Request::post(path).body(Body::empty()).unwrap();
        assert_eq!(called.problem(request).await.code, Code::NotFound, "{path}");
    }
    let get = Request::get("/federation/v1/notify").body(Body::empty());
    let problem = called.problem(get.unwrap()).await;
    assert_eq!(problem.code, Code::MethodNotAllowed);
}

#[tokio::test]
async fn the_server_document_is_served_to_anybody() {
    // DOC-1
    let called = Called::new();
    let request = Request::get("/.well-known/holm").body(Body::empty());
    let (status, body) = called.answer(request.unwrap()).await;
    assert_eq!(status, StatusCode::OK);
    let document: SignedDocument = serde_json::from_slice(&body).unwrap();
    let trust = Trust {
        pin: Some(called.world.islet.keys().root.public()),
        known: None,
    };
    document
        .verify(&name("islet.example"), &trust, START_MS)
        .unwrap();
}

#[tokio::test]
async fn a_proven_request_ends_the_wait_for_its_sender_and_an_unproven_one_does_not() {
    // FED-9
    let called = Called::new();
    let (transport, net) = (&called.transport, &called.world.net);
    notify(transport).await.unwrap();
    net.script(|_| Answer::Dead);
    reason(notify(transport).await);
    net.script(|_| rooms());
    let mut forged = Draft::notify().sign();
    forged.body.push(b' ');
    called.problem(forged.request()).await;
    reason(notify(transport).await);
    called.answer(Draft::notify().sign().request()).await;
    notify(transport).await.unwrap();
}
