//! The chain of a log: whatever is changed in it is found (LOG-1 to LOG-6).

use holm_protocol::event::{ChainBreak, Position, origin_hash};
use holm_protocol::{Event, EventHeader, EventKind, Hash, RoomUri};
use proptest::collection::vec;
use proptest::prelude::{Strategy, any, prop_assert, prop_assert_eq, proptest};
use proptest::sample::Index;

use crate::fixtures::room;
use crate::strategies;

/// A log of `room` with these bodies, kinds and steps of time.
fn log(room: &RoomUri, entries: Vec<(Vec<u8>, u16, u64)>) -> Vec<Event> {
    let mut position = Position::origin(room);
    let append = |(body, kind, step)| {
        let header = EventHeader {
            room: room.clone(),
            seq: position.seq + 1,
            time: position.time + step,
            kind: EventKind(kind),
            prev: position.hash,
        };
        let event = Event::new(header, body);
        position = Position::after(&event);
        event
    };
    entries.into_iter().map(append).collect()
}

fn logs() -> impl Strategy<Value = Vec<Event>> {
    let entry = (strategies::bytes(), any::<u16>(), 0_u64..10);
    vec(entry, 1..8).prop_map(|entries| log(&room(), entries))
}

/// Where the log ends, or the first break.
fn walk(events: &[Event]) -> Result<Position, ChainBreak> {
    let room = room();
    events
        .iter()
        .try_fold(Position::origin(&room), |at, event| {
            at.check_next(&room, event)
        })
}

proptest! {
    /// LOG-2, LOG-4, LOG-5, LOG-6
    #[test]
    fn a_log_of_any_kinds_is_followed_to_its_end(events in logs()) {
        let last = events.last().unwrap();
        prop_assert_eq!(walk(&events), Ok(Position::after(last)));
    }

    /// LOG-4, LOG-6
    #[test]
    fn a_changed_bit_anywhere_before_the_end_is_found(
        events in logs(), at in any::<Index>(), byte in any::<Index>(), bit in 0_u8..8
    ) {
        let head = walk(&events).unwrap();
        let mut changed = events.clone();
        let index = at.index(events.len());
        let mut bytes = events[index].to_bytes();
        let place = byte.index(bytes.len());
        bytes[place] ^= 1 << bit;
        // Bytes that are no event any more are found by decoding.
        if let Ok(event) = Event::from_bytes(&bytes) {
            changed[index] = event;
            prop_assert!(walk(&changed) != Ok(head));
        }
    }

    /// LOG-2, LOG-6
    #[test]
    fn an_event_left_out_doubled_or_swapped_is_found(events in logs(), at in any::<Index>()) {
        let index = at.index(events.len());
        let head = walk(&events).unwrap();
        let mut shorter = events.clone();
        shorter.remove(index);
        prop_assert!(walk(&shorter) != Ok(head));
        let mut doubled = events.clone();
        doubled.insert(index, events[index].clone());
        prop_assert!(walk(&doubled).is_err());
        let mut swapped = events.clone();
        swapped.swap(index, 0);
        prop_assert!(index == 0 || walk(&swapped).is_err());
    }

    /// LOG-4
    #[test]
    fn a_hash_stands_for_header_and_body(a in strategies::event(), b in strategies::event()) {
        prop_assert_eq!(a == b, a.hash() == b.hash());
    }

    /// LOG-4
    #[test]
    fn the_hash_needs_the_hash_of_the_body_alone(event in strategies::event()) {
        use holm_protocol::encoding::encode;
        use holm_protocol::signing::Label;
        let body = Hash::sha256(event.body.as_slice());
        let hash = Label::EVENT.hash(&[&encode(&event.header), &body.0]);
        prop_assert_eq!(hash, event.hash());
    }

    /// LOG-6
    #[test]
    fn no_position_and_event_panic(event in strategies::event(), seq in any::<u64>(), time in any::<u64>()) {
        let position = Position { seq, hash: event.header.prev, time };
        let next = position.check_next(&event.header.room, &event);
        let follows = seq.checked_add(1) == Some(event.header.seq) && event.header.time >= time;
        prop_assert_eq!(next.is_ok(), follows);
    }
}

fn entries() -> Vec<(Vec<u8>, u16, u64)> {
    vec![
        (b"one".to_vec(), 1, 5),
        (b"two".to_vec(), 1, 0),
        (b"three".to_vec(), 2, 1),
    ]
}

/// LOG-6
#[test]
fn each_break_has_its_reason() {
    let events = log(&room(), entries());
    let at = Position::after(&events[0]);
    let next = |change: fn(&mut EventHeader)| {
        let mut event = events[1].clone();
        change(&mut event.header);
        at.check_next(&room(), &event).unwrap_err()
    };
    let elsewhere = RoomUri::new(&crate::fixtures::islet(), "other").unwrap();
    assert_eq!(at.check_next(&elsewhere, &events[1]), Err(ChainBreak::Room));
    let gap = ChainBreak::Gap {
        expected: 2,
        found: 3,
    };
    assert_eq!(next(|h| h.seq = 3), gap);
    assert_eq!(next(|h| h.prev = Hash([0; 32])), ChainBreak::Fork(2));
    assert_eq!(next(|h| h.time = 4), ChainBreak::Time(2));
}

/// LOG-3
#[test]
fn the_clock_may_stand_but_not_fall() {
    let events = log(&room(), entries());
    assert_eq!(events[0].header.time, events[1].header.time);
    assert!(walk(&events).is_ok());
}

/// LOG-6
#[test]
fn a_copy_that_begins_at_the_last_number_there_is_takes_nothing_more() {
    let mut last = log(&room(), entries()).remove(0);
    last.header.seq = u64::MAX;
    let position = Position::after(&last);
    let mut next = last.clone();
    next.header.prev = position.hash;
    assert!(position.check_next(&room(), &next).is_err());
}

/// LOG-4
#[test]
fn two_rooms_begin_differently() {
    let other = RoomUri::new(&crate::fixtures::skerry(), "harbor").unwrap();
    assert_ne!(origin_hash(&room()), origin_hash(&other));
}
