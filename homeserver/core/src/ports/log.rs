//! The log store: correctness comes from a conditional append on one partition, the room.
//!
//! `append` is all or nothing and only continues the head its caller saw, so "no gap" and "one
//! commit an epoch" are one compare-and-set. An entry holds all that must be atomic with its
//! event. No operation touches two rooms (LOG-2, LOG-9; ARCHITECTURE.md). What an append adds to
//! other servers' sums decides nothing in it, so a store of many partitions may count it there.

use bytes::Bytes;
use holm_protocol::event::Position;
use holm_protocol::{EventKind, Hash, RoomUri, ServerName};
use thiserror::Error;

use super::{Future, Stored};

/// An entry to be appended: an event and what must be atomic with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Number of the event.
    pub seq: u64,
    /// What it is.
    pub kind: EventKind,
    /// The event's exact bytes.
    pub event: Bytes,
    /// Key under which a repeated submit is recognized; the hub alone has it.
    pub idempotency_key: Option<Hash>,
    /// What joiners need, where a commit adds somebody.
    pub attachment: Option<Attachment>,
}

/// What joiners need beside the commit (LOG-14).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// The Welcome, as MLSMessage.
    pub welcome: Bytes,
    /// Interim transcript hash before the commit.
    pub interim: Hash,
    /// Servers with a device that the commit adds; the Welcome goes to them alone.
    pub servers: Vec<ServerName>,
}

/// An entry as it is read back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEntry {
    /// Number of the event.
    pub seq: u64,
    /// What it is.
    pub kind: EventKind,
    /// The event's exact bytes.
    pub event: Bytes,
    /// What joiners need, where a commit adds somebody.
    pub attachment: Option<Attachment>,
}

/// The newest place of a room's log, with what decides whether something may follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogHead {
    /// Number, hash and time of the newest event.
    pub position: Position,
    /// The room's generation.
    pub generation: u32,
    /// The MLS epoch within the generation.
    pub epoch: u64,
    /// The lowest epoch a message may be of (LOG-12, LOG-13).
    pub epoch_floor: u64,
    /// Number of the newest commit; 0 where there is none.
    pub commit_seq: u64,
    /// Generation of ownership: an append with a lower one is refused.
    pub fence: u64,
}

/// What an appender believes the head is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expect {
    /// Number of the newest event.
    pub seq: u64,
    /// Its hash.
    pub hash: Hash,
    /// The appender's fence.
    pub fence: u64,
}

/// One conditional append.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Append {
    /// The room.
    pub room: RoomUri,
    /// What the head has to be.
    pub expect: Expect,
    /// Consecutive entries, the first with `expect.seq + 1`.
    pub entries: Vec<Entry>,
    /// The head afterwards; its fence is stored too.
    pub head: LogHead,
    /// Bytes of the entries that are stored because of other servers, by server (FED-24).
    pub stored_for: Vec<(ServerName, u64)>,
}

impl Entry {
    /// Bytes it is stored with: the event and the Welcome beside it.
    #[must_use]
    pub fn stored_len(&self) -> usize {
        let welcome = self.attachment.as_ref().map_or(0, |a| a.welcome.len());
        self.event.len().saturating_add(welcome)
    }
}

/// Why nothing was appended, or why it is not known.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AppendError {
    /// Somebody else appended; here is the head now.
    #[error("the head has moved")]
    HeadMoved(Box<LogHead>),
    /// A newer owner has the room.
    #[error("fenced: the store has fence {0}")]
    Fenced(u64),
    /// An entry's idempotency key is in the log already.
    #[error("an idempotency key is in the log already, at {0}")]
    Repeated(u64),
    /// No such room.
    #[error("no log of this room")]
    NoLog,
    /// It may or may not have happened: read back by idempotency key.
    #[error("the outcome is unknown: {0}")]
    Unknown(String),
    /// Nothing has happened.
    #[error("the store is not available: {0}")]
    Unavailable(String),
}

/// The logs of all rooms.
pub trait LogStore: Send + Sync {
    /// Begins a copy of a room's log at `head`: the hub's at the origin, a follower's just before
    /// its anchor. A copy that exists is kept if it reaches that far, else begins anew there;
    /// its earlier entries stay.
    fn begin<'a>(&'a self, room: &'a RoomUri, head: LogHead) -> Stored<'a, LogHead>;

    /// Appends all or nothing.
    fn append(&self, append: Append) -> Future<'_, Result<(), AppendError>>;

    /// The head, or `None` where there is no log of the room.
    fn head<'a>(&'a self, room: &'a RoomUri) -> Stored<'a, Option<LogHead>>;

    /// Entries after `after` in order without a gap, at most `limit` and about `bytes_max` bytes
    /// of events (one entry at least).
    fn read<'a>(
        &'a self,
        room: &'a RoomUri,
        after: u64,
        limit: usize,
        bytes_max: usize,
    ) -> Stored<'a, Vec<StoredEntry>>;

    /// Number and time of the event accepted under an idempotency key.
    fn find<'a>(&'a self, room: &'a RoomUri, key: Hash) -> Stored<'a, Option<(u64, u64)>>;

    /// Takes the room over: counts the fence up and returns it.
    fn take_over<'a>(&'a self, room: &'a RoomUri) -> Stored<'a, u64>;

    /// Rooms whose newest commit lies past `folded(room)` as the room store knows it.
    fn commit_seqs(&self) -> Stored<'_, Vec<(RoomUri, u64)>>;

    /// Bytes that are stored because of a server (FED-24): durable with what they count, answered
    /// from memory, of whatever is committed.
    fn stored_for(&self, server: &ServerName) -> u64;

    /// The same of every server that has a sum, by name.
    fn stored_by_server(&self) -> Vec<(ServerName, u64)>;
}
