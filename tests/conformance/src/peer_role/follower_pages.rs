//! A hub brings events to the server under test as a follower (FED-5, LOG-2 to LOG-6, HEAD-1 to
//! HEAD-3): pages that continue its copy, and such as do not.

use std::sync::Arc;

use holm_protocol::event::Position;
use holm_protocol::{Event, EventKind, Hash};
use serde_json::{Value, json};

use super::led::{Led, notify, signed};
use super::plan::{Plan, plan};
use super::stage::Stage;
use super::verdict::{code_of, refused};
use crate::client_role::device::base64;
use crate::client_role::fault::{Check, ensure, same};

/// All of them.
#[expect(clippy::too_many_lines, reason = "a table")]
pub(crate) fn plans() -> Vec<Plan> {
    vec![
        plan(
            "follower.page.correct",
            "events that continue the copy are taken, of any kind",
            "FED-5 LOG-5",
            correct,
        ),
        plan(
            "follower.page.again",
            "events that it has already change nothing",
            "FED-5 S17 F27",
            again,
        ),
        plan(
            "follower.page.empty",
            "a page without events is answered with the cursor",
            "FED-5 S19",
            empty,
        ),
        plan(
            "follower.page.gap",
            "an event further on is refused, and what was missing then taken",
            "LOG-6 S17",
            gap,
        ),
        plan(
            "follower.page.far_gap",
            "numbers as large as there are are a gap",
            "LOG-6 S17",
            far_gap,
        ),
        plan(
            "follower.page.number_zero",
            "event number 0 is none",
            "LOG-2 S17",
            number_zero,
        ),
        plan(
            "follower.page.fork",
            "another history sets the room aside and no other room",
            "LOG-6 S17 S18 F58",
            fork,
        ),
        plan(
            "follower.page.time_back",
            "an event before the time of the last one sets the room aside",
            "LOG-3 LOG-6 S18",
            time_back,
        ),
        plan(
            "follower.page.time_same",
            "an event of the time of the last one is taken",
            "LOG-3",
            time_same,
        ),
        plan(
            "follower.page.other_room_inside",
            "an event of another room is not taken",
            "LOG-6 S06",
            other_room_inside,
        ),
        plan(
            "follower.page.cut_event",
            "an event cut off anywhere is refused",
            "ENC-2 LOG-1 M01",
            cut_event,
        ),
        plan(
            "follower.page.longer_event",
            "an event with a byte more is refused",
            "ENC-2 LOG-1 M01",
            longer_event,
        ),
        plan(
            "follower.page.limit",
            "256 events are taken at once, one more is not",
            "LIM-14 S19",
            limit,
        ),
        plan(
            "follower.page.rooms_limit",
            "256 rooms are answered at once, one more is not",
            "LIM-15 S19",
            rooms_limit,
        ),
        plan(
            "follower.page.room_twice",
            "a room that stands twice in a request is taken in order",
            "FED-5 S19",
            room_twice,
        ),
        plan(
            "follower.page.one_bad",
            "a room that fails holds up no other of the same request",
            "FED-5 FED-15 S19 F25",
            one_bad,
        ),
        plan(
            "follower.page.not_the_hub",
            "another server than the hub brings nothing",
            "FED-5 S16",
            not_the_hub,
        ),
        plan(
            "follower.page.targets_room",
            "nobody brings events of a room that the target is hub of",
            "FED-5 S16",
            targets_room,
        ),
    ]
}

async fn correct(stage: Arc<Stage>) -> Check {
    let mut led = Led::entered(&stage).await?;
    let kinds = [0, 3, 4, 99, u16::MAX].map(EventKind);
    let events: Vec<_> = kinds
        .iter()
        .map(|kind| led.event(*kind, vec![1; 9]))
        .collect();
    led.takes(led.page(&events), 6).await?;
    same("events for the guest", &led.stored().await?, &6)
}

async fn again(stage: Arc<Stage>) -> Check {
    let mut led = Led::entered(&stage).await?;
    let page = {
        let events = [led.strange(), led.strange()];
        led.page(&events)
    };
    for _ in 0..3 {
        led.takes(page.clone(), 3).await?;
    }
    same("events", &led.stored().await?, &3)
}

async fn empty(stage: Arc<Stage>) -> Check {
    let mut led = Led::entered(&stage).await?;
    led.takes(led.page(&[]), 1).await?;
    led.goes_on().await
}

