//! Races for an epoch: whoever loses goes on until it wins or learns why not, and an unknown outcome
//! is found out before anything else is made.

use holm_protocol::{Code, Problem};

use super::world::World;
use crate::error::SdkError;
use crate::event::{DeviceEvent, HopKind};
use crate::replica::ReplicaPlace;

fn overtaken(event: &DeviceEvent) -> bool {
    matches!(event, DeviceEvent::Hop { what, .. } if *what == HopKind::CommitOvertaken)
}

#[tokio::test(start_paused = true)]
async fn losing_thirty_epochs_in_a_row_is_no_reason_to_give_up() {
    // ROOM-15
    let world = World::new();
    let (mut alice, bob) = (world.member("alice").await, world.member("bob").await);
    let room = world.room(&alice, &[&bob]).await;
    let lost = Problem::new(Code::WrongEpoch, "").with_epoch(1);
    world.hub.lock().refuse_commits = vec![lost; 30];
    alice.device.update_keys(&room).await.unwrap();
    assert_eq!(alice.told().iter().filter(|e| overtaken(e)).count(), 30);
    bob.pull(&room).await;
    let (one, other) = (alice.device.room_epoch(&room), bob.device.room_epoch(&room));
    assert_eq!(one.await.unwrap(), other.await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn whoever_loses_for_two_minutes_is_told_so_and_may_try_again() {
    // ROOM-15
    let world = World::new();
    let alice = world.member("alice").await;
    let room = world.room(&alice, &[]).await;
    let lost = Problem::new(Code::WrongEpoch, "").with_epoch(0);
    world.hub.lock().refuse_commits = vec![lost; 10_000];
    let told = alice.device.update_keys(&room).await.unwrap_err();
    assert!(
        told.to_string().contains("were first for two minutes"),
        "{told}"
    );
    world.hub.lock().refuse_commits.clear();
    assert_eq!(alice.device.update_keys(&room).await.unwrap(), 1);
}

#[tokio::test]
async fn a_loser_whose_change_makes_no_sense_any_more_is_told_why() {
    // ROOM-15
    let world = World::new();
    let (alice, bob) = (world.member("alice").await, world.member("bob").await);
    let carol = world.member("carol").await;
    let room = world.room(&alice, &[&bob]).await;
    alice.device.remove_user(&room, &bob.user).await.unwrap();
    // Bob has not seen that he is out.
    let told = bob
        .device
        .add_users(&room, std::slice::from_ref(&carol.user))
        .await;
    assert!(matches!(told, Err(SdkError::Overtaken(_))), "{told:?}");
    let told = alice.device.remove_user(&room, &carol.user).await;
    let told = told.unwrap_err().to_string();
    assert!(
        told.contains("carol@islet.test is not in the room"),
        "{told}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_commit_whose_answer_was_lost_is_found_in_the_log_and_not_made_twice() {
    // ROOM-16
    let world = World::new();
    let (alice, bob) = (world.member("alice").await, world.member("bob").await);
    let room = world.room(&alice, &[&bob]).await;
    world.hub.lock().loses_commit_answers = true;
    assert_eq!(alice.device.update_keys(&room).await.unwrap(), 2);
    assert_eq!(world.hub.lock().logs[&room].events.len(), 2);
    world.hub.lock().loses_commit_answers = false;
    assert_eq!(alice.device.update_keys(&room).await.unwrap(), 3);
}

// ROOM-16
#[tokio::test(start_paused = true)]
async fn a_refusal_for_being_out_of_the_room_is_not_the_last_word_on_a_commit() {
    let world = World::new();
    let (alice, bob) = (world.member("alice").await, world.member("bob").await);
    let room = world.room(&alice, &[&bob]).await;
    let out = [Code::Forbidden, Code::NotFound, Code::Forbidden];
    world.hub.lock().refuse_repeats = out.map(|code| Problem::new(code, "")).into();
    assert_eq!(alice.device.update_keys(&room).await.unwrap(), 2);
    assert_eq!(world.hub.lock().logs[&room].events.len(), 2);
    // One that was never submitted is refused at once.
    let out = Problem::new(Code::Forbidden, "");
    world.hub.lock().refuse_commits = vec![out];
    let refused = alice.device.update_keys(&room).await.unwrap_err();
    assert_eq!(refused.problem().unwrap().code, Code::Forbidden);
}

// ROOM-16
#[tokio::test(start_paused = true)]
async fn a_commit_from_before_a_restart_may_stand_in_the_log_whatever_its_repeat_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let place = || ReplicaPlace::Folder(folder.path().join("alice"));
    let world = World::new();
    let alice = world.member_at("alice", place()).await;
    let bob = world.member("bob").await;
    let room = world.room(&alice, &[&bob]).await;
    let out = || Problem::new(Code::Forbidden, "");
    world.hub.lock().refuse_repeats = (0..10_000).map(|_| out()).collect();
    let never = alice.device.update_keys(&room).await;
    assert!(never.is_err(), "patience is at its end: {never:?}");
    drop(alice);
    let alice = world.member_at("alice", place()).await;
    world.hub.lock().refuse_repeats = vec![out(), out()];
    alice.device.inner.settle_alone(&room).await.unwrap();
    alice.pull(&room).await;
    assert_eq!(alice.cursor(&room).await, 2);
    assert_eq!(alice.device.update_keys(&room).await.unwrap(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_commit_without_an_answer_that_lost_is_made_again() {
    // ROOM-15, ROOM-16
    let world = World::new();
    let (alice, bob) = (world.member("alice").await, world.member("bob").await);
    let room = world.room(&alice, &[&bob]).await;
    bob.device.update_keys(&room).await.unwrap();
    let away = [Code::PeerUnreachable, Code::PeerRefused, Code::Unavailable];
    world.hub.lock().refuse_commits = away.map(|code| Problem::new(code, "")).into();
    assert_eq!(alice.device.update_keys(&room).await.unwrap(), 3);
    bob.pull(&room).await;
    let (one, other) = (alice.device.room_epoch(&room), bob.device.room_epoch(&room));
    assert_eq!(one.await.unwrap(), other.await.unwrap());
}
