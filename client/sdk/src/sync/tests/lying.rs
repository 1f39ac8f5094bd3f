//! A hub that signs two histories, or keeps things back: what a device notices, proves and tells.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use holm_protocol::aad::{Aad, ClientMsgId};
use holm_protocol::limits::HEAD_STALE_MS;
use holm_protocol::proof::Contradiction;
use holm_protocol::{EventKind, Hash, PrivateKey, RoomUri, SignedHead};

use super::hub::{now_ms, signed_head};
use super::world::{Member, World};
use crate::event::DeviceEvent;
use crate::mls::group_id;
use crate::ports::{Clock, SdkPorts};
use crate::replica::{ReplicaPlace, rooms};

/// A message of `by` with this head in its authenticated data, as the next event.
async fn say_with(world: &World, by: &Member, room: &RoomUri, head: SignedHead) {
    let mut state = by.device.inner.lock().await;
    let account = by.device.inner.account().unwrap();
    let mut step = state.step().await.unwrap();
    let provider = step.provider;
    let group = step.group(&group_id(room, 0)).await.unwrap();
    let mut aad = Aad::new(ClientMsgId([7; 16]));
    aad.head = Some(head);
    group.set_aad(aad.to_bytes());
    let signer = holm_mls::signer(&account.mls_key);
    let message = group.create_message(provider, &signer, b"hi").unwrap();
    let message = message.to_bytes().unwrap();
    step.commit().await.unwrap();
    world.hub.append(room, EventKind::MESSAGE, message);
}

async fn proved(member: &Member, room: &RoomUri) -> Contradiction {
    let proof = member.device.fork_proof(room).await.unwrap().unwrap();
    proof.verify().unwrap().how
}

// HEAD-5, HEAD-7, HEAD-8
#[tokio::test]
async fn what_a_device_keeps_of_two_histories_becomes_a_proof() {
    let world = World::new();
    let (alice, mut bob) = (world.member("alice").await, world.member("bob").await);
    let room = world.room(&alice, &[&bob]).await;
    world.say(&alice, &room, "one").await;
    world.say(&alice, &room, "two").await;
    bob.pull(&room).await;
    assert_eq!(bob.device.fork_proof(&room).await.unwrap(), None);
    let other = signed_head(&room, 2, Hash([9; 32]));
    say_with(&world, &alice, &room, other).await;
    bob.pull(&room).await;
    assert_eq!(bob.alarms().len(), 1);
    assert_eq!(proved(&bob, &room).await, Contradiction::OtherChain);
}

// F58, HEAD-6, HEAD-7
#[tokio::test]
async fn a_device_notices_a_message_that_carries_a_head_of_an_event_to_come() {
    let world = World::new();
    let (alice, mut bob) = (world.member("alice").await, world.member("bob").await);
    let room = world.room(&alice, &[&bob]).await;
    let other = signed_head(&room, 40, Hash([9; 32]));
    say_with(&world, &alice, &room, other).await;
    bob.pull(&room).await;
    assert_eq!(bob.alarms().len(), 1);
    assert_eq!(proved(&bob, &room).await, Contradiction::CarriedTooEarly(2));
}

// F58, HEAD-5
#[tokio::test]
async fn a_device_that_catches_up_passes_over_no_head() {
    let world = World::new();
    let (alice, mut bob) = (world.member("alice").await, world.member("bob").await);
    let room = world.room(&alice, &[&bob]).await;
    // None of them is signed, and there are more than a device keeps.
    let mut claim = signed_head(&room, 1, Hash([9; 32])).head;
    for time in 1..20 {
        claim.time = time;
        let forged = SignedHead::sign(claim.clone(), "m1", &PrivateKey::from_seed(&[8; 32]));
        say_with(&world, &alice, &room, forged).await;
    }
    let other = signed_head(&room, 2, Hash([9; 32]));
    say_with(&world, &alice, &room, other).await;
    bob.pull(&room).await;
    assert_eq!(bob.alarms().len(), 1);
}

