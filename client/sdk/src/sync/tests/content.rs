//! Versions, ends, answers and reactions between devices: everybody sees the same.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use holm_content::{Expiry, MARKDOWN, MessageId};
use holm_protocol::aad::{Aad, ClientMsgId};
use holm_protocol::{EventKind, RoomUri};

use super::hub::now_ms;
use super::world::{Member, World};
use crate::draft::Draft;
use crate::event::DeviceEvent;
use crate::mls::group_id;
use crate::ports::{Clock, SdkPorts};
use crate::replica::ReplicaPlace;
use crate::timeline::TimelineEntry;

/// All that waits in a member's outbox stands in the log, and everybody has it.
async fn deliver(world: &World, from: &Member, room: &RoomUri, all: &[&Member]) {
    for (_, ciphertext) in from.sealed(room).await {
        world.hub.append(room, EventKind::MESSAGE, ciphertext);
    }
    world.all_pull(room, all).await;
}

async fn page(member: &Member, room: &RoomUri) -> Vec<TimelineEntry> {
    member.device.timeline(room, None, 100).await
}

/// The newest line of a member, which everybody else has too.
async fn newest(all: &[&Member], room: &RoomUri) -> TimelineEntry {
    let entry = page(all[0], room).await.pop().unwrap();
    for member in all {
        let theirs = page(member, room).await.pop().unwrap();
        assert_eq!((&theirs.text, &theirs.laid), (&entry.text, &entry.laid));
    }
    entry
}

async fn id_of(member: &Member, room: &RoomUri) -> MessageId {
    page(member, room).await.pop().unwrap().id.unwrap()
}

// MSG-6, MSG-9
#[tokio::test]
async fn an_author_edits_and_takes_back_and_everybody_sees_it() {
    let world = World::new();
    let (alice, mut bob) = (world.member("alice").await, world.member("bob").await);
    let room = world.room(&alice, &[&bob]).await;
    world.say(&alice, &room, "goodbye").await;
    let id = id_of(&alice, &room).await;
    alice
        .device
        .edit(&room, id, Draft::text("hello"))
        .await
        .unwrap();
    deliver(&world, &alice, &room, &[&alice, &bob]).await;
    let entry = newest(&[&alice, &bob], &room).await;
    assert_eq!(
        (entry.text.as_str(), entry.laid.versions.len()),
        ("hello", 1)
    );
    // A version is edited as the message it is of.
    let version = entry.laid.versions[0].id;
    let again = Draft::text("hello!");
    alice.device.edit(&room, version, again).await.unwrap();
    deliver(&world, &alice, &room, &[&alice, &bob]).await;
    assert_eq!(newest(&[&alice, &bob], &room).await.text, "hello!");
    bob.told();
    alice.device.delete(&room, version).await.unwrap();
    deliver(&world, &alice, &room, &[&alice, &bob]).await;
    let entry = newest(&[&alice, &bob], &room).await;
    assert_eq!((entry.text.as_str(), entry.laid.deleted), ("", true));
    let told = bob.told().into_iter().filter_map(|event| match event {
        DeviceEvent::Changed(entry) => Some(entry.laid.deleted),
        _ => None,
    });
    assert_eq!(told.collect::<Vec<_>>(), [true]);
    let gone = alice.device.edit(&room, id, Draft::text("back?")).await;
    assert!(gone.is_err(), "what was taken back has no versions");
}

// MSG-9, R21
#[tokio::test]
async fn nobody_else_changes_what_an_author_said() {
    let world = World::new();
    let (alice, bob) = (world.member("alice").await, world.member("bob").await);
    let room = world.room(&alice, &[&bob]).await;
    world.say(&alice, &room, "mine").await;
    bob.pull(&room).await;
    let id = id_of(&bob, &room).await;
    let edited = bob.device.edit(&room, id, Draft::text("yours")).await;
    assert!(edited.is_err());
    assert!(bob.device.delete(&room, id).await.is_err());
    let nowhere = MessageId::from_bytes(&[1; 32]).unwrap();
    assert!(bob.device.react(&room, nowhere, "+1").await.is_err());
    // A client that does not ask itself: about another's message, and about what is not there.
    for of in [id, nowhere] {
        for draft in [Draft::text("yours").edit(of), Draft::delete(of)] {
            bob.device.say(&room, draft).await.unwrap();
        }
    }
    deliver(&world, &bob, &room, &[&alice, &bob]).await;
    let entry = newest(&[&alice, &bob], &room).await;
    assert_eq!((entry.text.as_str(), entry.laid.deleted), ("mine", false));
    assert!(entry.laid.versions.is_empty());
}

