//! Servers that an operator does not want, by the configuration or while the server runs.

use holm::operator::{BLOCK_PEER, BlockPeer, BlockedPeer};
use holm_protocol::Code;
use holm_sdk::DeviceEvent;
use holm_system_tests::{Call, Person, Rogue, Scene, Tamper};

use super::{ISLET, SKERRY, Story, name};

async fn block(story: &Story, blocked: bool) -> BlockedPeer {
    let question = BlockPeer {
        domain: name(SKERRY),
        blocked,
    };
    let operator = story.operator(ISLET);
    operator.ask(&BLOCK_PEER, &question).await.unwrap()
}

/// FED-21, FED-22
#[tokio::test]
async fn a_blocked_server_gets_and_brings_nothing_and_its_users_are_removed() {
    let mut story = Story::begin().await;
    let blocked = block(&story, true).await;
    assert_eq!((blocked.rooms, blocked.users), (1, 1));
    let bob = story.bob.user.clone();
    for person in [&mut story.alice, &mut story.carol] {
        let gone = |event: &DeviceEvent| match event {
            DeviceEvent::Participants { removed, .. } => removed.contains(&bob).then_some(()),
            _ => None,
        };
        person.wait("bob's removal", gone).await;
    }
    story
        .alice
        .device
        .send(&story.room, "without skerry")
        .await
        .unwrap();
    story.carol.hears("without skerry").await;
    let seen = story.seen(ISLET, SKERRY).await;
    assert!(seen.trust.unwanted.unwrap().contains("blocked"));
    // Neither direction, and nobody brings him back; also not after a restart.
    story
        .scene
        .lab
        .server(ISLET)
        .unwrap()
        .restart()
        .await
        .unwrap();
    let refused = story.retry(SKERRY, ISLET).await.error.unwrap();
    assert!(refused.contains("has blocked"), "{refused}");
    let refused = story.retry(ISLET, SKERRY).await.error.unwrap();
    assert!(refused.contains("has blocked"), "{refused}");
    let users = [bob.clone()];
    for person in [&story.alice, &story.carol] {
        let refused = person
            .device
            .add_users(&story.room, &users)
            .await
            .unwrap_err();
        let code = refused.problem().map(|problem| problem.code);
        assert_eq!(code, Some(Code::PeerBlocked), "{refused}");
    }
    // Dealt with again.
    assert!(!block(&story, false).await.blocked);
    assert_eq!(story.retry(SKERRY, ISLET).await.error, None);
    story
        .alice
        .device
        .add_users(&story.room, &users)
        .await
        .unwrap();
    story.alice_says("with skerry again").await;
}

/// FED-21, S29
#[tokio::test]
async fn a_denied_server_is_refused_however_the_list_writes_its_name() {
    let scene = Scene::start(&[ISLET, SKERRY]).await;
    let rogue = Rogue::start(&scene, "sub.rogue.test").await;
    let islet = scene.lab.server(ISLET).unwrap();
    let deny = ["*.Rogue.Test.", "SKERRY.test."]
        .map(str::to_owned)
        .to_vec();
    let denied = islet.configure(|config| config.federation.deny = deny);
    denied.await.unwrap();
    islet.restart().await.unwrap();
    let call = Call {
        method: "POST".into(),
        path: "/federation/v1/heads".into(),
        body: br#"{"rooms":[]}"#.to_vec(),
        tamper: Tamper::Nothing,
    };
    let problem = rogue.call(&scene, ISLET, &call).await.problem();
    assert_eq!((problem.status, problem.code), (403, Code::PeerBlocked));
    let alice = Person::register(&scene, ISLET, "alice").await;
    let bob = Person::register(&scene, SKERRY, "bob").await;
    for (one, other) in [(&alice, &bob), (&bob, &alice)] {
        let room = one.device.create_room().await.unwrap();
        let users = std::slice::from_ref(&other.user);
        let refused = one.device.add_users(&room, users).await.unwrap_err();
        let code = refused.problem().map(|problem| problem.code);
        assert_eq!(code, Some(Code::PeerBlocked), "{refused}");
    }
}
