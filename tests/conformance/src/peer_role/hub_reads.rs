//! What a follower reads of the server under test as hub: pulls, heads, GroupInfo (FED-6 to FED-8),
//! and what one without a participant may not even learn of (FED-13).

use std::sync::Arc;

use holm_protocol::event::Position;
use holm_protocol::{Event, SignedHead};
use serde_json::{Value, json};

use super::hosted::{Hosted, path, peer_device};
use super::plan::{Plan, plan};
use super::stage::Stage;
use super::verdict::refused;
use crate::client_role::device::change::Change;
use crate::client_role::device::unbase64;
use crate::client_role::fault::{Check, During, ensure, same};
use crate::client_role::wire::segment;

/// All of them.
pub(crate) fn plans() -> Vec<Plan> {
    vec![
        plan(
            "hub.pull.from_anchor",
            "a pull begins with the anchor, its Welcome, hash and tree",
            "FED-7 LOG-14",
            from_anchor,
        ),
        plan(
            "hub.pull.chain",
            "pulled events are a chain under a head that the hub signed",
            "FED-7 LOG-1 LOG-2 LOG-3 LOG-4 HEAD-1 HEAD-2 HEAD-3",
            chain,
        ),
        plan(
            "hub.pull.beyond",
            "a pull past the end is answered without events",
            "FED-7 R12",
            beyond,
        ),
        plan(
            "hub.pull.outsider",
            "a server without participant pulls nothing",
            "FED-13 R08 R13",
            outsider,
        ),
        plan(
            "hub.pull.to_removal",
            "who was removed pulls up to the removal and no further",
            "FED-7 R13 S15",
            to_removal,
        ),
        plan(
            "hub.pull.pages",
            "a page holds at most 256 events",
            "LIM-14 S24",
            pages,
        ),
        plan(
            "hub.notify.brings",
            "the hub brings what a follower is owed, in order and signed",
            "FED-5",
            brings,
        ),
        plan(
            "hub.notify.welcome",
            "the hub brings the Welcome of its users to a follower alone",
            "FED-5 LOG-14",
            brings_anchor,
        ),
        plan(
            "hub.notify.order",
            "the hub brings open orders",
            "FED-5 ORD-2",
            brings_order,
        ),
        plan(
            "hub.invisible.alike",
            "a room without participant looks like none at every endpoint",
            "FED-13 R08 S21",
            alike,
        ),
    ]
}

async fn from_anchor(stage: Arc<Stage>) -> Check {
    let mut hosted = Hosted::set_up(&stage).await?;
    hosted.goes_on().await?;
    let page = hosted.pull(0).await?.good()?;
    let anchor = &page["anchors"][0];
    same("seq of the anchor", &anchor["seq"], &json!(1))?;
    for member in ["welcome", "interim", "tree"] {
        unbase64(&anchor[member]).during(member)?;
    }
    // A page that holds an anchor ends with it.
    same("events", &page["events"].as_array().map(Vec::len), &Some(1))
}

/// The events of a page, checked as a chain from a position on.
fn check_chain(page: &Value, mut position: Position) -> Check<Position> {
    for event in page["events"].as_array().into_iter().flatten() {
        let event = Event::from_bytes(&unbase64(event)?).during("an event")?;
        let room = event.header.room.clone();
        let next = position.check_next(&room, &event);
        position = next.during("the chain")?;
    }
    Ok(position)
}

/// The head of a page, as the hub's document lets everybody verify it.
pub(super) async fn check_head(stage: &Stage, page: &Value) -> Check<holm_protocol::Head> {
    let head: SignedHead =
        holm_protocol::encoding::decode(&unbase64(&page["head"])?).during("the head")?;
    let document = stage.target_document().await?;
    let key = head
        .key_id()
        .and_then(|id| document.room_key(id, head.head.time));
    let verified = key.and_then(|key| head.verify(&key).cloned());
    ensure(verified.is_some(), || "the head does not hold".to_owned())?;
    Ok(head.head)
}

async fn chain(stage: Arc<Stage>) -> Check {
    let mut hosted = Hosted::set_up(&stage).await?;
    for _ in 0..5 {
        hosted.goes_on().await?;
    }
    let first = hosted.pull(0).await?.good()?;
    let position = check_chain(&first, Position::origin(&hosted.room))?;
    let rest = hosted.pull(1).await?.good()?;
    let position = check_chain(&rest, position)?;
    let head = check_head(&stage, &rest).await?;
    same(
        "the head",
        &(head.seq, head.hash),
        &(position.seq, position.hash),
    )?;
    same("the newest", &position.seq, &6)
}

async fn beyond(stage: Arc<Stage>) -> Check {
    let mut hosted = Hosted::set_up(&stage).await?;
    for after in [1, 2, 9_007_199_254_740_991, u64::MAX] {
        let page = hosted.pull(after).await?.good()?;
        let events = page["events"].as_array().map_or(0, Vec::len);
        same(&format!("events after {after}"), &events, &0)?;
    }
    hosted.goes_on().await
}

async fn outsider(stage: Arc<Stage>) -> Check {
    let hosted = Hosted::set_up(&stage).await?;
    let stranger = stage.peer().await?;
    let answer = stranger
        .get(&format!("{}?after=0", hosted.path("events")))
        .await?;
    refused(&answer, 404, "not_found").map(drop)
}

async fn to_removal(stage: Arc<Stage>) -> Check {
    let mut hosted = Hosted::set_up(&stage).await?;
    let room = hosted.room.clone();
    let leaf = hosted.owner.leaf_of(&hosted.mallory)?;
    hosted
        .owner
        .move_on(&room, &Change::remove(vec![leaf]))
        .await?;
    hosted.owner.move_on(&room, &Change::update()).await?;
    let page = hosted.pull(1).await?.good()?;
    same("events", &page["events"].as_array().map(Vec::len), &Some(1))?;
    let page = hosted.pull(2).await?.good()?;
    same("events after it", &page["events"], &json!([]))
}

