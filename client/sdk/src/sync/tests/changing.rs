//! Changing a group: races, orders, leaving, coming back.

use std::time::Duration;

use holm_protocol::encoding::encode;
use holm_protocol::{Code, Problem};

use super::hub::{document_after_rotation, signed_order};
use super::world::World;
use crate::device::Change;
use crate::event::DeviceEvent;
use crate::timeline::RoomState;

#[tokio::test]
async fn whoever_loses_an_epoch_makes_the_change_again_on_top_of_the_winner() {
    // RM-3
    let world = World::new();
    let (alice, bob) = (world.member("alice").await, world.member("bob").await);
    let (carol, dave) = (world.member("carol").await, world.member("dave").await);
    let room = world.room(&alice, &[&bob]).await;
    world.add(&alice, &room, &[&carol]).await.unwrap();
    // Bob has not seen carol come, and adds both.
    let users = vec![carol.user.clone(), dave.user.clone()];
    let seq = bob.device.add_users(&room, &users).await.unwrap();
    assert_eq!(seq, 3);
    alice.pull(&room).await;
    for member in [&alice, &bob] {
        let rooms = member.device.rooms().await;
        assert_eq!(rooms[0].participants.len(), 4);
    }
    world.say(&bob, &room, "all here").await;
    world.all_pull(&room, &[&alice, &carol]).await;
    assert_eq!(carol.texts(&room).await, ["all here"]);
}

#[tokio::test]
async fn a_refused_commit_is_dropped_and_its_key_packages_are_used_again() {
    // RM-3, KP-3
    let world = World::new();
    let (alice, bob) = (world.member("alice").await, world.member("bob").await);
    let room = world.room(&alice, &[]).await;
    let refusal = Problem::new(Code::CommitForbidden, "not today");
    world.hub.lock().refuse_commits.push(refusal);
    let users = std::slice::from_ref(&bob.user);
    let refused = alice.device.add_users(&room, users).await.unwrap_err();
    assert_eq!(refused.problem().unwrap().code, Code::CommitForbidden);
    world.add(&alice, &room, &[&bob]).await.unwrap();
    world.say(&alice, &room, "in").await;
    bob.pull(&room).await;
    assert_eq!(bob.texts(&room).await, ["in"]);
}

