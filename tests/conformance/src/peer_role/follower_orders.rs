//! A hub brings open orders to the server under test as a follower (FED-5, ORD-1, ORD-2, ORD-5),
//! and heads that say it is behind, so that it pulls (FED-6, FED-7).

use std::sync::{Arc, Mutex};
use std::time::Duration;

use holm_protocol::encoding::encode;
use holm_protocol::order::{Order, Reason, Subject};
use holm_protocol::{EventKind, PrivateKey, RoomUri, SignedOrder};
use serde_json::{Value, json};

use super::door::Reply;
use super::led::Led;
use super::plan::{Plan, plan};
use super::stage::Stage;
use crate::chance::now_ms;
use crate::client_role::device::base64;
use crate::client_role::fault::{Check, During, ensure, same};

/// An order as a hub would not write it.
type Make = fn(&Led) -> String;

/// All of them.
pub(crate) fn plans() -> Vec<Plan> {
    let mut plans: Vec<_> = orders().into_iter().map(brought).collect();
    plans.extend(pulls().into_iter().map(pulled));
    plans.push(plan(
        "follower.pull.catches_up",
        "a follower that learns that it is behind pulls",
        "FED-6 FED-7 F20",
        catches_up,
    ));
    plans.push(plan(
        "follower.pull.not_from_others",
        "a follower pulls from the hub alone",
        "FED-6 FED-5 S16",
        not_from_others,
    ));
    plans
}

fn order(led: &Led) -> Order {
    Order {
        room: led.room.clone(),
        generation: 0,
        subject: Subject::User(led.guest.user.clone()),
        reason: Reason::LEAVE,
        time: now_ms(),
    }
}

fn signed(order: Order, key_id: &str, key: &PrivateKey) -> String {
    base64(&encode(&SignedOrder::sign(order, key_id, key)))
}

/// Name, what it is, the code it is refused with (empty: taken or passed over), and the order.
#[expect(clippy::too_many_lines, reason = "a table")]
fn orders() -> Vec<(&'static str, &'static str, &'static str, Make)> {
    vec![
        ("correct", "an order of the hub", "", |led| {
            signed(order(led), "m1", &led.peer.room_key)
        }),
        ("device", "an order about a device", "", |led| {
            let mut order = order(led);
            order.subject = Subject::Device(led.guest.identity.device.clone());
            signed(order, "m1", &led.peer.room_key)
        }),
        (
            "unknown_reason",
            "an order of a reason nobody knows",
            "",
            |led| {
                let mut order = order(led);
                order.reason = Reason(60_000);
                signed(order, "m1", &led.peer.room_key)
            },
        ),
        (
            "nobody",
            "an order about somebody who is not there",
            "",
            |led| {
                let mut order = order(led);
                let user = format!("mimi://{}/u/nobody", led.peer.name);
                if let Ok(user) = user.parse() {
                    order.subject = Subject::User(user);
                }
                signed(order, "m1", &led.peer.room_key)
            },
        ),
        (
            "bit",
            "an order with a turned bit in its signature",
            "signature_invalid",
            |led| {
                let mut signed = SignedOrder::sign(order(led), "m1", &led.peer.room_key);
                signed.signature.0[1] ^= 1;
                base64(&encode(&signed))
            },
        ),
        (
            "other_key",
            "an order of another key",
            "signature_invalid",
            |led| signed(order(led), "m1", &led.peer.request_key),
        ),
        (
            "unlisted_key",
            "an order of a key that is not listed",
            "signature_invalid",
            |led| signed(order(led), "m9", &led.peer.room_key),
        ),
        (
            "request_key",
            "an order of the hub's request key",
            "signature_invalid",
            |led| signed(order(led), "r1", &led.peer.request_key),
        ),
        (
            "other_room",
            "an order for another room",
            "signature_invalid",
            |led| {
                let mut order = order(led);
                order.room = RoomUri::new(&led.peer.name, "other").unwrap_or(order.room);
                signed(order, "m1", &led.peer.room_key)
            },
        ),
        (
            "other_generation",
            "an order of another generation",
            "signature_invalid",
            |led| {
                let mut order = order(led);
                order.generation = 1;
                signed(order, "m1", &led.peer.room_key)
            },
        ),
        (
            "key_expired",
            "an order of a time at which its key did not count",
            "signature_invalid",
            |led| {
                let mut order = order(led);
                order.time += 3 * 24 * 3_600_000;
                signed(order, "m1", &led.peer.room_key)
            },
        ),
        ("garbage", "bytes that are no order", "malformed", |_| {
            base64(&[7; 90])
        }),
        ("empty", "no bytes", "malformed", |_| String::new()),
        ("subject_type", "a subject of no kind", "malformed", |led| {
            let order = order(led);
            let mut bytes = encode(&SignedOrder::sign(order, "m1", &led.peer.room_key));
            // The room's URI with its length, then four bytes of generation, then the kind.
            let at = 1 + usize::from(bytes[0]) + 4;
            bytes[at] = 3;
            base64(&bytes)
        }),
    ]
}