async fn pages(stage: Arc<Stage>) -> Check {
    let mut hosted = Hosted::set_up(&stage).await?;
    for _ in 0..2 {
        let mut messages = Vec::new();
        for _ in 0..150 {
            messages.push(hosted.message()?);
        }
        hosted.submit(&messages).await?.expect_good()?;
    }
    let page = hosted.pull(1).await?.good()?;
    let count = page["events"].as_array().map_or(0, Vec::len);
    ensure((1..=256).contains(&count), || {
        format!("a page of {count} events")
    })?;
    let after = 1 + u64::try_from(count).unwrap_or_default();
    let rest = hosted.pull(after).await?.good()?;
    let rest = rest["events"].as_array().map_or(0, Vec::len);
    ensure(rest > 0, || "nothing follows the first page".to_owned())
}

/// Waits for the hub to bring an event of at least this number.
pub(super) async fn brought(hosted: &Hosted, seq: u64) -> Check<Vec<Value>> {
    let room = json!(hosted.room);
    let has = |body: &Value| {
        let pages = body["rooms"].as_array().into_iter().flatten();
        let ours = pages.filter(|page| page["room"] == room);
        let events = ours.flat_map(|page| page["events"].as_array().into_iter().flatten());
        let read = events.filter_map(|e| Event::from_bytes(&unbase64(e).ok()?).ok());
        read.map(|event| event.header.seq).max().unwrap_or_default() >= seq
    };
    let limit = std::time::Duration::from_secs(30);
    let found = hosted.peer.door.wait(limit, |asked| {
        asked.target == "/federation/v1/notify"
            && serde_json::from_slice(&asked.body).is_ok_and(|body| has(&body))
    });
    ensure(found.await.is_some(), || {
        format!("event {seq} was not brought")
    })?;
    let asked = hosted.peer.door.asked("/federation/v1/notify");
    let bodies = asked
        .iter()
        .filter_map(|a| serde_json::from_slice::<Value>(&a.body).ok());
    let pages = bodies.flat_map(|body| body["rooms"].as_array().cloned().unwrap_or_default());
    Ok(pages.filter(|page| page["room"] == room).collect())
}

async fn brings(stage: Arc<Stage>) -> Check {
    let mut hosted = Hosted::set_up(&stage).await?;
    for _ in 0..3 {
        hosted.goes_on().await?;
    }
    let pages = brought(&hosted, 4).await?;
    let mut position = Position::origin(&hosted.room);
    for page in &pages {
        let first = page["events"].as_array().and_then(|events| events.first());
        let Some(first) = first else { continue };
        let first = Event::from_bytes(&unbase64(first)?).during("an event")?;
        // Brought again after an answer that was lost or late: the copy has it.
        if first.header.seq == position.seq + 1 {
            position = check_chain(page, position)?;
        }
        check_head(&stage, page).await?;
    }
    same("the newest", &position.seq, &4)
}

async fn brings_anchor(stage: Arc<Stage>) -> Check {
    let hosted = Hosted::set_up(&stage).await?;
    let pages = brought(&hosted, 1).await?;
    let anchored = pages.iter().find(|page| page["anchors"].is_array());
    let anchor = anchored
        .map(|page| page["anchors"][0].clone())
        .unwrap_or_default();
    for member in ["welcome", "interim", "tree"] {
        unbase64(&anchor[member]).during(member)?;
    }
    Ok(())
}

async fn brings_order(stage: Arc<Stage>) -> Check {
    let mut hosted = Hosted::set_up(&stage).await?;
    let carol = peer_device(&hosted.peer, "carol", "c1")?;
    let room = hosted.room.clone();
    let bundle = hosted
        .owner
        .move_on(&room, &Change::add(vec![carol.key_package()?]))
        .await?;
    hosted.mallory.receive(&bundle.commit)?;
    let order = hosted.leave(carol.user.as_str()).await?.good()?["order"].clone();
    hosted.goes_on().await?;
    brought(&hosted, 3).await?;
    let page = hosted.pull(2).await?.good()?;
    let orders = page["orders"].as_array().cloned().unwrap_or_default();
    ensure(orders.contains(&order), || {
        format!("the open order is not with the page: {page}")
    })
}

/// At each endpoint about a room: what a real one answers is what none answers.
async fn alike(stage: Arc<Stage>) -> Check {
    let peer = stage.peer().await?;
    let mut owner = stage.resident().await?;
    let (real, none) = (owner.create_room().await?, owner.new_room()?);
    let user = peer.user("mallory");
    let bodies = [
        (
            "submitMessage",
            json!({ "messages": [{ "user": user, "message": "AAAA" }] }),
        ),
        ("update", json!({ "type": "leave", "user": user })),
        ("groupInfo", json!({ "user": user })),
    ];
    for (endpoint, body) in bodies {
        let one = peer.post(&path(endpoint, &real), &body).await?;
        let other = peer.post(&path(endpoint, &none), &body).await?;
        refused(&one, 404, "not_found").during(endpoint)?;
        let text = one.text().replace(real.as_str(), none.as_str());
        same(endpoint, &text, &other.text())?;
    }
    let pull = |room: &holm_protocol::RoomUri| {
        format!("/federation/v1/events/{}?after=0", segment(room.as_str()))
    };
    let (one, other) = (peer.get(&pull(&real)).await?, peer.get(&pull(&none)).await?);
    refused(&one, 404, "not_found")?;
    let text = one.text().replace(real.as_str(), none.as_str());
    same("events", &text, &other.text())
}
