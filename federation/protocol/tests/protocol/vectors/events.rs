//! `events.json`.

use holm_protocol::encoding::encode;
use holm_protocol::event::origin_hash;
use holm_protocol::{Event, EventHeader, EventKind, Hash, RoomUri};
use serde_json::{Value, json};

use super::File;
use super::case::{Case, hex};
use crate::fixtures::{NOW, islet, room};

fn event(seq: u64, kind: EventKind, prev: Hash, body: &[u8]) -> Event {
    let header = EventHeader {
        room: room(),
        seq,
        time: NOW,
        kind,
        prev,
    };
    Event::new(header, body.to_vec())
}

fn valid(name: &str, ids: &[&str], event: &Event) -> Value {
    let header = &event.header;
    json!({
        "name": name, "requirements": ids, "kind": "event", "valid": true,
        "header": {
            "room": header.room, "seq": header.seq, "time": header.time, "kind": header.kind.0,
            "prev": hex(header.prev.0),
        },
        "body": hex(&event.body), "header_bytes": hex(encode(header)),
        "bytes": hex(event.to_bytes()), "hash": hex(event.hash().0),
    })
}

fn invalid(name: &str, bytes: &[u8]) -> Value {
    json!({
        "name": name, "requirements": ["ENC-2"], "kind": "event", "valid": false,
        "bytes": hex(bytes),
    })
}

fn valid_events() -> Vec<Value> {
    let first = event(1, EventKind::MESSAGE, origin_hash(&room()), b"ciphertext");
    let prev = first.hash();
    vec![
        valid(
            "the first event of a room",
            &["LOG-1", "LOG-4", "ENC-1"],
            &first,
        ),
        valid(
            "an empty body",
            &["LOG-1"],
            &event(2, EventKind::CLOSE, prev, b""),
        ),
        valid(
            "a body of 63 bytes",
            &["LOG-1", "ENC-2"],
            &event(2, EventKind::COMMIT, prev, &[7; 63]),
        ),
        valid(
            "a body of 64 bytes",
            &["LOG-1", "ENC-2"],
            &event(2, EventKind::COMMIT, prev, &[7; 64]),
        ),
        valid(
            "a body of 16384 bytes",
            &["LOG-1", "ENC-2"],
            &event(2, EventKind::RESET, prev, &[0; 16_384]),
        ),
        valid(
            "a kind not known",
            &["LOG-5"],
            &event(2, EventKind(0xffff), prev, b"later"),
        ),
    ]
}

fn invalid_events() -> Vec<Value> {
    let good = event(1, EventKind::MESSAGE, origin_hash(&room()), b"ciphertext").to_bytes();
    let uri = room().as_str().len();
    let mut long_length = vec![0x40, 29];
    long_length.extend(&good[1..]);
    let mut upper_case = good.clone();
    upper_case[8] = b'I';
    let mut long_body = good.clone();
    let at = 1 + uri + 8 + 8 + 2 + 32;
    long_body[at] += 1;
    vec![
        invalid("no bytes", b""),
        invalid("one byte too few", &good[..good.len() - 1]),
        invalid("one byte too many", &[good.as_slice(), &[0]].concat()),
        invalid("a length in two bytes that fits one", &long_length),
        invalid("a room that is not canonical", &upper_case),
        invalid("a body longer than the bytes there are", &long_body),
    ]
}

fn origins() -> Vec<Value> {
    let of = |room: &RoomUri| {
        json!({
            "name": format!("the origin of {room}"), "requirements": ["LOG-4", "SIG-1"],
            "kind": "origin", "room": room, "hash": hex(origin_hash(room).0),
        })
    };
    vec![of(&room()), of(&RoomUri::new(&islet(), "other").unwrap())]
}

fn file() -> File {
    File {
        name: "events",
        description: "Events of a log in their binary form, and their hashes; the hash that the first event of a room names.",
        format: &[
            "kind: event or origin",
            "header: room as text, seq, time (ms), kind as numbers, prev",
            "header_bytes: opaque room<V>, uint64 seq, uint64 time, uint16 kind, prev[32]; lengths as in RFC 9420 section 2.1.2",
            "bytes: header_bytes, then opaque body<V>; of an invalid case the bytes to refuse",
            "hash: SHA-256(opaque label<V> = \"holm event v1\" || header_bytes || SHA-256(body)); of an origin SHA-256(opaque label<V> = \"holm room v1\" || room)",
        ],
        shared: Value::Null,
        cases: [valid_events(), invalid_events(), origins()].concat(),
    }
}

fn check_event(case: &Case<'_>) {
    let read = Event::from_bytes(&case.bytes("bytes"));
    assert_eq!(read.is_ok(), case.flag("valid"), "{}", case.name());
    let Ok(read) = read else { return };
    let part = case.part("header");
    let header = EventHeader {
        room: RoomUri::parse(part.text("room")).unwrap(),
        seq: part.number("seq"),
        time: part.number("time"),
        kind: EventKind(part.small("kind")),
        prev: Hash(part.array("prev")),
    };
    assert_eq!(
        encode(&header),
        case.bytes("header_bytes"),
        "{}",
        case.name()
    );
    let event = Event::new(header, case.bytes("body"));
    assert_eq!(event.to_bytes(), case.bytes("bytes"), "{}", case.name());
    assert_eq!(event.hash().0, case.array("hash"), "{}", case.name());
    assert_eq!(read, event, "{}", case.name());
}

/// LOG-1, LOG-4, LOG-5, ENC-1, ENC-2, SIG-1
#[test]
fn every_case_of_events_holds() {
    file().run(|case, _| {
        if case.text("kind") == "event" {
            return check_event(case);
        }
        let room = RoomUri::parse(case.text("room")).unwrap();
        assert_eq!(origin_hash(&room).0, case.array("hash"), "{}", case.name());
    });
}