async fn gap(stage: Arc<Stage>) -> Check {
    let mut led = Led::entered(&stage).await?;
    let (missing, next) = (led.strange(), led.strange());
    led.refuses(led.page(std::slice::from_ref(&next)), 1, "gap")
        .await?;
    led.takes(led.page(&[missing, next]), 3).await?;
    led.goes_on().await
}

async fn far_gap(stage: Arc<Stage>) -> Check {
    let mut led = Led::entered(&stage).await?;
    for seq in [3, 1_000_000, u64::MAX / 2, u64::MAX - 1, u64::MAX] {
        let page = renumbered(&led, seq);
        led.refuses(page, 1, "gap").await?;
    }
    led.goes_on().await
}

/// A page of one event with this number, and a head to it.
fn renumbered(led: &Led, seq: u64) -> Value {
    let mut event = led.next(EventKind(99), vec![1]);
    event.header.seq = seq;
    page_of(led, &event)
}

/// A page of one event with an honest head to it; the log stays as it is.
pub(super) fn page_of(led: &Led, event: &Event) -> Value {
    let mut head = led.unsigned_head();
    (head.seq, head.hash) = (event.header.seq, event.hash());
    let mut page = led.page(std::slice::from_ref(event));
    page["head"] = json!(signed(head, "m1", &led.peer.room_key));
    page
}

async fn number_zero(stage: Arc<Stage>) -> Check {
    let mut led = Led::entered(&stage).await?;
    let page = renumbered(&led, 0);
    // Passed over as one it has, or refused; never taken.
    let (cursor, _) = led.bring(&page).await?;
    same("cursor", &cursor, &1)?;
    led.goes_on().await
}

async fn fork(stage: Arc<Stage>) -> Check {
    let mut led = Led::entered(&stage).await?;
    let mut other = Led::entered(&stage).await?;
    let mut event = led.next(EventKind(99), vec![1]);
    event.header.prev = Hash([7; 32]);
    led.refuses(page_of(&led, &event), 1, "fork").await?;
    let honest = led.strange();
    led.refuses(led.page(&[honest]), 1, "room_stopped").await?;
    same("events", &led.stored().await?, &1)?;
    other.goes_on().await
}

async fn time_back(stage: Arc<Stage>) -> Check {
    let led = Led::entered(&stage).await?;
    let mut event = led.next(EventKind(99), vec![1]);
    event.header.time = led.position.time - 1;
    let (cursor, code) = led.bring(&page_of(&led, &event)).await?;
    same("cursor", &cursor, &1)?;
    ensure(code == "room_stopped" || code == "fork", || {
        format!("code {code:?}")
    })?;
    same("events", &led.stored().await?, &1)
}

async fn time_same(stage: Arc<Stage>) -> Check {
    let mut led = Led::entered(&stage).await?;
    let mut event = led.next(EventKind(99), vec![1]);
    event.header.time = led.position.time;
    led.position = Position::after(&event);
    led.takes(led.page(&[event]), 2).await
}

async fn other_room_inside(stage: Arc<Stage>) -> Check {
    let mut led = Led::entered(&stage).await?;
    let other = Led::begin(&stage).await?;
    let mut event = led.next(EventKind(99), vec![1]);
    event.header.room = other.room.clone();
    let (cursor, code) = led.bring(&page_of(&led, &event)).await?;
    same("cursor", &cursor, &1)?;
    ensure(!code.is_empty(), || {
        "an event of another room was passed over".to_owned()
    })?;
    led.refuses(page_naming(&led, &other), 0, "gap").await?;
    same("events", &led.stored().await?, &1)?;
    led.position.time += 1;
    Ok(())
}

/// A page that names another room than its events do.
fn page_naming(led: &Led, other: &Led) -> Value {
    let event = led.next(EventKind(99), vec![1]);
    let mut page = page_of(led, &event);
    page["room"] = json!(other.room);
    page
}

async fn cut_event(stage: Arc<Stage>) -> Check {
    let mut led = Led::entered(&stage).await?;
    let event = led.next(EventKind(99), vec![1; 70]);
    let bytes = event.to_bytes();
    for len in 0..bytes.len() {
        let mut page = page_of(&led, &event);
        page["events"] = json!([base64(&bytes[..len])]);
        led.refuses(page, 1, "malformed").await?;
    }
    led.goes_on().await
}