/// KP-3: found by process chaos, where a device was killed after its commit and before the answer.
#[tokio::test(start_paused = true)]
async fn a_device_that_ends_before_its_commit_is_answered_adds_with_another_package_next_time() {
    let world = World::new();
    let (alice, bob) = (world.member("alice").await, world.member("bob").await);
    let room = world.room(&alice, &[]).await;
    let before = alice.interim(&room).await;
    world.hub.lock().loses_commit_answers = true;
    let committed = async {
        while world
            .hub
            .lock()
            .logs
            .get(&room)
            .is_none_or(|log| log.events.is_empty())
        {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        biased;
        () = committed => {}
        done = alice.device.add_users(&room, std::slice::from_ref(&bob.user)) => {
            panic!("it had its answer: {done:?}");
        }
    }
    world.hub.lock().loses_commit_answers = false;
    alice.pull(&room).await;
    world.offer_tree(&alice, &room, before).await;
    world.welcome(&bob, &room, 1).await;
    alice.device.remove_user(&room, &bob.user).await.unwrap();
    bob.pull(&room).await;
    assert_eq!(bob.state(&room).await, RoomState::Removed);
    world.add(&alice, &room, &[&bob]).await.unwrap();
    assert_eq!(bob.state(&room).await, RoomState::Active);
}

#[tokio::test(start_paused = true)]
async fn the_same_bytes_are_submitted_until_there_is_an_answer() {
    // LOG-9
    let world = World::new();
    let (alice, bob) = (world.member("alice").await, world.member("bob").await);
    let room = world.room(&alice, &[]).await;
    let busy = Problem::new(Code::Unavailable, "");
    world.hub.lock().refuse_commits.extend([busy.clone(), busy]);
    world.add(&alice, &room, &[&bob]).await.unwrap();
    let asked = world.hub.lock().asked.clone();
    let commits = asked.iter().filter(|a| a.ends_with("/commits")).count();
    assert_eq!(commits, 3);
}

#[tokio::test]
async fn nothing_to_do_makes_no_commit() {
    let world = World::new();
    let (alice, bob) = (world.member("alice").await, world.member("bob").await);
    let room = world.room(&alice, &[&bob]).await;
    let users = [bob.user.clone(), alice.user.clone()];
    assert_eq!(alice.device.add_users(&room, &users).await.unwrap(), 1);
    let orders = alice.device.inner.change(&room, Change::Orders).await;
    assert_eq!(orders.unwrap(), 1);
}

#[tokio::test]
async fn a_member_carries_out_an_order_before_it_sends() {
    // ORD-3, ORD-4, RM-5
    let world = World::new();
    let (alice, mut bob) = (world.member("alice").await, world.member("bob").await);
    let mut carol = world.member("carol").await;
    let room = world.room(&alice, &[&bob, &carol]).await;
    carol.device.leave(&room).await.unwrap();
    assert_eq!(carol.state(&room).await, RoomState::Leaving);
    assert!(carol.device.send(&room, "too late").await.is_err());

    let order = encode(&signed_order(&room, &carol.user));
    let inner = &bob.device.inner;
    inner.take_order(&room, &order).await.unwrap();
    bob.device.send(&room, "she is gone").await.unwrap();
    assert!(bob.sealed(&room).await.is_empty(), "the order comes first");
    assert!(inner.order_wait(&room).await.unwrap().is_some());
    inner.change(&room, Change::Orders).await.unwrap();
    assert!(inner.order_wait(&room).await.unwrap().is_none());
    assert_eq!(bob.sealed(&room).await.len(), 1);

    world.all_pull(&room, &[&alice, &carol]).await;
    assert_eq!(carol.state(&room).await, RoomState::Removed);
    let gone = |e: &DeviceEvent| matches!(e, DeviceEvent::RemovedFromRoom { .. });
    assert!(carol.told().iter().any(gone));
    assert_eq!(alice.device.rooms().await[0].participants.len(), 2);
    assert!(bob.alarms().is_empty());
}

#[tokio::test]
async fn devices_carry_an_order_out_one_after_another_and_whom_it_means_never() {
    // ORD-8
    let world = World::new();
    let (alice, bob) = (world.member("alice").await, world.member("bob").await);
    let (carol, dave) = (world.member("carol").await, world.member("dave").await);
    let room = world.room(&alice, &[&bob, &carol, &dave]).await;
    let order = encode(&signed_order(&room, &carol.user));
    let mut waits = Vec::new();
    for member in [&alice, &bob, &carol, &dave] {
        let inner = &member.device.inner;
        inner.take_order(&room, &order).await.unwrap();
        waits.push(inner.order_wait(&room).await.unwrap());
    }
    assert_eq!(waits.remove(2), None);
    waits.sort();
    let rank = |n: u64| Some(Duration::from_millis(200 * n));
    assert_eq!(waits, [rank(0), rank(1), rank(2)]);
}

#[tokio::test]
async fn a_member_without_a_role_follows_the_hub_to_its_next_root() {
    // ROOM-17, ADM-14, DOC-11
    let world = World::new();
    let (alice, bob) = (world.member("alice").await, world.member("bob").await);
    let room = world.room(&alice, &[&bob]).await;
    let inner = &bob.device.inner;
    let before = inner.room_hub(&room).await.unwrap();
    assert!(inner.order_wait(&room).await.unwrap().is_none());

    let rotated = document_after_rotation();
    let root = rotated.root;
    world.hub.lock().document = rotated;
    assert!(inner.look_for_new_keys(&room).await);
    assert!(inner.order_wait(&room).await.unwrap().is_some());
    inner.change(&room, Change::Orders).await.unwrap();
    let after = inner.room_hub(&room).await.unwrap();
    assert_eq!((after.term, after.root), (before.term, root));
    assert!(inner.order_wait(&room).await.unwrap().is_none());

    world.all_pull(&room, &[&alice]).await;
    let known = alice.device.inner.room_hub(&room).await.unwrap();
    assert_eq!(known.root, root);
}

#[tokio::test]
async fn an_order_the_hub_did_not_sign_is_not_believed() {
    // ORD-2
    let world = World::new();
    let (alice, bob) = (world.member("alice").await, world.member("bob").await);
    let room = world.room(&alice, &[&bob]).await;
    let mut order = signed_order(&room, &bob.user);
    order.order.time += 1;
    let inner = &alice.device.inner;
    inner.take_order(&room, &encode(&order)).await.unwrap();
    assert!(inner.order_wait(&room).await.unwrap().is_none());
}

#[tokio::test]
async fn a_removed_device_opens_nothing_more_and_comes_back_by_a_new_welcome() {
    // LOG-13, SYNC-2
    let world = World::new();
    let (alice, mut bob) = (world.member("alice").await, world.member("bob").await);
    let carol = world.member("carol").await;
    let room = world.room(&alice, &[&bob, &carol]).await;
    world.say(&carol, &room, "before").await;
    world.all_pull(&room, &[&alice, &bob]).await;
    alice.device.remove_user(&room, &bob.user).await.unwrap();
    carol.pull(&room).await;
    world.say(&carol, &room, "behind his back").await;
    bob.pull(&room).await;
    assert_eq!(bob.state(&room).await, RoomState::Removed);
    assert_eq!(bob.texts(&room).await, ["before"]);
    let rows: (i64,) = sqlx::query_as("SELECT count(*) FROM key_row WHERE length(scope) > 0")
        .fetch_one(bob.device.inner.lock().await.replica.reader())
        .await
        .unwrap();
    assert_eq!(rows.0, 0, "the keys are gone");

    alice.pull(&room).await;
    world.add(&alice, &room, &[&bob]).await.unwrap();
    carol.pull(&room).await;
    world.say(&carol, &room, "welcome back").await;
    bob.pull(&room).await;
    assert_eq!(bob.texts(&room).await, ["before", "welcome back"]);
    assert!(bob.alarms().is_empty());
}

#[tokio::test]
async fn a_user_under_another_identity_key_is_not_added() {
    // ROOM-3
    let world = World::new();
    let (mut alice, bob) = (world.member("alice").await, world.member("bob").await);
    let room = world.room(&alice, &[&bob]).await;
    alice.device.remove_user(&room, &bob.user).await.unwrap();
    // Another device under bob's name: its keys are its own.
    world.hub.lock().packages.clear();
    let impostor = world.member("bob").await;
    let users = std::slice::from_ref(&impostor.user);
    let refused = alice.device.add_users(&room, users).await.unwrap_err();
    assert!(
        refused.to_string().contains("another identity key"),
        "{refused}"
    );
    assert!(!alice.alarms().is_empty());
}
