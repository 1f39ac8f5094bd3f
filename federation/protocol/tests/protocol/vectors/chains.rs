//! `chains.json`.

use holm_protocol::event::{ChainBreak, Position};
use holm_protocol::{Event, EventHeader, EventKind, Hash, RoomUri};
use serde_json::{Value, json};

use super::File;
use super::case::{Case, hex, unhex};
use crate::fixtures::{NOW, islet, room};

fn next(at: &Position, body: &[u8]) -> Event {
    let header = EventHeader {
        room: room(),
        seq: at.seq + 1,
        time: at.time.max(NOW) + 5,
        kind: EventKind::MESSAGE,
        prev: at.hash,
    };
    Event::new(header, body.to_vec())
}

/// Three events of the room.
fn log() -> Vec<Event> {
    let mut at = Position::origin(&room());
    let append = |body: &str| {
        let event = next(&at, body.as_bytes());
        at = Position::after(&event);
        event
    };
    ["one", "two", "three"].into_iter().map(append).collect()
}

fn position(at: &Position) -> Value {
    json!({ "seq": at.seq, "hash": hex(at.hash.0), "time": at.time })
}

fn case(name: &str, ids: &[&str], start: Option<&Position>, events: &[Event]) -> Value {
    let mut case = json!({
        "name": name, "requirements": ids, "room": room(),
        "events": events.iter().map(|event| hex(event.to_bytes())).collect::<Vec<_>>(),
    });
    if let Some(start) = start {
        case["start"] = position(start);
    }
    case
}

fn ends(mut case: Value, last: &Event) -> Value {
    case["end"] = position(&Position::after(last));
    case
}

fn breaks(mut case: Value, at: usize, reason: &str) -> Value {
    case["break"] = json!({ "at": at, "reason": reason });
    case
}

/// The log with its second event changed.
fn changed(change: impl FnOnce(&mut Event)) -> Vec<Event> {
    let mut events = log();
    change(&mut events[1]);
    events
}

fn whole() -> Vec<Value> {
    let (log, last) = (log(), Event::from_bytes(&log()[2].to_bytes()).unwrap());
    let anchor = Position::after(&log[0]);
    let mut standing = vec![log[0].clone()];
    let mut second = next(&anchor, b"two");
    second.header.time = log[0].header.time;
    standing.push(second.clone());
    let all = ["LOG-2", "LOG-3", "LOG-4", "LOG-6"];
    vec![
        ends(case("a whole log", &all, None, &log), &last),
        ends(
            case(
                "the rest of a log from an anchor",
                &all,
                Some(&anchor),
                &log[1..],
            ),
            &last,
        ),
        ends(
            case("a clock that stands still", &["LOG-3"], None, &standing),
            &second,
        ),
    ]
}

/// Runs whose events do not follow one another.
fn broken_runs() -> Vec<Value> {
    let log = log();
    let of = |name, events: &[Event], at, reason| {
        breaks(case(name, &["LOG-2", "LOG-6"], None, events), at, reason)
    };
    let twice = [log[0].clone(), log[0].clone()];
    let without = [log[0].clone(), log[2].clone()];
    let zero = changed(|e| e.header.seq = 0);
    let no_origin = changed(|e| e.header.seq = 1);
    let last = Position {
        seq: u64::MAX >> 11,
        hash: Hash::sha256(b"an event"),
        time: NOW,
    };
    let mut after = next(&last, b"more");
    after.header.seq = last.seq;
    let stands = case("a seq that stands still", &["LOG-2"], Some(&last), &[after]);
    vec![
        of("an event left out", &without, 1, "gap"),
        of("an event doubled", &twice, 1, "gap"),
        of("a log that begins at 0", &zero[1..], 0, "gap"),
        of("a seq that jumps", &changed(|e| e.header.seq = 3), 1, "gap"),
        of(
            "a first event that names no origin",
            &no_origin[1..],
            0,
            "fork",
        ),
        breaks(stands, 0, "gap"),
    ]
}

/// Runs with one event changed.
fn broken_events() -> Vec<Value> {
    let of = |name, id, events: &[Event], at, reason| {
        breaks(case(name, &[id, "LOG-6"], None, events), at, reason)
    };
    let other = RoomUri::new(&islet(), "other").unwrap();
    let elsewhere = changed(|e| e.header.room = other);
    let prev = changed(|e| e.header.prev = Hash([0; 32]));
    let body = changed(|e| *e = Event::new(e.header.clone(), b"2".to_vec()));
    let kind = changed(|e| e.header.kind = EventKind::CLOSE);
    let falls = changed(|e| e.header.time = NOW);
    vec![
        of("an event of another room", "LOG-6", &elsewhere, 1, "room"),
        of("a prev that is another's", "LOG-4", &prev, 1, "fork"),
        of(
            "a body changed, found at the next event",
            "LOG-4",
            &body,
            2,
            "fork",
        ),
        of(
            "a kind changed, found at the next event",
            "LOG-4",
            &kind,
            2,
            "fork",
        ),
        of("a clock that falls", "LOG-3", &falls, 1, "time"),
    ]
}

fn file() -> File {
    File {
        name: "chains",
        description: "Runs of events: where a log is continued, and where and why it breaks.",
        format: &[
            "room: whose log it is to be",
            "start: the place before the first event; absent, the origin of the room (seq 0, time 0, its origin hash)",
            "events: their bytes, as in events.json",
            "end: the place after the last event: its seq, hash and time",
            "break: index of the first event that does not continue the log, and why: room (another's), gap (not the next seq), fork (prev is not the hash before), time (earlier than the event before), judged in this order",
        ],
        shared: Value::Null,
        cases: [whole(), broken_runs(), broken_events()].concat(),
    }
}

fn start(case: &Case<'_>, room: &RoomUri) -> Position {
    if !case.has("start") {
        return Position::origin(room);
    }
    let start = case.part("start");
    Position {
        seq: start.number("seq"),
        hash: Hash(start.array("hash")),
        time: start.number("time"),
    }
}

fn reason(error: ChainBreak) -> &'static str {
    match error {
        ChainBreak::Room => "room",
        ChainBreak::Gap { .. } => "gap",
        ChainBreak::Fork(_) => "fork",
        ChainBreak::Time(_) => "time",
    }
}

/// LOG-2, LOG-3, LOG-4, LOG-6
#[test]
fn every_case_of_chains_holds() {
    file().run(|case, _| {
        let room = RoomUri::parse(case.text("room")).unwrap();
        let mut at = start(case, &room);
        for (index, bytes) in case.list("events").iter().enumerate() {
            let event = Event::from_bytes(&unhex(bytes.as_str().unwrap())).unwrap();
            match at.check_next(&room, &event) {
                Ok(next) => at = next,
                Err(error) => {
                    let found = json!({ "at": index, "reason": reason(error) });
                    assert_eq!(&found, case.value("break"), "{}", case.name());
                    return;
                }
            }
        }
        assert_eq!(&position(&at), case.value("end"), "{}", case.name());
    });
}