// F58, HEAD-5
#[tokio::test]
async fn heads_that_nothing_vouches_for_are_kept_the_nearest_and_compared_when_something_does() {
    let world = World::new();
    let (alice, mut bob) = (world.member("alice").await, world.member("bob").await);
    let room = world.room(&alice, &[&bob]).await;
    let second = world.say(&alice, &room, "one").await;
    for seq in 2..12 {
        say_with(
            &world,
            &alice,
            &room,
            signed_head(&room, seq, Hash([9; 32])),
        )
        .await;
    }
    let events = world.hub.lock().logs[&room].events.clone();
    let take = |events, heads| bob.device.inner.take_events(&room, events, heads);
    take(&events, &[]).await.unwrap();
    let kept = async |member: &Member| {
        let mut state = member.device.inner.lock().await;
        let row = rooms::find(state.replica.reader(), &room).await.unwrap();
        let ahead = row.unwrap().heads_ahead().into_iter();
        ahead
            .map(|(head, carrier)| (head.head.seq, carrier))
            .collect::<Vec<_>>()
    };
    let nearest: Vec<_> = (2..10).map(|seq| (seq, Some(seq + 1))).collect();
    assert_eq!(kept(&bob).await, nearest);
    let true_word = signed_head(&room, 2, second.hash());
    take(&[], &[true_word]).await.unwrap();
    assert_eq!(bob.alarms().len(), 1);
    assert_eq!(proved(&bob, &room).await, Contradiction::SamePlace);
}

// HEAD-3, HEAD-4
#[tokio::test]
async fn a_members_false_claim_raises_no_alarm() {
    let world = World::new();
    let (alice, mut bob) = (world.member("alice").await, world.member("bob").await);
    let room = world.room(&alice, &[&bob]).await;
    let mut claim = signed_head(&room, 40, Hash([9; 32])).head;
    for seq in [1, 2, 40] {
        claim.seq = seq;
        let forged = SignedHead::sign(claim.clone(), "m1", &PrivateKey::from_seed(&[8; 32]));
        say_with(&world, &alice, &room, forged).await;
        bob.pull(&room).await;
    }
    assert!(bob.alarms().is_empty());
    assert_eq!(bob.device.fork_proof(&room).await.unwrap(), None);
}

/// A clock that a test puts forward.
#[derive(Default)]
struct Ahead(AtomicU64);

impl Clock for Ahead {
    fn now_ms(&self) -> u64 {
        now_ms() + self.0.load(Ordering::Relaxed)
    }
}

// M23, HEAD-9
#[tokio::test]
async fn a_device_says_since_when_it_is_not_up_to_date_until_a_fresh_head_comes() {
    let world = World::new();
    let clock = Arc::new(Ahead::default());
    let ports = SdkPorts {
        clock: clock.clone(),
        ..SdkPorts::system()
    };
    let alice = world.member("alice").await;
    let mut bob = world.member_with("bob", ReplicaPlace::Memory, ports).await;
    let room = world.room(&alice, &[&bob]).await;
    bob.pull(&room).await;
    bob.device.inner.keep_fresh().await.unwrap();
    assert_eq!(bob.device.not_up_to_date_since(&room), None);
    bob.told();
    // The hub's words stay behind the device's clock.
    clock.0.store(HEAD_STALE_MS + 1_000, Ordering::Relaxed);
    bob.device.inner.keep_fresh().await.unwrap();
    let known = bob.device.not_up_to_date_since(&room);
    bob.device.inner.keep_fresh().await.unwrap();
    let told = bob.told();
    let [DeviceEvent::NotUpToDate { room: of, since }] = &told[..] else {
        panic!("told once: {told:?}");
    };
    assert_eq!((of, Some(*since)), (&room, known));
    world.hub.lock().head_ahead_ms = HEAD_STALE_MS + 1_000;
    bob.device.inner.keep_fresh().await.unwrap();
    assert_eq!(bob.told(), [DeviceEvent::UpToDate { room: room.clone() }]);
    assert_eq!(bob.device.not_up_to_date_since(&room), None);
}
