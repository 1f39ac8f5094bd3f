//! Patience with a peer that is away (FED-9).

use holm_core::ports::{PeerError, Peers};
use holm_protocol::{Code, Problem};

use crate::calls::{notify, reason};
use crate::world::{Answer, START_MS, World, json, name, rooms};

#[tokio::test]
async fn while_a_peer_is_waited_for_calls_end_at_once_with_its_last_failure() {
    // FED-9
    let world = World::new();
    let transport = world.transport();
    notify(&transport).await.unwrap();
    world.net.take();
    world.net.script(|_| Answer::Dead);
    let first = reason(notify(&transport).await);
    assert!(first.contains("connection refused"), "{first}");
    assert_eq!(reason(notify(&transport).await), first);
    assert_eq!(world.net.take_uris().len(), 1);
    let wait = transport.wait(&name("skerry.example")).as_millis();
    assert!((250..=500).contains(&wait), "{wait}");

    world.clock.advance(249);
    reason(notify(&transport).await);
    assert_eq!(world.net.take_uris().len(), 0);
    world.clock.advance(251);
    reason(notify(&transport).await);
    assert_eq!(world.net.take_uris().len(), 1);
}

#[tokio::test]
async fn a_call_that_succeeds_ends_the_wait() {
    // FED-9
    let world = World::new();
    let transport = world.transport();
    notify(&transport).await.unwrap();
    world.net.script(|_| Answer::Dead);
    reason(notify(&transport).await);
    world.net.script(|_| rooms());
    reason(notify(&transport).await);
    world.clock.advance(500);
    notify(&transport).await.unwrap();
    notify(&transport).await.unwrap();
}

#[tokio::test]
async fn a_word_from_the_peer_ends_the_wait() {
    // FED-9
    let world = World::new();
    let transport = world.transport();
    notify(&transport).await.unwrap();
    world.net.script(|_| Answer::Dead);
    reason(notify(&transport).await);
    world.net.script(|_| rooms());
    transport.heard_from(&name("skerry.example"));
    assert!(transport.wait(&name("skerry.example")).is_zero());
    notify(&transport).await.unwrap();
}

#[tokio::test]
async fn a_refusal_is_a_word_from_the_peer_and_starts_no_wait() {
    // FED-9, FED-10
    let world = World::new();
    world.net.serve(world.skerry.document(START_MS), |_| {
        json(409, &Problem::new(Code::Gap, "events are missing"))
    });
    let transport = world.transport();
    for _ in 0..2 {
        let outcome = notify(&transport).await;
        assert!(
            matches!(outcome, Err(PeerError::Refused { .. })),
            "{outcome:?}"
        );
    }
}

#[tokio::test]
async fn a_server_that_fails_is_waited_for() {
    // FED-9
    let world = World::new();
    world.net.serve(world.skerry.document(START_MS), |_| {
        json(500, &Problem::new(Code::Internal, "sorry"))
    });
    let transport = world.transport();
    let first = notify(&transport).await;
    assert!(matches!(first, Err(PeerError::Failed { .. })), "{first:?}");
    let first = reason(first);
    assert!(first.contains("sorry"), "{first}");
    world.net.take();
    // It failed at the first call, and has not seen the second.
    let second = notify(&transport).await;
    assert!(matches!(second, Err(PeerError::Unreachable { .. })));
    assert_eq!(reason(second), first);
    assert_eq!(world.net.take_uris().len(), 0);
}

#[tokio::test]
async fn a_probe_that_is_given_up_lets_the_next_call_probe() {
    // FED-9
    let world = World::new();
    let transport = world.transport();
    notify(&transport).await.unwrap();
    world.net.script(|_| Answer::Dead);
    reason(notify(&transport).await);
    world.clock.advance(500);
    world.net.script(|_| Answer::Silence);
    {
        let mut probe = std::pin::pin!(notify(&transport));
        assert!(futures::poll!(probe.as_mut()).is_pending());
        reason(notify(&transport).await);
    }
    world.net.script(|_| rooms());
    notify(&transport).await.unwrap();
}

#[tokio::test]
async fn one_peers_absence_is_not_anothers() {
    // FED-9
    let world = World::new();
    let transport = world.transport();
    let other = name("other.example");
    let outcome = transport.document(&other, None).await;
    assert!(matches!(outcome, Err(PeerError::Unreachable { .. })));
    notify(&transport).await.unwrap();
}
