//! What flows: everything of a room, in order, without a gap, exact (SYNC-2 to SYNC-5, LOG-2 to LOG-6).

use std::sync::Arc;

use holm_protocol::document::{SignedDocument, Trust};
use holm_protocol::event::Position;
use holm_protocol::mls_header::confirmed_transcript_hash;
use holm_protocol::{Event, Hash, RoomUri, SignedHead};
use serde_json::{Value, json};

use crate::chance::now_ms;
use crate::client_role::device::change::Change;
use crate::client_role::device::{event, room_path, unbase64};
use crate::client_role::fault::{Check, During, Fault, ensure, fault, same, wrong};
use crate::client_role::pair::{Pair, add, commit_of, log, new_id, pair, send, sent};
use crate::client_role::plan::{Plan, named};
use crate::client_role::site::Site;
use crate::client_role::wire::Socket;

pub(super) fn plans() -> Vec<Plan> {
    vec![
        named("flow.welcome", welcome_first),
        named("flow.exact_bytes", exact_bytes),
        named("flow.chain", chain),
        named("flow.head", heads),
        named("flow.pipelined", |s| pipelined(s, 200)),
        named("flow.over_the_bound", |s| pipelined(s, 300)),
        named("flow.sent_is_durable", sent_is_durable),
        named("flow.live_and_stored", live_and_stored),
        named("flow.two_rooms", two_rooms),
    ]
}

/// The events among frames, decoded.
pub(super) fn events(frames: &[Value]) -> Check<Vec<Event>> {
    let of_events = frames
        .iter()
        .filter(|f| f["type"] == "event" || f["type"] == "welcome");
    of_events.map(|f| event(&f["event"])).collect()
}

/// Events whose numbers are exactly these.
pub(super) fn are_numbered(events: &[Event], wanted: impl IntoIterator<Item = u64>) -> Check {
    let numbers: Vec<_> = events.iter().map(|e| e.header.seq).collect();
    same(
        "numbers of the events",
        &numbers,
        &wanted.into_iter().collect(),
    )
}

pub(super) async fn say_many(
    pair: &mut Pair,
    socket: &mut Socket,
    count: usize,
) -> Check<Vec<Vec<u8>>> {
    let mut messages = Vec::new();
    for n in 0..count {
        let message = pair.bob.encrypt(new_id(), &format!("message {n}"))?;
        sent(socket, &pair.room, &message).await?;
        messages.push(message);
    }
    Ok(messages)
}

async fn welcome_first(site: Arc<Site>) -> Check {
    let (mut alice, mut bob) = (site.device().await?, site.member().await?);
    let room = alice.create_room().await?;
    add(&mut alice, &mut bob, &room).await?;
    let frames = bob.connect().await?.catch_up(json!({})).await?;
    let welcome = frames.first().cloned().unwrap_or_default();
    same("the first frame", &welcome["type"], &json!("welcome"))?;
    same("its room", &welcome["room"], &json!(room))?;
    let commit = commit_of(&event(&welcome["event"])?)?;
    let interim: Hash = serde_json::from_value(welcome["interim"].clone()).during("interim")?;
    let proven = confirmed_transcript_hash(&interim, &commit);
    let group = bob.group.as_ref().ok_or_else(|| wrong("no group"))?;
    let confirmed = group
        .public_group()
        .group_context()
        .confirmed_transcript_hash();
    ensure(proven.is_some_and(|hash| hash.0 == confirmed), || {
        "interim and commit do not lead to the group's transcript (LOG-14)".to_owned()
    })?;
    let tree = bob
        .get(&format!("{}?seq=1", room_path(&room, "tree")))
        .await?
        .good()?;
    same(
        "interim beside the tree (RM-6)",
        &tree["interim"],
        &welcome["interim"],
    )?;
    same("seq of the tree", &tree["seq"], &json!(1))
}

