//! Makes appends of real events that continue a head.

use bytes::Bytes;
use holm_core::ports::{Append, Attachment, Entry, Expect, LogHead, StoredEntry};
use holm_protocol::event::Position;
use holm_protocol::{Event, EventHeader, EventKind, Hash, RoomUri};

use crate::names::{hash, server};

/// The head of an empty log.
pub(crate) fn origin(room: &RoomUri) -> LogHead {
    head_at(Position::origin(room))
}

/// A head at a place, of epoch 0.
pub(crate) fn head_at(position: Position) -> LogHead {
    LogHead {
        position,
        generation: 0,
        epoch: 0,
        epoch_floor: 0,
        commit_seq: 0,
        fence: 0,
    }
}

/// The event that continues `position`; its time is its number in seconds.
pub(crate) fn event(room: &RoomUri, position: &Position, kind: EventKind, body: &[u8]) -> Event {
    let seq = position.seq + 1;
    let header = EventHeader {
        room: room.clone(),
        seq,
        time: seq * 1_000,
        kind,
        prev: position.hash,
    };
    Event::new(header, body.to_vec())
}

/// An append that continues `head` with one message a body, under the body's hash as key.
pub(crate) fn messages(room: &RoomUri, head: &LogHead, bodies: &[&str]) -> Append {
    let mut position = head.position;
    let mut entries = Vec::new();
    for body in bodies {
        let event = event(room, &position, EventKind::MESSAGE, body.as_bytes());
        position = Position::after(&event);
        entries.push(Entry {
            seq: position.seq,
            kind: EventKind::MESSAGE,
            event: event.to_bytes().into(),
            idempotency_key: Some(hash(body)),
            attachment: None,
        });
    }
    append(room, head, entries, LogHead { position, ..*head })
}

/// An append that continues `head` with a commit that adds somebody.
pub(crate) fn commit(room: &RoomUri, head: &LogHead, body: &str) -> Append {
    let event = event(room, &head.position, EventKind::COMMIT, body.as_bytes());
    let entry = Entry {
        seq: event.header.seq,
        kind: EventKind::COMMIT,
        event: event.to_bytes().into(),
        idempotency_key: None,
        attachment: Some(Attachment {
            welcome: Bytes::from(format!("welcome to {body}")),
            interim: hash("interim"),
            servers: vec![server("skerry.test"), server("atoll.test")],
        }),
    };
    let after = LogHead {
        position: Position::after(&event),
        epoch: head.epoch + 1,
        epoch_floor: head.epoch,
        commit_seq: event.header.seq,
        ..*head
    };
    append(room, head, vec![entry], after)
}

/// What an append's entries are when they are read back.
pub(crate) fn stored(append: &Append) -> Vec<StoredEntry> {
    let stored = |entry: &Entry| StoredEntry {
        seq: entry.seq,
        kind: entry.kind,
        event: entry.event.clone(),
        attachment: entry.attachment.clone(),
    };
    append.entries.iter().map(stored).collect()
}

/// A hash that is no event's.
pub(crate) fn foreign() -> Hash {
    hash("another history")
}

fn append(room: &RoomUri, head: &LogHead, entries: Vec<Entry>, after: LogHead) -> Append {
    Append {
        room: room.clone(),
        expect: Expect {
            seq: head.position.seq,
            hash: head.position.hash,
            fence: head.fence,
        },
        entries,
        head: after,
        stored_for: Vec::new(),
    }
}