fn brought((name, what, code, make): (&'static str, &'static str, &'static str, Make)) -> Plan {
    let title = match code {
        "" => format!("{what} harms nothing"),
        code => format!("{what} is refused with {code}"),
    };
    plan(
        format!("follower.order.{name}"),
        title,
        "ORD-1 ORD-2 ORD-5 FED-5 S18",
        move |stage| async move {
            let mut led = Led::entered(&stage).await?;
            let mut page = led.page(&[]);
            page["orders"] = json!([make(&led)]);
            let (cursor, got) = led.bring(&page).await?;
            same("cursor and code", &(cursor, got.as_str()), &(1, code))?;
            led.goes_on().await
        },
    )
}

/// What the hub answers to a pull, given the page it ought to answer.
type Spoil = fn(&Led, Value) -> Reply;

fn pulls() -> Vec<(&'static str, &'static str, Spoil)> {
    vec![
        ("html", "a page for people", |_, _| {
            Reply::body(200, "text/html", "<html>")
        }),
        ("empty", "nothing", |_, _| {
            Reply::body(200, "application/json", "")
        }),
        ("not_found", "not_found", |_, _| {
            Reply::problem(404, "not_found")
        }),
        ("server_error", "500", |_, _| {
            Reply::problem(500, "internal")
        }),
        ("hung_up", "the end of the connection", |_, _| Reply::Cut),
        ("other_room", "another room's page", |led, mut page| {
            page["room"] = json!(format!("mimi://{}/r/other", led.peer.name));
            Reply::json(&page)
        }),
        (
            "targets_room",
            "a page of a room of the target",
            |led, mut page| {
                page["room"] = json!(format!("mimi://{}/r/other", led.peer.target));
                Reply::json(&page)
            },
        ),
        ("no_head", "a page without head", |_, mut page| {
            page["head"] = json!("");
            Reply::json(&page)
        }),
        (
            "garbage_event",
            "a page with an event that is none",
            |_, mut page| {
                page["events"] = json!(["AAAA"]);
                Reply::json(&page)
            },
        ),
        ("no_events", "a page without events", |_, mut page| {
            page["events"] = json!([]);
            Reply::json(&page)
        }),
        ("endless", "a page without end", |_, _| {
            Reply::Endless(
                b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{".to_vec(),
                vec![b' '; 65_536],
            )
        }),
        ("gap", "a page that begins further on", |led, mut page| {
            let mut event = led.next(EventKind(99), vec![1]);
            event.header.seq += 5;
            page["events"] = json!([base64(&event.to_bytes())]);
            Reply::json(&page)
        }),
    ]
}

/// Says that the follower is behind: it pulls, and gets this; later pages are taken.
fn pulled((name, what, spoil): (&'static str, &'static str, Spoil)) -> Plan {
    let title = format!("a pull that is answered with {what} harms nothing");
    plan(
        format!("follower.pull.{name}"),
        title,
        "FED-7 FED-10 S25 F29",
        move |stage| async move {
            let mut led = Led::entered(&stage).await?;
            let event = led.next(EventKind(99), vec![1]);
            let page = led.page(std::slice::from_ref(&event));
            led.peer
                .door
                .answer("/federation/v1/events/", spoil(&led, page));
            say_behind(&led, 5).await?;
            let asked = led.peer.door.wait(Duration::from_secs(30), is_pull).await;
            ensure(asked.is_some(), || "the follower did not pull".to_owned())?;
            // What the pull brought is refused; what the hub brings itself is taken.
            led.goes_on().await?;
            same("events", &led.stored().await?, &2)
        },
    )
}

fn is_pull(asked: &super::door::Asked) -> bool {
    asked.method == "GET" && asked.target.starts_with("/federation/v1/events/")
}

async fn say_behind(led: &Led, cursor: u64) -> Check {
    let rooms = json!({ "rooms": [{ "room": led.room, "cursor": cursor }] });
    led.peer
        .post("/federation/v1/heads", &rooms)
        .await?
        .expect_good()
}

async fn catches_up(stage: Arc<Stage>) -> Check {
    let mut led = Led::entered(&stage).await?;
    let events = [led.strange(), led.strange(), led.strange()];
    let page = Arc::new(Mutex::new(Some(led.page(&events))));
    let empty = led.page(&[]);
    led.peer.door.rule(move |asked| {
        let mut page = page
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        is_pull(asked).then(|| Reply::json(&page.take().unwrap_or_else(|| empty.clone())))
    });
    say_behind(&led, 4).await?;
    // A pull from behind the page says that it was taken.
    let further = |asked: &super::door::Asked| is_pull(asked) && asked.target.ends_with("after=4");
    let asked = led.peer.door.wait(Duration::from_secs(30), further).await;
    ensure(asked.is_some(), || {
        "the follower did not pull on".to_owned()
    })?;
    led.goes_on().await.during("after a pull")?;
    same("events", &led.stored().await?, &5)
}

async fn not_from_others(stage: Arc<Stage>) -> Check {
    let mut led = Led::entered(&stage).await?;
    let other = stage.peer().await?;
    let rooms = json!({ "rooms": [{ "room": led.room, "cursor": 50 }] });
    let answer = other.post("/federation/v1/heads", &rooms).await?.good()?;
    same("rooms", &answer["rooms"], &json!([]))?;
    led.goes_on().await?;
    same(
        "pulls at the other",
        &other.door.asked("/federation/v1/events/").len(),
        &0,
    )
}