async fn longer_event(stage: Arc<Stage>) -> Check {
    let mut led = Led::entered(&stage).await?;
    let event = led.next(EventKind(99), vec![1; 5]);
    let bytes = event.to_bytes();
    let room_len = bytes[0];
    let wide = [&[0x40, room_len][..], &bytes[1..]].concat();
    for bytes in [
        [bytes.as_slice(), &[0]].concat(),
        [bytes.clone(), bytes.clone()].concat(),
        wide,
    ] {
        let mut page = page_of(&led, &event);
        page["events"] = json!([base64(&bytes)]);
        led.refuses(page, 1, "malformed").await?;
    }
    led.goes_on().await
}

async fn limit(stage: Arc<Stage>) -> Check {
    let mut led = Led::entered(&stage).await?;
    let events: Vec<_> = (0..257).map(|_| led.strange()).collect();
    led.refuses(led.page(&events), 1, "too_large").await?;
    led.takes(led.page(&events[..256]), 257).await?;
    led.takes(led.page(&events[256..]), 258).await
}

async fn rooms_limit(stage: Arc<Stage>) -> Check {
    let led = Led::begin(&stage).await?;
    let page = |n: usize| json!({ "room": format!("mimi://{}/r/r{n}", led.peer.name), "head": "AAAA", "events": [] });
    let pages: Vec<_> = (0..257).map(page).collect();
    refused(&notify(&led.peer, &pages).await?, 413, "too_large")?;
    let answer = notify(&led.peer, &pages[..256]).await?.good()?;
    let rooms = answer["rooms"].as_array().cloned().unwrap_or_default();
    same("rooms", &rooms.len(), &256)?;
    ensure(
        rooms
            .iter()
            .all(|room| room["cursor"] == 0 && room["problem"].is_object()),
        || format!("a room that is not here was taken: {answer}"),
    )
}

async fn room_twice(stage: Arc<Stage>) -> Check {
    let mut led = Led::entered(&stage).await?;
    let first = led.strange();
    let one = led.page(&[first]);
    let second = led.strange();
    let two = led.page(&[second]);
    let answer = notify(&led.peer, &[one, two]).await?.good()?;
    same("rooms", &answer["rooms"].as_array().map(Vec::len), &Some(2))?;
    led.goes_on().await
}

async fn one_bad(stage: Arc<Stage>) -> Check {
    let mut led = Led::entered(&stage).await?;
    let event = led.strange();
    let good = led.page(std::slice::from_ref(&event));
    let room = format!("mimi://{}/r/bad", led.peer.name);
    let mut pages = vec![json!({ "room": room, "head": "AAAA", "events": ["AAAA"] }); 50];
    pages.push(good);
    pages.extend(vec![
        json!({ "room": room, "head": "", "events": [""] });
        49
    ]);
    let answer = notify(&led.peer, &pages).await?.good()?;
    same(
        "the good room",
        &answer["rooms"][50]["cursor"],
        &json!(event.header.seq),
    )?;
    same(
        "its problem",
        &code_of(&answer["rooms"][50]["problem"]),
        &"",
    )?;
    same(
        "rooms",
        &answer["rooms"].as_array().map(Vec::len),
        &Some(100),
    )
}

async fn not_the_hub(stage: Arc<Stage>) -> Check {
    let mut led = Led::entered(&stage).await?;
    let stranger = stage.peer().await?;
    let event = led.next(EventKind(99), vec![1]);
    let page = page_of(&led, &event);
    let answer = notify(&stranger, &[page]).await?.good()?;
    same("code", &code_of(&answer["rooms"][0]["problem"]), &"not_hub")?;
    same("events", &led.stored().await?, &1)?;
    led.goes_on().await
}

async fn targets_room(stage: Arc<Stage>) -> Check {
    let mut owner = stage.resident().await?;
    let room = owner.create_room().await?;
    let mut led = Led::begin(&stage).await?;
    led.room = room.clone();
    led.position = Position::origin(&room);
    let event = led.next(EventKind(99), vec![1]);
    let answer = notify(&led.peer, &[page_of(&led, &event)]).await?.good()?;
    same("code", &code_of(&answer["rooms"][0]["problem"]), &"not_hub")?;
    let page = owner.events(&room, "?after=0&limit=10").await?.good()?;
    same("events", &page["events"], &json!([]))
}
