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
use crate::client_role::device::change::Change;
use crate::client_role::fault::{Check, ensure, same};

/// All of them.
pub(crate) fn plans() -> Vec<Plan> {
    let mut plans = vec![
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
        plan(
            "follower.page.commit_broken",
            "a commit that MLS refuses sets the room aside",
            "FED-5 S18 M09",
            commit_broken,
        ),
        plan(
            "follower.page.commit_unadmitted",
            "a commit that admission refuses sets the room aside",
            "FED-5 ADM-2 S28 M26",
            commit_unadmitted,
        ),
        plan(
            "follower.page.commit_of_other_epoch",
            "a commit of an epoch to come sets the room aside",
            "FED-5 M07",
            commit_epoch,
        ),
        plan(
            "follower.page.commit_garbage",
            "a commit event without a commit sets the room aside",
            "LOG-10 M01",
            commit_garbage,
        ),
        plan(
            "follower.page.hub_moved",
            "a commit that moves the hub sets the room aside",
            "ADM-11 S28",
            hub_moved,
        ),
        plan(
            "follower.page.commit_good",
            "a member's commit is taken",
            "FED-5 ROOM-8",
            commit_good,
        ),
    ];
    plans.extend(heads());
    plans
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
fn page_of(led: &Led, event: &Event) -> Value {
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

/// The room is set aside, and stays so.
async fn sets_aside(led: &mut Led, event: Event) -> Check {
    let page = page_of(led, &event);
    led.refuses(page, 1, "room_stopped").await?;
    let honest = led.strange();
    led.refuses(led.page(&[honest]), 1, "room_stopped").await?;
    same("events", &led.stored().await?, &1)
}

async fn commit_broken(stage: Arc<Stage>) -> Check {
    let mut led = Led::entered(&stage).await?;
    let mut bundle = led.owner.commit(&Change::update())?;
    let at = bundle.commit.len() - 70;
    bundle.commit[at] ^= 1;
    let event = led.next(EventKind::COMMIT, bundle.body().to_bytes());
    sets_aside(&mut led, event).await
}

async fn commit_unadmitted(stage: Arc<Stage>) -> Check {
    let mut led = Led::entered(&stage).await?;
    let mut extension = led.owner.extension()?;
    extension.roles.clear();
    let bundle = led.owner.commit(&Change::extend(extension))?;
    let event = led.next(EventKind::COMMIT, bundle.body().to_bytes());
    sets_aside(&mut led, event).await
}

async fn commit_epoch(stage: Arc<Stage>) -> Check {
    let mut led = Led::entered(&stage).await?;
    led.commit(&Change::update())?;
    let bundle = led.owner.commit(&Change::update())?;
    let event = led.next(EventKind::COMMIT, bundle.body().to_bytes());
    sets_aside(&mut led, event).await
}

async fn commit_garbage(stage: Arc<Stage>) -> Check {
    for body in [Vec::new(), vec![0; 100], b"\x00\x01\x00\x01".to_vec()] {
        let mut led = Led::entered(&stage).await?;
        let event = led.next(EventKind::COMMIT, body);
        sets_aside(&mut led, event).await?;
    }
    Ok(())
}

async fn hub_moved(stage: Arc<Stage>) -> Check {
    let mut led = Led::entered(&stage).await?;
    let mut extension = led.owner.extension()?;
    extension.hub.term += 1;
    extension.hub.domain = stage.target.domain.as_bytes().to_vec().into();
    let bundle = led.owner.commit(&Change::extend(extension))?;
    let event = led.next(EventKind::COMMIT, bundle.body().to_bytes());
    sets_aside(&mut led, event).await
}

async fn commit_good(stage: Arc<Stage>) -> Check {
    let mut led = Led::entered(&stage).await?;
    let (bundle, _) = led.commit(&Change::update())?;
    let event = led.commit_event(&bundle);
    led.takes(led.page(&[event]), 2).await?;
    led.goes_on().await
}

/// What is wrong with a head, given the room and the next event.
type HeadOf = fn(&Led, &Event) -> String;

/// Heads that do not count (HEAD-1 to HEAD-3): the events beside them are not taken.
fn heads() -> Vec<Plan> {
    let all: [(&str, &str, HeadOf); 15] = [
        ("empty", "no head", |_, _| String::new()),
        ("garbage", "bytes that are none", |_, _| base64(&[1; 200])),
        ("longer", "a byte more", |led, event| {
            base64(&[raw(led, event), vec![0]].concat())
        }),
        ("cut", "its last byte cut off", |led, event| {
            let bytes = raw(led, event);
            base64(&bytes[..bytes.len() - 1])
        }),
        (
            "signature_bit",
            "a turned bit in the signature",
            |led, event| {
                let mut bytes = raw(led, event);
                let at = bytes.len() - 20;
                bytes[at] ^= 1;
                base64(&bytes)
            },
        ),
        ("unknown_key", "a key that is not listed", |led, event| {
            signed(to(led, event), "m9", &led.peer.room_key)
        }),
        ("key_id_empty", "a key without name", |led, event| {
            signed(to(led, event), "", &led.peer.room_key)
        }),
        (
            "key_id_long",
            "a key of a name of 10,000 letters",
            |led, event| signed(to(led, event), &"m".repeat(10_000), &led.peer.room_key),
        ),
        ("request_key", "the server's request key", |led, event| {
            signed(to(led, event), "r1", &led.peer.request_key)
        }),
        (
            "other_signer",
            "another key under the right name",
            |led, event| signed(to(led, event), "m1", &led.peer.request_key),
        ),
        ("root", "the root key", |led, event| {
            signed(to(led, event), "m1", &led.peer.root)
        }),
        ("other_room", "another room's name", |led, event| {
            let mut head = to(led, event);
            head.room = holm_protocol::RoomUri::new(&led.peer.name, "other").unwrap_or(head.room);
            signed(head, "m1", &led.peer.room_key)
        }),
        ("other_term", "another term", |led, event| {
            let mut head = to(led, event);
            head.term += 1;
            signed(head, "m1", &led.peer.room_key)
        }),
        ("behind", "a number before the events", |led, event| {
            let mut head = to(led, event);
            head.seq = 1;
            signed(head, "m1", &led.peer.room_key)
        }),
        (
            "other_hash",
            "another hash at the number of the last event",
            |led, event| {
                let mut head = to(led, event);
                head.hash = Hash([9; 32]);
                signed(head, "m1", &led.peer.room_key)
            },
        ),
    ];
    let plans = all.into_iter().map(|(name, what, head)| {
        let title = format!("a head with {what} is refused with its events");
        let cites = "HEAD-1 HEAD-2 HEAD-3 FED-5 S18";
        plan(
            format!("follower.head.{name}"),
            title,
            cites,
            move |stage| async move {
                let mut led = Led::entered(&stage).await?;
                let event = led.next(EventKind(99), vec![1]);
                let mut page = page_of(&led, &event);
                page["head"] = json!(head(&led, &event));
                led.refuses(page, 1, "invalid_head").await?;
                same("events", &led.stored().await?, &1)?;
                led.goes_on().await
            },
        )
    });
    let expired = plan(
        "follower.head.key_expired",
        "a head of a time at which its key did not count is refused",
        "HEAD-3 DOC-3 S10 F49",
        |stage: Arc<Stage>| async move {
            let mut led = Led::entered(&stage).await?;
            let event = led.next(EventKind(99), vec![1]);
            let mut head = to(&led, &event);
            head.time += 3 * 24 * 3_600_000;
            let mut page = page_of(&led, &event);
            page["head"] = json!(signed(head, "m1", &led.peer.room_key));
            led.refuses(page, 1, "invalid_head").await?;
            led.goes_on().await
        },
    );
    plans.chain([expired]).collect()
}

/// An honest head to an event, not signed.
fn to(led: &Led, event: &Event) -> holm_protocol::Head {
    let mut head = led.unsigned_head();
    (head.seq, head.hash) = (event.header.seq, event.hash());
    head
}

/// An honest head to an event, as bytes.
fn raw(led: &Led, event: &Event) -> Vec<u8> {
    let head = to(led, event);
    holm_protocol::encoding::encode(&holm_protocol::SignedHead::sign(
        head,
        "m1",
        &led.peer.room_key,
    ))
}
