//! Servers find each other as DNS says (DISC-*): priorities, dead targets, private addresses.

use holm::lab::RecordData;
use holm_protocol::Code;
use holm_sdk::SdkError;
use holm_system_tests::{Person, Rogue, Scene};

#[tokio::test]
async fn of_two_targets_the_dead_one_is_passed_over() {
    let scene = Scene::start(&["islet.test", "skerry.test"]).await;
    let alive = scene.address("skerry.test").port();
    // Port 1 of loopback: nobody listens there.
    let target = |priority: u16, port: u16| RecordData::Srv {
        priority,
        weight: 5,
        port,
        target: "hs.skerry.test".into(),
    };
    let records = vec![target(1, 1), target(20, alive)];
    scene
        .lab
        .dns
        .set("_holm._tcp.skerry.test", records)
        .await
        .unwrap();
    let alice = Person::register(&scene, "islet.test", "alice").await;
    let mut bob = Person::register(&scene, "skerry.test", "bob").await;
    let room = alice.device.create_room().await.unwrap();
    alice
        .device
        .add_users(&room, std::slice::from_ref(&bob.user))
        .await
        .unwrap();
    assert_eq!(bob.joins().await, room);
    alice.device.send(&room, "found you").await.unwrap();
    bob.hears("found you").await;
}

#[tokio::test]
async fn a_private_address_is_refused_unless_the_operator_allows_it() {
    let scene = Scene::start(&["islet.test"]).await;
    let rogue = Rogue::start(&scene, "rogue.test").await;
    let server = scene.lab.server("islet.test").unwrap();
    server
        .configure(|config| config.federation.allow_private = false)
        .await
        .unwrap();
    server.restart().await.unwrap();
    let alice = Person::register(&scene, "islet.test", "alice").await;
    let room = alice.device.create_room().await.unwrap();
    let mallory = holm_protocol::UserUri::from_address("mallory@rogue.test").unwrap();
    let error = alice.device.add_users(&room, &[mallory]).await.unwrap_err();
    let SdkError::Refused(problem) = &error else {
        panic!("{error}")
    };
    assert_eq!(problem.code, Code::PeerUnreachable, "{problem}");
    assert!(problem.detail.contains("private"), "{problem}");
    assert!(
        rogue.door.lock().unwrap().asked.is_empty(),
        "the rogue was called"
    );
}
