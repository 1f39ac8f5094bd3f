//! Quotas from both sides: the honest answer past one, and waiting as it says (FED-16 to FED-18).

use std::net::SocketAddr;

use axum::body::Body;
use axum::extract::ConnectInfo;
use holm_core::ports::{Clock as _, PeerError, Peers};
use holm_federation::{QuotaLimits, Rate};
use holm_protocol::{Code, Problem};
use http::{Request, StatusCode};

use crate::calls::notify;
use crate::gate::Called;
use crate::signer::Draft;
use crate::world::{START_MS, World, json, name, rooms};

fn with(change: impl FnOnce(&mut QuotaLimits)) -> Called {
    let mut limits = QuotaLimits::DEFAULT;
    change(&mut limits);
    Called::within(limits)
}

fn rate(burst: u64, per_minute: u64) -> Rate {
    Rate { burst, per_minute }
}

fn from(address: &str, mut request: Request<Body>) -> Request<Body> {
    let address: SocketAddr = address.parse().unwrap();
    request.extensions_mut().insert(ConnectInfo(address));
    request
}

async fn asked(called: &Called) -> Result<(), (Code, Option<u64>)> {
    let request = Draft {
        created: called.world.clock.now_ms() / 1_000,
        ..Draft::notify()
    };
    let (status, body) = called.answer(request.sign().request()).await;
    if status == StatusCode::OK {
        return Ok(());
    }
    let problem: Problem = serde_json::from_slice(&body).unwrap();
    Err((problem.code, problem.retry_after))
}

/// Q01, Q05, FED-16, FED-17
#[tokio::test]
async fn past_its_quota_a_peer_is_told_when_the_same_will_pass() {
    let called = with(|limits| limits.requests = rate(3, 6));
    for _ in 0..3 {
        asked(&called).await.unwrap();
    }
    let over = asked(&called).await;
    assert_eq!(over, Err((Code::QuotaExceeded, Some(10))));
    called.world.clock.advance(9_999);
    assert!(asked(&called).await.is_err());
    called.world.clock.advance(1);
    asked(&called).await.unwrap();
}

/// S30, FED-16
#[tokio::test]
async fn garbage_is_refused_by_address_before_anything_is_looked_up() {
    let called = with(|limits| limits.unproven = rate(2, 60));
    let garbage = || {
        let mut signed = Draft::notify().sign();
        signed.body = br#"{"rooms":[],"x":1}"#.to_vec();
        signed.request()
    };
    let (bad, good) = ("192.0.2.1:1", "192.0.2.2:1");
    for _ in 0..2 {
        let problem = called.problem(from(bad, garbage())).await;
        assert_ne!(problem.code, Code::QuotaExceeded);
    }
    let problem = called.problem(from(bad, garbage())).await;
    assert_eq!(
        (problem.code, problem.retry_after),
        (Code::QuotaExceeded, Some(1))
    );
    // Whoever proves itself gives back what it took, as often as it asks.
    for _ in 0..5 {
        let honest = Draft::notify().sign().request();
        let (status, _) = called.answer(from(good, honest)).await;
        assert_eq!(status, StatusCode::OK);
    }
}

/// S22, FED-16, FED-18
#[tokio::test]
async fn past_the_quota_of_claims_other_calls_go_on() {
    let called = with(|limits| limits.claims_by_user = rate(1, 60));
    let claim = || {
        let path = "/federation/v1/keyMaterial/mimi%3A%2F%2Fislet.example%2Fu%2Falice";
        let body = r#"{"requester":"mimi://skerry.example/u/bob",
            "room":"mimi://skerry.example/r/harbor","hub":"skerry.example",
            "claim_id":"AAAAAAAAAAAAAAAAAAAAAA"}"#;
        Draft::post(path, body).sign().request()
    };
    // As far as the core, whose store is a stub.
    assert_eq!(called.problem(claim()).await.code, Code::Unavailable);
    let problem = called.problem(claim()).await;
    assert_eq!(
        (problem.code, problem.retry_after),
        (Code::RateLimited, Some(1))
    );
    asked(&called).await.unwrap();
}

/// Q07, FED-17
#[tokio::test]
async fn a_server_that_is_over_its_quota_calls_again_when_it_was_told_to() {
    let world = World::new();
    let transport = world.transport();
    let over = Problem::new(Code::QuotaExceeded, "wait").with_retry_after(7);
    let answer = over.clone();
    world
        .net
        .serve(world.skerry.document(START_MS), move |_| json(429, &answer));
    let refused = |outcome| match outcome {
        Err(PeerError::Refused { problem, .. }) => (problem.code, problem.retry_after),
        other => panic!("not refused: {other:?}"),
    };
    let first = refused(notify(&transport).await.map(drop));
    assert_eq!(first, (Code::QuotaExceeded, Some(7)));
    world.net.take();
    world.net.script(|_| rooms());
    let peer = name("skerry.example");
    assert_eq!(transport.wait(&peer).as_millis(), 7_000);
    // A word from the peer is no leave to call.
    transport.heard_from(&peer);
    world.clock.advance(6_999);
    assert_eq!(
        refused(notify(&transport).await.map(drop)),
        (Code::QuotaExceeded, Some(1))
    );
    assert!(world.net.take_uris().is_empty());
    world.clock.advance(1);
    notify(&transport).await.unwrap();
}
