//! Sending, receiving, restarting.

use holm_protocol::{EventKind, Hash};

use super::hub::signed_head;
use super::world::World;
use crate::event::DeviceEvent;
use crate::mls::group_id;
use crate::mls::open::{Opened, open};
use crate::replica::ReplicaPlace;
use crate::timeline::MessageState;

#[tokio::test]
async fn a_conversation_reads_the_same_on_every_device() {
    // LOG-7, MSG-1
    let world = World::new();
    let (mut alice, mut bob) = (world.member("alice").await, world.member("bob").await);
    let room = world.room(&alice, &[&bob]).await;
    for n in 0..5 {
        world.say(&alice, &room, &format!("{n} from alice")).await;
        bob.pull(&room).await;
        world.say(&bob, &room, &format!("{n} from bob")).await;
        world.all_pull(&room, &[&alice, &bob]).await;
    }
    let texts = alice.texts(&room).await;
    assert_eq!(texts.len(), 10);
    assert_eq!(texts, bob.texts(&room).await);
    let page = alice.device.timeline(&room, Some(3), 2).await;
    assert_eq!(
        page.iter().map(|e| e.seq).collect::<Vec<_>>(),
        [Some(4), Some(5)]
    );
    assert_eq!(page[0].sender, alice.user);
    let sent = |e: &DeviceEvent| matches!(e, DeviceEvent::Sent { .. });
    assert_eq!(alice.told().iter().filter(|e| sent(e)).count(), 5);
    assert!(bob.alarms().is_empty());
}

#[tokio::test]
async fn a_step_that_is_not_committed_leaves_the_message_to_be_opened_again() {
    // REL-1
    let world = World::new();
    let (alice, bob) = (world.member("alice").await, world.member("bob").await);
    let room = world.room(&alice, &[&bob]).await;
    let event = world.say(&alice, &room, "once").await;
    for _ in 0..2 {
        let mut state = bob.device.inner.lock().await;
        let mut step = state.step().await.unwrap();
        let provider = step.provider;
        let group = step.group(&group_id(&room, 0)).await.unwrap();
        let opened = open(group, provider, event.body.as_slice(), 1);
        assert!(matches!(opened, Opened::Message { .. }));
        // Dropped: nothing was decrypted.
    }
    bob.pull(&room).await;
    assert_eq!(bob.texts(&room).await, ["once"]);
    let mut state = bob.device.inner.lock().await;
    let mut step = state.step().await.unwrap();
    let provider = step.provider;
    let group = step.group(&group_id(&room, 0)).await.unwrap();
    let again = open(group, provider, event.body.as_slice(), 1);
    assert!(matches!(again, Opened::Failed { .. }), "the key is gone");
}

#[tokio::test]
async fn the_outbox_survives_a_restart_and_sends_the_same_bytes() {
    // OUT-1
    let folder = tempfile::tempdir().unwrap();
    let place = || ReplicaPlace::Folder(folder.path().join("alice"));
    let world = World::new();
    let bob = world.member("bob").await;
    let alice = world.member_at("alice", place()).await;
    let room = world.room(&alice, &[&bob]).await;
    let first = alice.device.send(&room, "one").await.unwrap();
    let before = alice.sealed(&room).await;
    let second = alice.device.send(&room, "two").await.unwrap();
    drop(alice);

    let alice = world.member_at("alice", place()).await;
    let after = alice.sealed(&room).await;
    assert_eq!(after[0], before[0], "the same bytes");
    assert_eq!([after[0].0, after[1].0], [first, second]);
    for (_, bytes) in after {
        world.hub.append(&room, EventKind::MESSAGE, bytes);
    }
    world.all_pull(&room, &[&alice, &bob]).await;
    assert_eq!(bob.texts(&room).await, ["one", "two"]);
    let page = alice.device.timeline(&room, None, 10).await;
    assert!(
        page.iter().all(|e| e.state == MessageState::Sent),
        "{page:?}"
    );
    assert!(alice.sealed(&room).await.is_empty());
}

