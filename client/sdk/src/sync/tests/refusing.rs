//! What a device refuses: commits that are not admitted, forks, Welcomes that do not hold.

use holm_mls::{sign_bundle, signer};
use holm_protocol::aad::{Aad, ClientMsgId};
use holm_protocol::bundle::CommitBody;
use holm_protocol::{EventKind, RoomUri};
use openmls::prelude::LeafNodeIndex;
use openmls_traits::OpenMlsProvider;

use super::hub::now_ms;
use super::world::{Member, World};
use crate::mls::group_id;
use crate::mls::merge::merge;
use crate::timeline::RoomState;

/// A commit that removes a leaf, made without asking whether it may.
async fn removal(by: &Member, room: &RoomUri, leaf: u32) -> CommitBody {
    let account = by.device.inner.account().unwrap();
    let mut state = by.device.inner.lock().await;
    let mut step = state.step().await.unwrap();
    let provider = step.provider;
    let group = step.group(&group_id(room, 0)).await.unwrap();
    group.set_aad(Aad::new(ClientMsgId([5; 16])).to_bytes());
    let made = group
        .commit_builder()
        .propose_removals([LeafNodeIndex::new(leaf)])
        .load_psks(&provider.store)
        .unwrap()
        .create_group_info(true)
        .use_ratchet_tree_extension(false)
        .build(
            provider.rand(),
            provider.crypto(),
            &signer(&account.mls_key),
            |_| true,
        )
        .unwrap()
        .stage_commit(provider)
        .unwrap();
    sign_bundle(made, &account.mls_key).unwrap().body()
}

async fn stopped_because(member: &Member, room: &RoomUri) -> String {
    match member.state(room).await {
        RoomState::Stopped { reason } => reason,
        other => panic!("not stopped: {other:?}"),
    }
}

#[tokio::test]
async fn a_removal_that_nobody_may_make_stops_the_room_and_merges_nothing() {
    // ADM-8
    let world = World::new();
    let (alice, bob) = (world.member("alice").await, world.member("bob").await);
    let mut carol = world.member("carol").await;
    let room = world.room(&alice, &[&bob, &carol]).await;
    world.say(&alice, &room, "before it").await;
    let body = removal(&bob, &room, 0).await;
    world.hub.append(&room, EventKind::COMMIT, body.to_bytes());
    carol.pull(&room).await;
    let reason = stopped_because(&carol, &room).await;
    assert!(
        reason.contains("role does not allow this removal"),
        "{reason}"
    );
    assert_eq!(carol.cursor(&room).await, 2, "what came before is taken");
    assert_eq!(carol.texts(&room).await, ["before it"]);
    assert_eq!(carol.device.rooms().await[0].participants.len(), 3);
    assert_eq!(carol.alarms().len(), 1);
}

#[tokio::test]
async fn a_bundle_that_its_committer_did_not_sign_stops_the_room() {
    // ROOM-8
    let world = World::new();
    let (alice, bob) = (world.member("alice").await, world.member("bob").await);
    let carol = world.member("carol").await;
    let room = world.room(&alice, &[&bob, &carol]).await;
    let mut body = removal(&alice, &room, 1).await;
    body.welcome_hash.0[0] ^= 1;
    world.hub.append(&room, EventKind::COMMIT, body.to_bytes());
    world.all_pull(&room, &[&bob, &carol]).await;
    for member in [&bob, &carol] {
        let reason = stopped_because(member, &room).await;
        assert!(reason.contains("not signed"), "{reason}");
    }
}

#[tokio::test]
async fn no_changed_byte_of_a_commit_is_merged() {
    // ROOM-8, SEC-1
    let world = World::new();
    let (alice, bob) = (world.member("alice").await, world.member("bob").await);
    let carol = world.member("carol").await;
    let room = world.room(&alice, &[&bob, &carol]).await;
    let good = removal(&alice, &room, 1).await.to_bytes();
    let account = carol.device.inner.account().unwrap();
    let mut state = carol.device.inner.lock().await;
    for at in 0..=good.len() {
        let mut bytes = good.clone();
        let is_good = at == good.len();
        if !is_good {
            bytes[at] ^= 1 << (at % 8);
        }
        let mut step = state.step().await.unwrap();
        let provider = step.provider;
        let group = step.group(&group_id(&room, 0)).await.unwrap();
        let merged = CommitBody::from_bytes(&bytes)
            .is_ok_and(|body| merge(group, provider, &account, &body, now_ms(), &|_| None).is_ok());
        assert_eq!(merged, is_good, "byte {at} of {}", good.len());
    }
}

