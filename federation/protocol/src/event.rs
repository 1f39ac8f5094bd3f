//! Events: the entries of a room's log, and the chain that ties them together.
//!
//! An event is a header and a body; its hash covers the header and the body's hash, so that a
//! body may go while chain and proofs stay (LOG-1 to LOG-5). Each event names the hash of the one
//! before; the first names a hash of the room's URI (spec 03 §1, §2).

use tls_codec::{TlsDeserializeBytes, TlsSerialize, TlsSize, VLBytes};

use crate::encoding::{Malformed, decode, encode};
use crate::signing::{Hash, Label};
use crate::uri::RoomUri;

/// What an event is. Kinds not known are stored, chained and skipped (LOG-5).
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    TlsSize,
    TlsSerialize,
    TlsDeserializeBytes,
)]
pub struct EventKind(pub u16);

impl EventKind {
    /// An MLS PrivateMessage with application data.
    pub const MESSAGE: Self = Self(1);
    /// A [`crate::bundle::CommitBody`].
    pub const COMMIT: Self = Self(2);
    /// The start of the room's next generation.
    pub const RESET: Self = Self(3);
    /// The end of the room.
    pub const CLOSE: Self = Self(4);
}

/// All of an event but its body (LOG-1).
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct EventHeader {
    /// The room whose log this is an entry of.
    pub room: RoomUri,
    /// Position in the log, from 1 without a gap (LOG-2).
    pub seq: u64,
    /// The hub's clock, milliseconds since 1970; never falls along the log (LOG-3).
    pub time: u64,
    /// What the body is.
    pub kind: EventKind,
    /// Hash of the event before (LOG-4).
    pub prev: Hash,
}

/// An entry of a room's log (LOG-1).
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct Event {
    /// Where it stands and what it is.
    pub header: EventHeader,
    /// Opaque to the log.
    pub body: VLBytes,
}

impl Event {
    /// An event with its parts.
    pub fn new(header: EventHeader, body: Vec<u8>) -> Self {
        Self {
            header,
            body: VLBytes::new(body),
        }
    }

    /// The event's hash: label, header, SHA-256 of the body (LOG-4).
    pub fn hash(&self) -> Hash {
        let body = Hash::sha256(self.body.as_slice());
        Label::EVENT.hash(&[&encode(&self.header), &body.0])
    }

    /// The event's bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        encode(self)
    }

    /// Reads exactly one event.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Malformed> {
        decode(bytes)
    }
}

/// The `prev` of a room's first event, and the hash of an empty log's head (LOG-4).
pub fn origin_hash(room: &RoomUri) -> Hash {
    Label::ROOM.hash(&[room.as_str().as_bytes()])
}

/// A place in a log: what the next event has to continue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Number of the newest event; 0 before the first.
    pub seq: u64,
    /// Its hash.
    pub hash: Hash,
    /// Its time.
    pub time: u64,
}

/// Why an event does not continue a log (LOG-6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChainBreak {
    /// Another room's event.
    #[error("the event belongs to another room")]
    Room,
    /// Events between are missing.
    #[error("the next event is {expected}, not {found}")]
    Gap {
        /// Number that would continue the log.
        expected: u64,
        /// Number found.
        found: u64,
    },
    /// `prev` is not the hash of the event before: two histories.
    #[error("event {0} does not continue this log: another history")]
    Fork(u64),
    /// The clock fell.
    #[error("the time of event {0} lies before that of the event before it")]
    Time(u64),
}

impl Position {
    /// The place before the first event of `room`.
    pub fn origin(room: &RoomUri) -> Self {
        Self {
            seq: 0,
            hash: origin_hash(room),
            time: 0,
        }
    }

    /// The place after `event`.
    pub fn after(event: &Event) -> Self {
        Self {
            seq: event.header.seq,
            hash: event.hash(),
            time: event.header.time,
        }
    }

    /// Checks that `event` continues the log here (LOG-2, LOG-3, LOG-4, LOG-6).
    pub fn check_next(&self, room: &RoomUri, event: &Event) -> Result<Self, ChainBreak> {
        let header = &event.header;
        // A copy may begin at any event, so also at the last number there is.
        let expected = self.seq.saturating_add(1);
        if header.room != *room {
            return Err(ChainBreak::Room);
        }
        if header.seq != expected || header.seq == self.seq {
            return Err(ChainBreak::Gap {
                expected,
                found: header.seq,
            });
        }
        if header.prev != self.hash {
            return Err(ChainBreak::Fork(header.seq));
        }
        if header.time < self.time {
            Err(ChainBreak::Time(header.seq))
        } else {
            Ok(Self::after(event))
        }
    }
}