#[tokio::test]
async fn a_message_that_met_a_newer_epoch_is_encrypted_anew_and_shown_once() {
    // LOG-9
    let world = World::new();
    let (alice, bob) = (world.member("alice").await, world.member("bob").await);
    let carol = world.member("carol").await;
    let room = world.room(&alice, &[&bob]).await;
    let id = alice.device.send(&room, "hello").await.unwrap();
    let old = alice.sealed(&room).await.remove(0);
    world.add(&bob, &room, &[&carol]).await.unwrap();
    alice.pull(&room).await;
    let new = alice.sealed(&room).await.remove(0);
    assert_eq!((old.0, new.0), (id, id));
    assert_ne!(old.1, new.1);
    // Even a hub that takes both shows it once, and alice knows both as hers.
    world.hub.append(&room, EventKind::MESSAGE, new.1);
    world.hub.append(&room, EventKind::MESSAGE, old.1);
    world.all_pull(&room, &[&alice, &bob, &carol]).await;
    for member in [&alice, &bob, &carol] {
        assert_eq!(member.texts(&room).await, ["hello"]);
        assert_eq!(member.cursor(&room).await, 4);
    }
}

#[tokio::test]
async fn an_own_message_is_known_by_its_bytes_not_by_what_it_claims() {
    // LOG-9
    let world = World::new();
    let (alice, bob) = (world.member("alice").await, world.member("bob").await);
    let room = world.room(&alice, &[&bob]).await;
    alice.device.send(&room, "mine").await.unwrap();
    let (_, mut bytes) = alice.sealed(&room).await.remove(0);
    // A server changes the id in the readable part.
    let at = bytes.len() - 300;
    bytes[at] ^= 1;
    world.hub.append(&room, EventKind::MESSAGE, bytes);
    alice.pull(&room).await;
    let page = alice.device.timeline(&room, None, 10).await;
    assert_eq!(page[0].state, MessageState::Sending);
    assert_eq!(alice.cursor(&room).await, 2, "it does not hold the cursor");
}

#[tokio::test]
async fn what_does_not_open_and_kinds_not_known_never_hold_the_cursor() {
    // LOG-5, LOG-12
    let world = World::new();
    let (alice, mut bob) = (world.member("alice").await, world.member("bob").await);
    let room = world.room(&alice, &[&bob]).await;
    world.hub.append(&room, EventKind(999), b"later".to_vec());
    world
        .hub
        .append(&room, EventKind::MESSAGE, b"rubbish".to_vec());
    world.say(&alice, &room, "after it").await;
    bob.pull(&room).await;
    assert_eq!(bob.texts(&room).await, ["after it"]);
    assert_eq!(bob.alarms().len(), 1);
}

#[tokio::test]
async fn a_joiner_is_not_alarmed_by_what_was_said_before_it_came() {
    // LOG-12
    let world = World::new();
    let (alice, mut carol) = (world.member("alice").await, world.member("carol").await);
    let bob = world.member("bob").await;
    let room = world.room(&alice, &[&bob]).await;
    alice.device.send(&room, "early").await.unwrap();
    let (_, early) = alice.sealed(&room).await.remove(0);
    world.add(&alice, &room, &[&carol]).await.unwrap();
    world.hub.append(&room, EventKind::MESSAGE, early);
    world.all_pull(&room, &[&bob, &carol]).await;
    assert_eq!(bob.texts(&room).await, ["early"]);
    assert!(carol.texts(&room).await.is_empty());
    assert!(carol.alarms().is_empty());
}

#[tokio::test]
async fn two_signed_histories_raise_one_alarm_with_both_kept() {
    // HEAD-4, LOG-8
    let world = World::new();
    let (alice, mut bob) = (world.member("alice").await, world.member("bob").await);
    let room = world.room(&alice, &[&bob]).await;
    let event = world.say(&alice, &room, "hi").await;
    bob.pull(&room).await;
    assert!(bob.alarms().is_empty());
    let other = signed_head(&room, event.header.seq, Hash([9; 32]));
    for _ in 0..2 {
        let taken = bob
            .device
            .inner
            .take_events(&room, &[], std::slice::from_ref(&other));
        taken.await.unwrap();
    }
    assert_eq!(bob.alarms().len(), 1);
    let mut state = bob.device.inner.lock().await;
    let (one, two): (Vec<u8>, Vec<u8>) = sqlx::query_as("SELECT first, second FROM alarm")
        .fetch_one(state.replica.reader())
        .await
        .unwrap();
    assert_ne!(one, two);
}
