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