#[tokio::test]
async fn an_event_of_another_history_stops_the_room() {
    // LOG-6, F59
    let world = World::new();
    let (alice, bob) = (world.member("alice").await, world.member("bob").await);
    let room = world.room(&alice, &[&bob]).await;
    let mut event = world.say(&alice, &room, "hi").await;
    event.header.prev.0[0] ^= 1;
    let inner = &bob.device.inner;
    inner.take_events(&room, &[event], &[]).await.unwrap();
    let reason = stopped_because(&bob, &room).await;
    assert!(reason.contains("another history"), "{reason}");
    assert_eq!(bob.cursor(&room).await, 1);
}

#[tokio::test]
async fn an_event_that_is_not_the_signed_one_stops_the_room() {
    // HEAD-2
    let world = World::new();
    let (alice, bob) = (world.member("alice").await, world.member("bob").await);
    let room = world.room(&alice, &[&bob]).await;
    let event = world.say(&alice, &room, "hi").await;
    let head = super::hub::signed_head(&room, 2, holm_protocol::Hash([3; 32]));
    let inner = &bob.device.inner;
    inner.take_events(&room, &[event], &[head]).await.unwrap();
    let reason = stopped_because(&bob, &room).await;
    assert!(reason.contains("not the one the hub signed"), "{reason}");
}

#[tokio::test]
async fn missing_events_are_noticed_and_asked_for() {
    // LOG-2
    let world = World::new();
    let (alice, bob) = (world.member("alice").await, world.member("bob").await);
    let room = world.room(&alice, &[&bob]).await;
    world.say(&alice, &room, "one").await;
    let second = world.say(&alice, &room, "two").await;
    let inner = &bob.device.inner;
    let taken = inner.take_events(&room, &[second], &[]).await.unwrap();
    assert!(taken.gap);
    assert_eq!(bob.cursor(&room).await, 1);
    bob.pull(&room).await;
    assert_eq!(bob.texts(&room).await, ["one", "two"]);
}

#[tokio::test]
async fn a_changed_welcome_sets_the_room_aside_and_the_true_one_still_opens() {
    // ROOM-8, LOG-14
    let world = World::new();
    let (alice, mut bob) = (world.member("alice").await, world.member("bob").await);
    let room = world.room(&alice, &[]).await;
    let before = alice.interim(&room).await;
    let users = std::slice::from_ref(&bob.user);
    let seq = alice.device.add_users(&room, users).await.unwrap();
    world.offer_tree(&alice, &room, before).await;
    let mut welcome = world.hub.welcome(&room, seq);
    let at = welcome.len() - 9;
    welcome[at] ^= 1;
    world.welcome_with(&bob, &room, seq, &welcome).await;
    let reason = stopped_because(&bob, &room).await;
    assert!(
        reason.contains("not the one its committer signed"),
        "{reason}"
    );
    assert_eq!(bob.alarms().len(), 1);
}

#[tokio::test]
async fn a_welcome_whose_commit_is_not_the_one_in_the_log_is_refused() {
    // LOG-14
    let world = World::new();
    let (alice, bob) = (world.member("alice").await, world.member("bob").await);
    let room = world.room(&alice, &[]).await;
    let mut before = alice.interim(&room).await;
    before.0[7] ^= 1;
    let users = std::slice::from_ref(&bob.user);
    let seq = alice.device.add_users(&room, users).await.unwrap();
    world.offer_tree(&alice, &room, before).await;
    world.welcome(&bob, &room, seq).await;
    let reason = stopped_because(&bob, &room).await;
    assert!(reason.contains("made this epoch"), "{reason}");
}
