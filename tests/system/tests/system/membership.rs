//! Leaving and being removed: from the removing commit on, the removed device's keys open nothing
//! (ORD-1, ORD-4, LOG-13, LOG-14).

use holm_protocol::UserUri;
use holm_protocol::aad::ClientMsgId;
use holm_sdk::DeviceEvent;
use holm_system_tests::{Change, Member, Person, Scene};

async fn three(scene: &Scene) -> (Person, Person, Person, holm_protocol::RoomUri) {
    let alice = Person::register(scene, "islet.test", "alice").await;
    let mut bob = Person::register(scene, "skerry.test", "bob").await;
    let mut carol = Person::register(scene, "islet.test", "carol").await;
    let room = alice.device.create_room().await.unwrap();
    let users = [bob.user.clone(), carol.user.clone()];
    alice.device.add_users(&room, &users).await.unwrap();
    assert_eq!(bob.joins().await, room);
    assert_eq!(carol.joins().await, room);
    (alice, bob, carol, room)
}

async fn is_removed(person: &mut Person) {
    person
        .wait("the removal", |event| match event {
            DeviceEvent::RemovedFromRoom { .. } => Some(()),
            _ => None,
        })
        .await;
}

async fn participants(person: &Person) -> Vec<UserUri> {
    let mut users = person.device.rooms().await.remove(0).participants;
    users.sort();
    users
}

#[tokio::test]
async fn a_user_of_another_server_leaves_by_an_order_that_a_member_carries_out() {
    let scene = Scene::start(&["islet.test", "skerry.test"]).await;
    let (mut alice, mut bob, mut carol, room) = three(&scene).await;
    bob.device.leave(&room).await.unwrap();
    is_removed(&mut bob).await;
    alice.device.send(&room, "after bob").await.unwrap();
    carol.hears("after bob").await;
    assert_eq!(
        participants(&carol).await,
        [alice.user.clone(), carol.user.clone()]
    );
    let seen = bob.device.timeline(&room, None, 100).await;
    assert!(seen.iter().all(|entry| entry.text != "after bob"));
    assert!(bob.device.send(&room, "still here").await.is_err());
    carol.device.send(&room, "and on").await.unwrap();
    alice.hears("and on").await;
}

#[tokio::test]
async fn an_owner_removes_a_user_and_can_add_them_again() {
    let scene = Scene::start(&["islet.test", "skerry.test"]).await;
    let (alice, mut bob, mut carol, room) = three(&scene).await;
    alice.device.remove_user(&room, &bob.user).await.unwrap();
    is_removed(&mut bob).await;
    alice.device.send(&room, "without bob").await.unwrap();
    carol.hears("without bob").await;
    alice
        .device
        .add_users(&room, std::slice::from_ref(&bob.user))
        .await
        .unwrap();
    assert_eq!(bob.joins().await, room);
    alice.device.send(&room, "with bob again").await.unwrap();
    bob.hears("with bob again").await;
    let seen = bob.device.timeline(&room, None, 100).await;
    assert!(seen.iter().all(|entry| entry.text != "without bob"));
}

// SYNC-3, RM-4, FED-7: on the hub and on a follower
#[tokio::test]
async fn who_is_away_while_they_are_removed_and_let_in_again_gets_both_runs() {
    let scene = Scene::start(&["islet.test", "skerry.test"]).await;
    let (alice, mut bob, mut carol, room) = three(&scene).await;
    for person in [&mut bob, &mut carol] {
        person.goes_away().await;
    }
    alice.device.send(&room, "while away").await.unwrap();
    for user in [&bob.user, &carol.user] {
        alice.device.remove_user(&room, user).await.unwrap();
    }
    alice.device.send(&room, "alone").await.unwrap();
    let both = [bob.user.clone(), carol.user.clone()];
    alice.device.add_users(&room, &both).await.unwrap();
    alice.device.send(&room, "together again").await.unwrap();
    for person in [&mut bob, &mut carol] {
        person.comes_back();
        person.hears("while away").await;
        is_removed(person).await;
        assert_eq!(person.joins().await, room);
        person.hears("together again").await;
        let seen = person.device.timeline(&room, None, 100).await;
        let texts: Vec<_> = seen.iter().map(|entry| entry.text.as_str()).collect();
        assert!(texts.contains(&"while away") && !texts.contains(&"alone"));
    }
}

#[tokio::test]
async fn from_the_removing_commit_on_the_removed_devices_keys_open_nothing() {
    let scene = Scene::start(&["islet.test"]).await;
    let mut alice = Member::register(&scene, "islet.test", "alice").await;
    let mut bob = Member::register(&scene, "islet.test", "bob").await;
    let room = alice.create_room().await;
    let package = alice.claim_one(&bob.user, &room).await;
    // Bob joins with the KeyPackage that was claimed, whose private keys he holds.
    let bundle = alice.commit(&Change {
        adds: vec![package],
        ..Change::default()
    });
    alice.submit(&room, &bundle).await.expect_good();
    alice.merge();
    let tree =
        holm_protocol::encoding::encode(&alice.group.as_ref().unwrap().export_ratchet_tree());
    bob.join(bundle.welcome.as_ref().unwrap(), &tree);
    let heard = alice.encrypt(ClientMsgId([1; 16]), "for both");
    assert_eq!(
        bob.receive(&heard).unwrap().as_deref(),
        Some(&b"for both"[..])
    );

    let bundle = alice.commit(&Change {
        removes: vec![1],
        ..Change::default()
    });
    alice.submit(&room, &bundle).await.expect_good();
    alice.merge();
    let secret = alice.encrypt(ClientMsgId([2; 16]), "not for bob");
    bob.receive(&secret).unwrap_err();
    bob.receive(&bundle.commit).unwrap();
    bob.receive(&secret).unwrap_err();
    // Nor does the server give him what follows: his copy ends with the removing commit.
    crate::idempotency::send_over_socket(&scene, &alice, &room, &secret)
        .await
        .unwrap();
    let path = room.as_str().replace(':', "%3A").replace('/', "%2F");
    let page: holm_client_types::room::EventsResponse = bob
        .get(&format!("/client/v1/rooms/{path}/events?after=0"))
        .await
        .good();
    assert_eq!(page.events.len(), 2);
}
