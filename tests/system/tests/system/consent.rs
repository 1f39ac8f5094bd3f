//! Who may add a user decides that user's own server, before a KeyPackage leaves (KP-5).

use holm_protocol::{Code, UserUri};
use holm_sdk::{Consent, ConsentFrom, SdkError};
use holm_system_tests::{Person, Scene};

fn listed(users: &[&UserUri]) -> Consent {
    Consent {
        from: ConsentFrom::Listed,
        users: users.iter().copied().cloned().collect(),
    }
}

// KP-5, KP-6, FED-2
#[tokio::test]
async fn only_who_was_named_adds_a_user_and_rooms_stay_as_they_are() {
    let scene = Scene::start(&["islet.test", "skerry.test"]).await;
    let alice = Person::register(&scene, "islet.test", "alice").await;
    let dave = Person::register(&scene, "skerry.test", "dave").await;
    let mut bob = Person::register(&scene, "skerry.test", "bob").await;
    let only_bob = std::slice::from_ref(&bob.user);
    let before = alice.device.create_room().await.unwrap();
    alice.device.add_users(&before, only_bob).await.unwrap();
    assert_eq!(bob.joins().await, before);
    // Nobody: neither a user of another server nor one of the own.
    bob.device.set_consent(listed(&[])).await.unwrap();
    assert_eq!(bob.device.consent().await.unwrap(), listed(&[]));
    let only_bob = std::slice::from_ref(&bob.user);
    for person in [&alice, &dave] {
        let room = person.device.create_room().await.unwrap();
        let refused = person.device.add_users(&room, only_bob).await.unwrap_err();
        let SdkError::Refused(problem) = &refused else {
            panic!("refused by the server: {refused}");
        };
        assert_eq!(problem.code, Code::ConsentRequired);
    }
    alice.device.send(&before, "as before").await.unwrap();
    bob.hears("as before").await;
    bob.device
        .set_consent(listed(&[&alice.user]))
        .await
        .unwrap();
    let only_bob = std::slice::from_ref(&bob.user);
    let room = dave.device.create_room().await.unwrap();
    assert!(dave.device.add_users(&room, only_bob).await.is_err());
    let room = alice.device.create_room().await.unwrap();
    alice.device.add_users(&room, only_bob).await.unwrap();
    assert_eq!(bob.joins().await, room);
}
