//! Hello, cursors, acknowledgements: what a device says of how far it is (SYNC-1, SYNC-3, SYNC-6).

use std::sync::Arc;

use serde_json::{Value, json};

use crate::client_role::device::{Device, event};
use crate::client_role::fault::{Check, During, ensure, same};
use crate::client_role::pair::{Pair, new_id, pair, sent};
use crate::client_role::plan::{Plan, named};
use crate::client_role::site::Site;
use crate::client_role::wire::Socket;

pub(super) fn plans() -> Vec<Plan> {
    vec![
        named("sync.caught_up.nothing", |s| async move {
            let mut socket = s.device().await?.connect().await?;
            same(
                "frames before caught_up",
                &socket.catch_up(json!({})).await?,
                &vec![],
            )
        }),
        named("sync.caught_up.once", caught_up_once),
        named("sync.hello.without_cursors", |s| async move {
            let mut socket = s.device().await?.connect().await?;
            socket.say(&json!({ "type": "hello" })).await?;
            socket.until("caught_up").await.map(drop)
        }),
        named("sync.hello.twice", |s| async move {
            let mut socket = s.device().await?.connected().await?;
            socket.hello().await?;
            socket.closes_with(4400).await.map(drop)
        }),
        named("sync.cursor.of_foreign_room", foreign_cursor),
        named("sync.cursor.many_rooms", many_cursors),
        named("sync.cursor.zero", cursor_zero),
        named("sync.cursor.middle", cursor_middle),
        named("sync.cursor.below_watermark", below_watermark),
        named("sync.cursor.unnamed", from_watermark),
        named("sync.cursor.future", future_cursor),
        named("sync.ack.grows", ack_grows),
        named("sync.ack.read_is_delivered", ack_read),
        named("sync.ack.beyond", ack_beyond),
        named("sync.ack.foreign_room", ack_foreign),
    ]
}

/// A pair whose log has `messages` of Bob's behind event 1, and Bob's socket.
async fn talked(site: &Site, messages: u64) -> Check<(Pair, Socket)> {
    let mut pair = pair(site).await?;
    let mut socket = pair.bob.connected().await?;
    for seq in 2..2 + messages {
        let message = pair.bob.encrypt(new_id(), &format!("message {seq}"))?;
        let got = sent(&mut socket, &pair.room, &message).await?;
        same("number of the message (LOG-2)", &got, &seq)?;
    }
    Ok((pair, socket))
}

/// The numbers of the events among frames, in order.
fn numbers(frames: &[Value]) -> Check<Vec<u64>> {
    let events = frames
        .iter()
        .filter(|f| f["type"] == "event" || f["type"] == "welcome");
    events
        .map(|f| event(&f["event"]).map(|e| e.header.seq))
        .collect()
}

async fn caught_up_once(site: Arc<Site>) -> Check {
    let (mut pair, mut bob) = talked(&site, 3).await?;
    let mut alice = pair.alice.connect().await?;
    let before = alice.catch_up(json!({})).await?;
    same(
        "events before caught_up",
        &numbers(&before)?,
        &vec![1, 2, 3, 4],
    )?;
    let message = pair.bob.encrypt(new_id(), "later")?;
    sent(&mut bob, &pair.room, &message).await?;
    let later = alice.wait_for("event").await?;
    same(
        "number of the next event",
        &event(&later["event"])?.header.seq,
        &5,
    )?;
    let rest = alice.goes_on().await?;
    ensure(!rest.iter().any(|f| f["type"] == "caught_up"), || {
        "caught_up came a second time".to_owned()
    })
}

async fn foreign_cursor(site: Arc<Site>) -> Check {
    let (pair, _bob) = talked(&site, 1).await?;
    let mut stranger = site.device().await?.connect().await?;
    let hello = json!({ pair.room.as_str(): 1 });
    same(
        "frames of a room of others",
        &stranger.catch_up(hello).await?,
        &vec![],
    )?;
    same("frames afterwards", &stranger.goes_on().await?, &vec![])
}

async fn many_cursors(site: Arc<Site>) -> Check {
    let mut socket = site.device().await?.connect().await?;
    let room = |n: usize| (format!("mimi://{}/r/r{n}", site.domain), json!(1));
    let cursors: serde_json::Map<_, _> = (0..1_000).map(room).collect();
    same("frames", &socket.catch_up(cursors.into()).await?, &vec![])
}

async fn cursor_zero(site: Arc<Site>) -> Check {
    let (pair, bob) = talked(&site, 2).await?;
    drop(bob);
    let mut bob = pair.bob.connect().await?;
    let frames = bob.catch_up(json!({ pair.room.as_str(): 0 })).await?;
    same("events", &numbers(&frames)?, &vec![1, 2, 3])?;
    same("the first frame", &frames[0]["type"], &json!("welcome"))
}

async fn cursor_middle(site: Arc<Site>) -> Check {
    let (pair, bob) = talked(&site, 4).await?;
    drop(bob);
    let mut bob = pair.bob.connect().await?;
    let frames = bob.catch_up(json!({ pair.room.as_str(): 3 })).await?;
    same("events", &numbers(&frames)?, &vec![4, 5])
}