// MSG-6, MSG-9
#[tokio::test]
async fn reactions_come_and_go() {
    let world = World::new();
    let (alice, bob) = (world.member("alice").await, world.member("bob").await);
    let room = world.room(&alice, &[&bob]).await;
    world.say(&alice, &room, "lunch?").await;
    bob.pull(&room).await;
    let id = id_of(&bob, &room).await;
    bob.device.react(&room, id, "\u{1F355}").await.unwrap();
    deliver(&world, &bob, &room, &[&alice, &bob]).await;
    let entry = newest(&[&alice, &bob], &room).await;
    let [reaction] = &entry.laid.reactions[..] else {
        panic!("one reaction: {entry:?}");
    };
    assert_eq!(reaction.text, "\u{1F355}");
    assert!(alice.device.delete(&room, reaction.id).await.is_err());
    bob.device.delete(&room, reaction.id).await.unwrap();
    deliver(&world, &bob, &room, &[&alice, &bob]).await;
    assert!(
        newest(&[&alice, &bob], &room)
            .await
            .laid
            .reactions
            .is_empty()
    );
}

// MSG-6, MSG-8
#[tokio::test]
async fn an_answer_names_the_version_it_answers_and_markdown_is_read_without_marks() {
    let world = World::new();
    let (alice, bob) = (world.member("alice").await, world.member("bob").await);
    let room = world.room(&alice, &[&bob]).await;
    world.say(&alice, &room, "who?").await;
    bob.pull(&room).await;
    let id = id_of(&bob, &room).await;
    let answer = Draft::markdown("**me**, [@Alice](mimi://islet.test/u/alice)");
    bob.device.say(&room, answer.reply_to(id)).await.unwrap();
    deliver(&world, &bob, &room, &[&alice, &bob]).await;
    let entry = newest(&[&alice, &bob], &room).await;
    assert_eq!(entry.in_reply_to, Some(id));
    assert_eq!(entry.text, "me, @Alice");
    let content = alice
        .device
        .content(&room, entry.id.unwrap())
        .await
        .unwrap();
    let holm_content::Body::Single { content_type, .. } = content.unwrap().body.body else {
        panic!("one part");
    };
    assert_eq!(content_type, MARKDOWN);
}

// MSG-9
#[tokio::test]
async fn a_message_edited_before_it_left_shows_its_newest_version_everywhere() {
    let world = World::new();
    let (alice, bob) = (world.member("alice").await, world.member("bob").await);
    let room = world.room(&alice, &[&bob]).await;
    alice.device.send(&room, "other").await.unwrap();
    alice.device.send(&room, "draft").await.unwrap();
    let id = id_of(&alice, &room).await;
    let better = Draft::text("better");
    alice.device.edit(&room, id, better).await.unwrap();
    assert_eq!(page(&alice, &room).await.pop().unwrap().text, "better");
    deliver(&world, &alice, &room, &[&alice, &bob]).await;
    assert_eq!(newest(&[&alice, &bob], &room).await.text, "better");
}

// MSG-3
#[tokio::test]
async fn the_same_content_under_another_client_msg_id_is_shown_once() {
    let world = World::new();
    let (alice, bob) = (world.member("alice").await, world.member("bob").await);
    let room = world.room(&alice, &[&bob]).await;
    let content = {
        let mut content = Draft::text("once").content(holm_content::Salt([5; 16]));
        let alice = alice.device.session().unwrap().user;
        crate::content::sign(&mut content, &alice, &room, "alice");
        content.to_bytes().unwrap()
    };
    for id in [1, 2] {
        let mut state = alice.device.inner.lock().await;
        let account = alice.device.inner.account().unwrap();
        let mut step = state.step().await.unwrap();
        let provider = step.provider;
        let group = step.group(&group_id(&room, 0)).await.unwrap();
        group.set_aad(Aad::new(ClientMsgId([id; 16])).to_bytes());
        let signer = holm_mls::signer(&account.mls_key);
        let message = group.create_message(provider, &signer, &content).unwrap();
        step.commit().await.unwrap();
        let bytes = message.to_bytes().unwrap();
        world.hub.append(&room, EventKind::MESSAGE, bytes);
    }
    bob.pull(&room).await;
    assert_eq!(bob.texts(&room).await, ["once"]);
}

