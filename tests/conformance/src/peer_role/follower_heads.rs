//! Heads beside events that do not count (HEAD-1 to HEAD-3): the events are not taken.

use std::sync::Arc;

use holm_protocol::{Event, EventKind, Hash};
use serde_json::json;

use super::follower_pages::page_of;
use super::led::{Led, signed};
use super::plan::{Plan, plan};
use super::stage::Stage;
use crate::client_role::device::base64;
use crate::client_role::fault::same;

/// What is wrong with a head, given the room and the next event.
type HeadOf = fn(&Led, &Event) -> String;

/// Heads that do not count (HEAD-1 to HEAD-3): the events beside them are not taken.
#[expect(clippy::too_many_lines, reason = "a table")]
pub(crate) fn plans() -> Vec<Plan> {
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
