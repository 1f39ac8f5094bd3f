//! What people do with messages, between two servers: answers, versions, ends, reactions, mentions
//! (MSG-6 to MSG-9).

use holm_protocol::RoomUri;
use holm_sdk::{DeviceEvent, Draft, Expiry, Piece, TimelineEntry, mentions, pieces};
use holm_system_tests::{Person, Scene};

async fn two(scene: &Scene) -> (Person, Person, RoomUri) {
    let alice = Person::register(scene, "islet.test", "alice").await;
    let mut bob = Person::register(scene, "skerry.test", "bob").await;
    let room = alice.device.create_room().await.unwrap();
    let users = [bob.user.clone()];
    alice.device.add_users(&room, &users).await.unwrap();
    assert_eq!(bob.joins().await, room);
    (alice, bob, room)
}

/// Waits until a message that is there has changed so.
async fn changes(
    person: &mut Person,
    what: &str,
    fits: impl Fn(&TimelineEntry) -> bool,
) -> TimelineEntry {
    person
        .wait(what, |event| match event {
            DeviceEvent::Changed(entry) if fits(entry) => Some(entry.as_ref().clone()),
            _ => None,
        })
        .await
}

// MSG-6
#[tokio::test]
async fn an_answer_names_what_it_answers_on_the_other_server() {
    let scene = Scene::start(&["islet.test", "skerry.test"]).await;
    let (mut alice, mut bob, room) = two(&scene).await;
    alice.device.send(&room, "tea or coffee?").await.unwrap();
    let asked = bob.hears("tea or coffee?").await;
    let answer = Draft::text("tea").reply_to(asked.id.unwrap());
    bob.device.say(&room, answer).await.unwrap();
    let answered = alice.hears("tea").await;
    assert_eq!(answered.in_reply_to, asked.id);
    let question = alice.device.message(&room, asked.id.unwrap()).await;
    assert_eq!(question.unwrap().unwrap().text, "tea or coffee?");
}

// MSG-9, R21
#[tokio::test]
async fn an_author_edits_a_message_and_another_user_is_refused() {
    let scene = Scene::start(&["islet.test", "skerry.test"]).await;
    let (alice, mut bob, room) = two(&scene).await;
    alice.device.send(&room, "at six").await.unwrap();
    let said = bob.hears("at six").await;
    let id = said.id.unwrap();
    assert!(
        bob.device
            .edit(&room, id, Draft::text("at nine"))
            .await
            .is_err()
    );
    alice
        .device
        .edit(&room, id, Draft::text("at seven"))
        .await
        .unwrap();
    let edited = changes(&mut bob, "a version", |entry| entry.text == "at seven").await;
    assert_eq!((edited.seq, edited.laid.versions.len()), (said.seq, 1));
    let first = bob.device.content(&room, id).await.unwrap().unwrap();
    let [Piece::Text(text)] = &pieces(&first.body)[..] else {
        panic!("one text");
    };
    assert_eq!(
        text.source, "at six",
        "the earlier version stays to be seen"
    );
}

// MSG-9
#[tokio::test]
async fn a_message_that_its_author_takes_back_is_gone_for_everybody() {
    let scene = Scene::start(&["islet.test", "skerry.test"]).await;
    let (mut alice, mut bob, room) = two(&scene).await;
    bob.device.send(&room, "wrong room").await.unwrap();
    let said = alice.hears("wrong room").await;
    bob.device.delete(&room, said.id.unwrap()).await.unwrap();
    let gone = changes(&mut alice, "its end", |entry| entry.laid.deleted).await;
    assert_eq!((gone.seq, gone.text.as_str()), (said.seq, ""));
    assert!(alice.device.delete(&room, said.id.unwrap()).await.is_err());
    assert!(
        changes(&mut bob, "its end", |entry| entry.laid.deleted)
            .await
            .text
            .is_empty()
    );
}

// MSG-6
#[tokio::test]
async fn a_reaction_comes_and_goes_across_servers() {
    let scene = Scene::start(&["islet.test", "skerry.test"]).await;
    let (mut alice, mut bob, room) = two(&scene).await;
    alice.device.send(&room, "released!").await.unwrap();
    let id = bob.hears("released!").await.id.unwrap();
    bob.device.react(&room, id, "\u{1F389}").await.unwrap();
    let liked = changes(&mut alice, "a reaction", |entry| {
        !entry.laid.reactions.is_empty()
    })
    .await;
    let [reaction] = &liked.laid.reactions[..] else {
        panic!("one reaction: {liked:?}");
    };
    assert_eq!(
        (reaction.text.as_str(), &reaction.user),
        ("\u{1F389}", &bob.user)
    );
    bob.device.delete(&room, reaction.id).await.unwrap();
    changes(&mut alice, "none any more", |entry| {
        entry.laid.reactions.is_empty()
    })
    .await;
}

// MSG-8
#[tokio::test]
async fn who_is_mentioned_is_told_by_the_message_itself() {
    let scene = Scene::start(&["islet.test", "skerry.test"]).await;
    let (alice, mut bob, room) = two(&scene).await;
    let source = format!("ask [@Bob]({})", bob.user);
    alice
        .device
        .say(&room, Draft::markdown(&source))
        .await
        .unwrap();
    let said = bob.hears("ask @Bob").await;
    let content = bob.device.content(&room, said.id.unwrap()).await;
    let content = content.unwrap().unwrap();
    let [Piece::Text(text)] = &pieces(&content.body)[..] else {
        panic!("one text");
    };
    assert_eq!(mentions(text), [bob.user]);
}

// MSG-10
#[tokio::test]
async fn a_message_with_a_time_is_forgotten_on_both_sides() {
    let scene = Scene::start(&["islet.test", "skerry.test"]).await;
    let (mut alice, mut bob, room) = two(&scene).await;
    let draft = Draft::text("gone soon").expires(Expiry::AfterRead(1));
    alice.device.say(&room, draft).await.unwrap();
    let said = bob.hears("gone soon").await;
    bob.device
        .mark_read(&room, said.seq.unwrap())
        .await
        .unwrap();
    for person in [&mut alice, &mut bob] {
        person
            .wait("its time", |event| match event {
                DeviceEvent::Expired { seq, .. } => (*seq == said.seq).then_some(()),
                _ => None,
            })
            .await;
        assert!(person.device.timeline(&room, None, 10).await.is_empty());
        let left = person.device.content(&room, said.id.unwrap()).await;
        assert_eq!(left.unwrap(), None);
    }
}