/// A clock that a test puts forward.
#[derive(Default)]
struct Later(AtomicU64);

impl Clock for Later {
    fn now_ms(&self) -> u64 {
        now_ms() + self.0.load(Ordering::Relaxed)
    }
}

async fn with_clock(world: &World, name: &str, clock: &Arc<Later>) -> Member {
    let clock: Arc<dyn Clock> = Arc::<Later>::clone(clock);
    let ports = SdkPorts {
        clock,
        ..SdkPorts::system()
    };
    world.member_with(name, ReplicaPlace::Memory, ports).await
}

// MSG-10
#[tokio::test]
async fn a_message_is_forgotten_at_its_time_with_all_that_is_about_it() {
    let world = World::new();
    let clock = Arc::new(Later::default());
    let alice = with_clock(&world, "alice", &clock).await;
    let mut bob = with_clock(&world, "bob", &clock).await;
    let room = world.room(&alice, &[&bob]).await;
    let soon = u32::try_from(now_ms() / 1_000 + 60).unwrap();
    let draft = Draft::text("the code is 4711").expires(Expiry::At(soon));
    alice.device.say(&room, draft).await.unwrap();
    deliver(&world, &alice, &room, &[&alice, &bob]).await;
    let id = id_of(&bob, &room).await;
    bob.device.react(&room, id, "+1").await.unwrap();
    deliver(&world, &bob, &room, &[&alice, &bob]).await;
    let edit = Draft::text("the code is 0815");
    alice.device.edit(&room, id, edit).await.unwrap();
    let late = alice.sealed(&room).await.remove(0).1;
    bob.told();
    clock.0.store(61_000, Ordering::Relaxed);
    for member in [&alice, &bob] {
        assert!(page(member, &room).await.is_empty());
        assert_eq!(member.device.content(&room, id).await.unwrap(), None);
    }
    let expired = |event: &DeviceEvent| matches!(event, DeviceEvent::Expired { .. });
    assert_eq!(bob.told().iter().filter(|event| expired(event)).count(), 1);
    // A version that comes too late is not kept either.
    world.hub.append(&room, EventKind::MESSAGE, late);
    bob.pull(&room).await;
    let mut state = bob.device.inner.lock().await;
    let left: (i64,) = sqlx::query_as("SELECT count(*) FROM message WHERE length(content) > 0")
        .fetch_one(state.replica.reader())
        .await
        .unwrap();
    assert_eq!(left.0, 0);
}

// MSG-10
#[tokio::test]
async fn a_message_to_be_read_is_forgotten_so_long_after_it_was() {
    let world = World::new();
    let clock = Arc::new(Later::default());
    let alice = world.member("alice").await;
    let bob = with_clock(&world, "bob", &clock).await;
    let room = world.room(&alice, &[&bob]).await;
    let draft = Draft::text("once").expires(Expiry::AfterRead(30));
    alice.device.say(&room, draft).await.unwrap();
    deliver(&world, &alice, &room, &[&alice, &bob]).await;
    clock.0.store(3_600_000, Ordering::Relaxed);
    assert_eq!(bob.texts(&room).await, ["once"]);
    let seq = page(&bob, &room).await[0].seq.unwrap();
    bob.device.mark_read(&room, seq).await.unwrap();
    clock.0.store(3_629_000, Ordering::Relaxed);
    assert_eq!(bob.texts(&room).await, ["once"]);
    clock.0.store(3_631_000, Ordering::Relaxed);
    assert!(bob.texts(&room).await.is_empty());
}
