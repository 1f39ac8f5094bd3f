//! The operator's word over other servers: roots accepted, servers blocked (DOC-9, FED-21).

use holm_core::ports::{PeerError, PeerStore, Peers};
use holm_protocol::Code;
use holm_protocol::document::SignedDocument;
use holm_protocol::signing::PrivateKey;

use crate::calls::notify;
use crate::gate::Called;
use crate::signer::Draft;
use crate::world::{START_MS, World, identity, name, rooms};

const SKERRY: &str = "skerry.example";

fn replacement() -> SignedDocument {
    identity(SKERRY, 50, 1).document(START_MS)
}

#[tokio::test]
async fn nothing_is_sent_to_a_server_that_shows_another_root_until_the_operator_accepts_it() {
    // DOC-5, DOC-9
    let world = World::new();
    let transport = world.transport();
    notify(&transport).await.unwrap();
    let known = world.skerry.keys().root.public();
    world.net.serve(replacement(), |_| rooms());
    transport.retry_now(&name(SKERRY));
    let refused = notify(&transport).await.unwrap_err();
    assert!(matches!(refused, PeerError::Untrusted { .. }), "{refused}");
    // What the former one signed is verified all the same.
    let document = transport.document(&name(SKERRY), None).await.unwrap();
    assert_eq!(document.root(), known);
    let found = replacement().root;
    let accepted = transport.accept_root(&name(SKERRY), found).await.unwrap();
    assert_eq!((accepted.former, accepted.outcome), (Some(known), Ok(())));
    notify(&transport).await.unwrap();
    // A restart knows what is still to be dropped, and the word counts against DNS.
    world.dns.pin(SKERRY, &PrivateKey::from_seed(&[99; 32]));
    let restarted = world.transport();
    notify(&restarted).await.unwrap();
    assert_eq!(restarted.next_replaced().await, name(SKERRY));
    restarted.replaced_is_done(&name(SKERRY)).await.unwrap();
    assert!(world.store.replaced().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_root_accepted_while_the_server_is_away_counts_when_it_is_back() {
    // DOC-9
    let world = World::new();
    notify(&world.transport()).await.unwrap();
    world.net.script(|_| crate::world::Answer::Dead);
    let transport = world.transport();
    let found = replacement().root;
    let accepted = transport.accept_root(&name(SKERRY), found).await.unwrap();
    assert!(accepted.outcome.is_err());
    world.net.serve(replacement(), |_| rooms());
    let restarted = world.transport();
    restarted.retry_now(&name(SKERRY));
    let document = restarted
        .document(&name(SKERRY), Some("no such key"))
        .await
        .unwrap();
    assert_eq!(document.root(), found);
}

#[tokio::test]
async fn a_blocked_server_is_neither_called_nor_looked_up_nor_heard() {
    // FED-21, S29
    let called = Called::new();
    let skerry = name(SKERRY);
    called.transport.set_blocked(&skerry, true).await.unwrap();
    let refused = notify(&called.transport).await.unwrap_err();
    let PeerError::Refused { problem, .. } = refused else {
        panic!("{refused}");
    };
    assert_eq!((problem.code, problem.status), (Code::PeerBlocked, 403));
    let problem = called.problem(Draft::notify().sign().request()).await;
    assert_eq!(problem.code, Code::PeerBlocked);
    assert!(called.world.net.take().is_empty(), "nobody was asked");
    assert_eq!(
        called.world.store.blocked().await.unwrap(),
        std::slice::from_ref(&skerry)
    );
    called.transport.set_blocked(&skerry, false).await.unwrap();
    notify(&called.transport).await.unwrap();
}