async fn exact_bytes(site: Arc<Site>) -> Check {
    let mut pair = pair(&site).await?;
    let mut alice = pair.alice.connected().await?;
    let mut bob = pair.bob.connected().await?;
    let message = pair.bob.encrypt(new_id(), "exactly this")?;
    bob.say(&send(&pair.room, &message)).await?;
    let mut own = None;
    let mut answer = None;
    while own.is_none() || answer.is_none() {
        let frame = bob.next_frame().await?;
        match frame["type"].as_str() {
            Some("event") => own = Some(event(&frame["event"])?),
            Some("sent") => answer = Some(frame),
            _ => {}
        }
    }
    let (own, answer) = (own.ok_or_else(no_event)?, answer.unwrap_or_default());
    let theirs = event(&alice.wait_for("event").await?["event"])?;
    same("the two sides' events", &own, &theirs)?;
    same("body", &own.body.as_slice(), &message.as_slice())?;
    same("kind", &own.header.kind.0, &1)?;
    same("seq in the answer", &answer["seq"], &json!(own.header.seq))?;
    same(
        "time in the answer",
        &answer["time"],
        &json!(own.header.time),
    )?;
    let opened = pair.alice.receive(theirs.body.as_slice())?;
    same("text", &opened.as_deref(), &Some("exactly this".as_bytes()))
}

fn no_event() -> Fault {
    wrong("no event")
}

async fn chain(site: Arc<Site>) -> Check {
    let mut pair = pair(&site).await?;
    let mut bob = pair.bob.connected().await?;
    say_many(&mut pair, &mut bob, 5).await?;
    pair.alice.move_on(&pair.room, &Change::update()).await?;
    let log = log(&pair.alice, &pair.room).await?;
    are_numbered(&log, 1..=7)?;
    let mut position = Position::origin(&pair.room);
    for event in &log {
        same("prev", &event.header.prev, &position.hash)?;
        same("room", &event.header.room, &pair.room)?;
        ensure(event.header.time >= position.time, || {
            "time falls (LOG-3)".to_owned()
        })?;
        position = Position::after(event);
    }
    Ok(())
}

async fn heads(site: Arc<Site>) -> Check {
    let mut pair = pair(&site).await?;
    let mut bob = pair.bob.connected().await?;
    let mut alice = pair.alice.connected().await?;
    say_many(&mut pair, &mut bob, 2).await?;
    let page = pair.alice.events(&pair.room, "?after=1").await?.good()?;
    let head = unbase64(&page["head"])?;
    check_head(&pair, &head).await?;
    // One of the events that came live has a head beside it.
    for _ in 0..2 {
        let frame = alice.wait_for("event").await?;
        if frame["head"].is_string() {
            check_head(&pair, &unbase64(&frame["head"])?).await?;
        }
    }
    Ok(())
}

/// A head is of the room and its log, by a room key of the hub that the group names.
async fn check_head(pair: &Pair, bytes: &[u8]) -> Check {
    let signed: SignedHead = holm_protocol::encoding::decode(bytes).during("a head (HEAD-1)")?;
    let hub = pair.alice.extension()?.hub;
    let path = format!("/client/v1/servers/{}", pair.room.server());
    let document = pair.alice.get(&path).await?.good()?;
    let document: SignedDocument = serde_json::from_value(document).during("the document")?;
    let trust = Trust {
        pin: Some(hub.root),
        known: None,
    };
    let document = document
        .verify(&pair.room.server(), &trust, now_ms())
        .during("the document")?;
    let Some(head) = signed.verify_by(&document, &hub) else {
        return fault("the head's key or signature does not hold (HEAD-3)");
    };
    let log = log(&pair.alice, &pair.room).await?;
    let at = log.iter().find(|e| e.header.seq == head.seq);
    same("hash in the head", &Some(head.hash), &at.map(Event::hash))?;
    same("room in the head", &head.room, &pair.room)
}

