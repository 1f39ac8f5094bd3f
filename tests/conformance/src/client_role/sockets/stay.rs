//! A device's stay in a room: from its anchor to its removal, and the orders in between (SYNC-2, SYNC-3, RM-4, R13).

use super::flow::{are_numbered, events, say_many};
use std::sync::Arc;

use holm_protocol::Event;
use serde_json::{Value, json};

use crate::client_role::device::change::Change;
use crate::client_role::device::{base64, event, room_path};
use crate::client_role::fault::{Check, ensure, same};
use crate::client_role::pair::{Pair, log, new_id, pair, send, sent, third};
use crate::client_role::plan::{Plan, named};
use crate::client_role::site::Site;

pub(super) fn plans() -> Vec<Plan> {
    vec![
        named("flow.late_joiner", late_joiner),
        named("flow.removed", removed),
        named("flow.removed_learns_nothing", removed_learns_nothing),
        named("flow.removed_while_away", removed_while_away),
        named("flow.order_live", order_live),
        named("flow.order_stored", order_stored),
        named("flow.added_while_connected", added_while_connected),
    ]
}

async fn late_joiner(site: Arc<Site>) -> Check {
    let mut pair = pair(&site).await?;
    let mut bob = pair.bob.connected().await?;
    say_many(&mut pair, &mut bob, 3).await?;
    let carol = third(&site, &mut pair).await?;
    say_many(&mut pair, &mut bob, 1).await?;
    let frames = carol
        .connect()
        .await?
        .catch_up(json!({ pair.room.as_str(): 0 }))
        .await?;
    are_numbered(&events(&frames)?, [5, 6])?;
    are_numbered(&log(&carol, &pair.room).await?, [5, 6])?;
    let early = carol.events(&pair.room, "?after=1&limit=2").await?.good()?;
    are_numbered(&events_of(&early)?, [5, 6])
}

fn events_of(page: &Value) -> Check<Vec<Event>> {
    let events = page["events"].as_array().cloned().unwrap_or_default();
    events.iter().map(event).collect()
}

/// Alice removes Bob and goes on talking.
async fn remove_bob(pair: &mut Pair) -> Check {
    let leaf = pair.alice.leaf_of(&pair.bob)?;
    pair.alice
        .move_on(&pair.room, &Change::remove(vec![leaf]))
        .await?;
    let mut alice = pair.alice.connected().await?;
    let message = pair.alice.encrypt(new_id(), "after")?;
    sent(&mut alice, &pair.room, &message).await.map(drop)
}

async fn removed(site: Arc<Site>) -> Check {
    let mut pair = pair(&site).await?;
    let mut bob = pair.bob.connected().await?;
    let late = pair.bob.encrypt(new_id(), "too late")?;
    remove_bob(&mut pair).await?;
    let last = bob.wait_for("event").await?;
    same("the last event", &event(&last["event"])?.header.seq, &2)?;
    bob.say(&send(&pair.room, &late)).await?;
    let problem = bob.wait_for("problem").await?;
    same(
        "code of a send",
        &problem["problem"]["code"],
        &json!("not_found"),
    )?;
    same("frames after the last", &bob.goes_on().await?, &vec![])?;
    are_numbered(&log(&pair.bob, &pair.room).await?, [1, 2])?;
    let page = pair.bob.events(&pair.room, "?after=2").await?.good()?;
    same("events after the last", &page["events"], &json!([]))?;
    let rooms = pair.bob.get("/client/v1/rooms").await?.good()?;
    same("until", &rooms["rooms"][0]["until"], &json!(2))
}

async fn removed_learns_nothing(site: Arc<Site>) -> Check {
    let mut pair = pair(&site).await?;
    let mut bob = pair.bob.connected().await?;
    remove_bob(&mut pair).await?;
    let page = pair.bob.events(&pair.room, "").await?.good()?;
    same("the head", &page["head"], &Value::Null)?;
    // The room has three events by now; the device's copy ends with the second.
    let ack = |delivered: u64| json!({ "type": "ack", "room": pair.room, "delivered": delivered });
    bob.say(&ack(3)).await?;
    let problem = bob.wait_for("problem").await?;
    same(
        "code of an acknowledgement past its end",
        &problem["problem"]["code"],
        &json!("bad_request"),
    )?;
    bob.say(&ack(2)).await?;
    let after = bob.goes_on().await?;
    ensure(!after.iter().any(|f| f["type"] == "problem"), || {
        format!("an acknowledgement of its end got {after:?}")
    })
}

async fn removed_while_away(site: Arc<Site>) -> Check {
    let mut pair = pair(&site).await?;
    remove_bob(&mut pair).await?;
    let frames = pair.bob.connect().await?.catch_up(json!({})).await?;
    are_numbered(&events(&frames)?, [1, 2])
}

async fn order_live(site: Arc<Site>) -> Check {
    let pair = pair(&site).await?;
    let mut alice = pair.alice.connected().await?;
    let answer = pair
        .bob
        .post(&room_path(&pair.room, "leave"), &json!({}))
        .await?;
    let order = answer.good()?["order"].clone();
    let told = alice.wait_for("order").await?;
    same("the order", &told["order"], &order)?;
    same("its room", &told["room"], &json!(pair.room))
}

async fn order_stored(site: Arc<Site>) -> Check {
    let pair = pair(&site).await?;
    let answer = pair
        .bob
        .post(&room_path(&pair.room, "leave"), &json!({}))
        .await?;
    let order = answer.good()?["order"].clone();
    let mut alice = pair.alice.connect().await?;
    let mut frames = alice.catch_up(json!({})).await?;
    frames.extend(alice.goes_on().await?);
    let told = frames.iter().find(|f| f["type"] == "order");
    same("the order", &told.map(|f| f["order"].clone()), &Some(order))
}

async fn added_while_connected(site: Arc<Site>) -> Check {
    let (mut alice, bob) = (site.device().await?, site.member().await?);
    let mut socket = bob.connected().await?;
    let room = alice.create_room().await?;
    let package = alice.claim_one(&bob.user, &room).await?;
    let bundle = alice.move_on(&room, &Change::add(vec![package])).await?;
    let welcome = socket.wait_for("welcome").await?;
    let sent = bundle.welcome.unwrap_or_default();
    same("the Welcome", &welcome["welcome"], &json!(base64(&sent)))
}