async fn below_watermark(site: Arc<Site>) -> Check {
    let (pair, mut bob) = talked(&site, 3).await?;
    acknowledge(&mut bob, &pair, 4, 0).await?;
    let mut bob = pair.bob.connect().await?;
    let frames = bob.catch_up(json!({ pair.room.as_str(): 2 })).await?;
    same("events", &numbers(&frames)?, &vec![3, 4])
}

async fn from_watermark(site: Arc<Site>) -> Check {
    let (pair, mut bob) = talked(&site, 3).await?;
    acknowledge(&mut bob, &pair, 3, 0).await?;
    let mut bob = pair.bob.connect().await?;
    let frames = bob.catch_up(json!({})).await?;
    same("events", &numbers(&frames)?, &vec![4])
}

async fn future_cursor(site: Arc<Site>) -> Check {
    let (mut pair, mut bob) = talked(&site, 1).await?;
    let mut alice = pair.alice.connect().await?;
    let frames = alice.catch_up(json!({ pair.room.as_str(): 3 })).await?;
    same("events", &numbers(&frames)?, &vec![])?;
    for text in ["three", "four"] {
        let message = pair.bob.encrypt(new_id(), text)?;
        sent(&mut bob, &pair.room, &message).await?;
    }
    let next = alice.wait_for("event").await?;
    same("the next event", &event(&next["event"])?.header.seq, &4)
}

/// Acknowledges and waits until it is durable: the room list shows it.
async fn acknowledge(socket: &mut Socket, pair: &Pair, delivered: u64, read: u64) -> Check {
    ack(socket, pair, delivered, read).await?;
    socket.goes_on().await?;
    let wanted = (delivered.max(read), read);
    for _ in 0..ATTEMPTS {
        if marks(&pair.bob, pair).await? == wanted {
            return Ok(());
        }
    }
    same("watermarks", &marks(&pair.bob, pair).await?, &wanted)
}

/// How often the room list is asked for what a frame before it said.
const ATTEMPTS: usize = 300;

async fn ack(socket: &mut Socket, pair: &Pair, delivered: u64, read: u64) -> Check {
    let frame = json!({
        "type": "ack", "room": pair.room, "delivered": delivered, "read": read
    });
    socket.say(&frame).await
}

/// The watermarks `delivered` and `read` in the room list (RM-2).
async fn marks(device: &Device, pair: &Pair) -> Check<(u64, u64)> {
    let answer = device.get("/client/v1/rooms").await?.good()?;
    let rooms = answer["rooms"].as_array().cloned().unwrap_or_default();
    let room = rooms.iter().find(|r| r["room"] == json!(pair.room));
    let number = |name: &str| room.and_then(|r| r[name].as_u64());
    match (number("delivered"), number("read")) {
        (Some(delivered), Some(read)) => Ok((delivered, read)),
        _ => crate::client_role::fault::fault(format!("no watermarks in {answer}")),
    }
}

async fn ack_grows(site: Arc<Site>) -> Check {
    let (pair, mut bob) = talked(&site, 3).await?;
    same(
        "watermarks at first",
        &marks(&pair.bob, &pair).await?,
        &(0, 0),
    )?;
    acknowledge(&mut bob, &pair, 3, 2).await?;
    ack(&mut bob, &pair, 1, 1).await?;
    same("frames after an older one", &bob.goes_on().await?, &vec![])?;
    acknowledge(&mut bob, &pair, 4, 2).await?;
    same(
        "watermarks at last",
        &marks(&pair.bob, &pair).await?,
        &(4, 2),
    )?;
    same(
        "another's watermarks",
        &marks(&pair.alice, &pair).await?,
        &(0, 0),
    )
}

async fn ack_read(site: Arc<Site>) -> Check {
    let (pair, mut bob) = talked(&site, 1).await?;
    acknowledge(&mut bob, &pair, 0, 2)
        .await
        .during("read without delivered")
}

async fn ack_beyond(site: Arc<Site>) -> Check {
    let (pair, mut bob) = talked(&site, 1).await?;
    acknowledge(&mut bob, &pair, 1, 0).await?;
    for (delivered, read) in [(3, 0), (0, 3), (9_007_199_254_740_991, 0)] {
        ack(&mut bob, &pair, delivered, read).await?;
        let problem = bob.wait_for("problem").await?;
        same("code", &problem["problem"]["code"], &json!("bad_request"))?;
        same("room", &problem["room"], &json!(pair.room))?;
    }
    same("watermarks", &marks(&pair.bob, &pair).await?, &(1, 0))?;
    bob.goes_on().await.map(drop)
}

async fn ack_foreign(site: Arc<Site>) -> Check {
    let (pair, _bob) = talked(&site, 1).await?;
    let mut stranger = site.device().await?.connected().await?;
    ack(&mut stranger, &pair, 1, 0).await?;
    let existing = stranger.wait_for("problem").await?;
    let unknown = format!("mimi://{}/r/nobodysroom", site.domain);
    stranger
        .say(&json!({ "type": "ack", "room": unknown, "delivered": 1 }))
        .await?;
    let missing = stranger.wait_for("problem").await?;
    let blind = |frame: &Value, room: &str| frame.to_string().replace(room, "…");
    same(
        "the refusal in a room of others, and in no room",
        &blind(&existing, pair.room.as_str()),
        &blind(&missing, &unknown),
    )?;
    same("code", &existing["problem"]["code"], &json!("not_found"))
}