async fn pipelined(site: Arc<Site>, count: u64) -> Check {
    let mut pair = pair(&site).await?;
    let mut bob = pair.bob.connected().await?;
    let mut ids = Vec::new();
    for n in 0..count {
        let id = new_id();
        let message = pair.bob.encrypt(id, &format!("{n}"))?;
        bob.say(&send(&pair.room, &message)).await?;
        ids.push(json!(id));
    }
    let mut answers = Vec::new();
    while answers.len() < ids.len() {
        let frame = bob.next_frame().await?;
        ensure(frame["type"] != "problem", || format!("refused: {frame}"))?;
        if frame["type"] == "sent" {
            answers.push(frame);
        }
    }
    let got: Vec<_> = answers.iter().map(|a| a["client_msg_id"].clone()).collect();
    same("order of the answers", &got, &ids)?;
    let numbers: Vec<_> = answers.iter().filter_map(|a| a["seq"].as_u64()).collect();
    same("numbers", &numbers, &(2..2 + count).collect())
}

async fn sent_is_durable(site: Arc<Site>) -> Check {
    let mut pair = pair(&site).await?;
    let mut bob = pair.bob.connected().await?;
    for text in ["one", "two", "three"] {
        let message = pair.bob.encrypt(new_id(), text)?;
        let seq = sent(&mut bob, &pair.room, &message).await?;
        let page = pair
            .alice
            .events(&pair.room, &format!("?after={}", seq - 1))
            .await?;
        let page = page.good()?;
        let event = event(&page["events"][0])?;
        same("the event that was answered", &event.header.seq, &seq)?;
        same("its body", &event.body.as_slice(), &message.as_slice())?;
    }
    Ok(())
}

async fn live_and_stored(site: Arc<Site>) -> Check {
    let mut pair = pair(&site).await?;
    let mut bob = pair.bob.connected().await?;
    let mut expected = 1;
    let mut cursor = 0;
    for _ in 0..4 {
        for text in ["a", "b", "c"] {
            let message = pair.bob.encrypt(new_id(), text)?;
            bob.say(&send(&pair.room, &message)).await?;
            expected += 1;
        }
        let mut alice = pair.alice.connect().await?;
        let mut frames = alice
            .catch_up(json!({ pair.room.as_str(): cursor }))
            .await?;
        frames.extend(alice.goes_on().await?);
        let got = events(&frames)?;
        are_numbered(&got, (cursor + 1..).take(got.len()))?;
        cursor += u64::try_from(got.len()).unwrap_or_default();
    }
    let mut alice = pair.alice.connect().await?;
    alice
        .say(&json!({ "type": "hello", "cursors": { pair.room.as_str(): cursor } }))
        .await?;
    while cursor < expected {
        let frame = alice.wait_for("event").await?;
        cursor += 1;
        same("number", &event(&frame["event"])?.header.seq, &cursor)?;
    }
    Ok(())
}

async fn two_rooms(site: Arc<Site>) -> Check {
    let (mut first, mut second) = (pair(&site).await?, site.device().await?);
    // Bob makes another room himself; he writes in both by turns.
    let other = second.create_room().await?;
    first.bob.upload(2).await?;
    let mut bob = first.bob.connected().await?;
    let package = second.claim_one(&first.bob.user, &other).await?;
    second.move_on(&other, &Change::add(vec![package])).await?;
    let welcome = bob.wait_for("welcome").await?;
    same("room of the Welcome", &welcome["room"], &json!(other))?;
    let mut reader = second.connected().await?;
    for n in 0..5_u64 {
        let message = first.bob.encrypt(new_id(), &format!("{n}"))?;
        same(
            "in the first room",
            &sent(&mut bob, &first.room, &message).await?,
            &(n + 2),
        )?;
        let theirs = second.encrypt(new_id(), &format!("{n}"))?;
        same(
            "in the second",
            &sent(&mut reader, &other, &theirs).await?,
            &(n + 2),
        )?;
    }
    let frames = bob.goes_on().await?;
    let in_room = |room: &RoomUri| {
        let mine = frames.iter().filter(|f| f["room"] == json!(room));
        events(&mine.cloned().collect::<Vec<_>>())
    };
    let last = in_room(&other)?.last().map(|e| e.header.seq);
    ensure(last.is_none_or(|seq| seq <= 6), || {
        format!("an event {last:?} of nobody's")
    })?;
    in_room(&first.room).map(drop)
}
