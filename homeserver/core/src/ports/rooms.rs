//! What is folded from the logs: group snapshots, memberships, what peers are owed, orders.
//!
//! All of it can be lost up to `folded_seq` and is made again from the log, which is why an
//! append needs no second write to be durable (LOG-9).

use bytes::Bytes;
use holm_protocol::order::Subject;
use holm_protocol::{DeviceUri, RoomUri, ServerName};

use super::Stored;

/// A room as it was last folded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomRecord {
    /// The room.
    pub room: RoomUri,
    /// The server that orders it.
    pub hub: ServerName,
    /// Number of the event the snapshot was taken after.
    pub folded_seq: u64,
    /// The public group state, opaque to the store.
    pub snapshot: Bytes,
    /// Why the room is set aside, where it is.
    pub stopped: Option<String>,
    /// All servers with a participant, this one included.
    pub servers: Vec<ServerName>,
}

/// A room without its snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomStanding {
    /// The server that orders it.
    pub hub: ServerName,
    /// Why the room is set aside, where it is.
    pub stopped: Option<String>,
    /// All servers with a participant, this one included.
    pub servers: Vec<ServerName>,
}

/// Evidence that a room's hub signed two histories of it (HEAD-8).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredFork {
    /// The room.
    pub room: RoomUri,
    /// Its hub.
    pub hub: ServerName,
    /// The term in which it signed both.
    pub term: u32,
    /// Number of the event up to which this server's own copy is vouched for by the second head.
    pub seq: u64,
    /// When it was found, milliseconds since 1970.
    pub found: u64,
    /// The proof as a file (HEAD-7).
    pub proof: Bytes,
}

/// What a commit changed, folded in one transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fold {
    /// The room after the commit.
    pub record: RoomRecord,
    /// This server's devices that entered, by the commit `record.folded_seq`.
    pub entered: Vec<DeviceUri>,
    /// This server's devices that were removed by it.
    pub left: Vec<DeviceUri>,
    /// Other servers that got their first participant by it; the hub alone keeps them.
    pub peers_entered: Vec<ServerName>,
    /// Other servers that lost their last participant by it.
    pub peers_left: Vec<ServerName>,
    /// The ratchet tree after the commit, kept while joiners may need it.
    pub tree: Option<Bytes>,
    /// The other server the tree counts for while it is kept, if any (FED-24).
    pub tree_payer: Option<ServerName>,
    /// Orders the commit carried out.
    pub carried_out: Vec<Subject>,
}

/// One device in one room, from its entry to its removal; one that came back has another. They do
/// not overlap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    /// The room.
    pub room: RoomUri,
    /// Number of the commit that let the device in; 0 for the creator's.
    pub anchor: u64,
    /// Number of the commit that removed it, the last event it may read.
    pub until: Option<u64>,
    /// Number of the newest event the device has durably; `anchor - 1` at first.
    pub delivered: u64,
    /// Number of the newest event its user has read.
    pub read: u64,
}

impl Membership {
    /// Whether nothing after `seq` is the device's to have by it.
    #[must_use]
    pub fn is_over_at(&self, seq: u64) -> bool {
        self.until.is_some_and(|until| until <= seq)
    }
}

/// One peer in one room of which this server is hub, from its entry to the removal of its last
/// participant; one that came back has another. They do not overlap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerCursor {
    /// The room.
    pub room: RoomUri,
    /// The peer.
    pub server: ServerName,
    /// Number of the commit its copy begins with.
    pub anchor: u64,
    /// Number of the last event it is owed, once it has no participant any more.
    pub until: Option<u64>,
    /// Number of the newest event it said it has durably; `anchor - 1` at first.
    pub cursor: u64,
}

impl PeerCursor {
    /// Whether nothing after `seq` is the peer's to have by it.
    #[must_use]
    pub fn is_over_at(&self, seq: u64) -> bool {
        self.until.is_some_and(|until| until <= seq)
    }
}

/// The first of several runs, oldest first, that is not over; the newest where all are.
pub(crate) fn first_open<T>(mut runs: Vec<T>, is_over: impl Fn(&T) -> bool) -> Option<T> {
    match runs.iter().position(|run| !is_over(run)) {
        Some(place) => Some(runs.swap_remove(place)),
        None => runs.pop(),
    }
}

/// An order that waits for its commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredOrder {
    /// Who goes.
    pub subject: Subject,
    /// The signed order's bytes.
    pub bytes: Bytes,
}

/// What is folded from the logs.
pub trait RoomStore: Send + Sync {
    /// Creates the record of a room of which this server is hub, with its creator's device as
    /// member (anchor 0). `false` where there is one already, unchanged.
    fn create_room<'a>(
        &'a self,
        record: &'a RoomRecord,
        creator: &'a DeviceUri,
    ) -> Stored<'a, bool>;

    /// The record of a room.
    fn room<'a>(&'a self, room: &'a RoomUri) -> Stored<'a, Option<RoomRecord>>;

    /// A room without its snapshot.
    fn standing<'a>(&'a self, room: &'a RoomUri) -> Stored<'a, Option<RoomStanding>>;

    /// All rooms with their hub and `folded_seq`, for start-up.
    fn all_rooms(&self) -> Stored<'_, Vec<(RoomUri, ServerName, u64)>>;

    /// Folds one commit, and creates the record where there is none (a follower's copy begins so);
    /// does nothing where `record.folded_seq` is not past what is folded.
    fn fold(&self, fold: Fold) -> Stored<'_, ()>;

    /// How many rooms a server is hub of, here.
    fn rooms_of_hub<'a>(&'a self, hub: &'a ServerName) -> Stored<'a, u64>;

    /// Sets a room aside, or takes it up again.
    fn set_stopped<'a>(&'a self, room: &'a RoomUri, why: Option<&'a str>) -> Stored<'a, ()>;

    /// All memberships of a device, by room and age.
    fn memberships<'a>(&'a self, device: &'a DeviceUri) -> Stored<'a, Vec<Membership>>;

    /// The newest membership of a device in a room.
    fn membership<'a>(
        &'a self,
        device: &'a DeviceUri,
        room: &'a RoomUri,
    ) -> Stored<'a, Option<Membership>>;

    /// All memberships of a device in a room, oldest first.
    fn memberships_in<'a>(
        &'a self,
        device: &'a DeviceUri,
        room: &'a RoomUri,
    ) -> Stored<'a, Vec<Membership>>;

    /// Devices of this server that are in a room now.
    fn local_devices<'a>(&'a self, room: &'a RoomUri) -> Stored<'a, Vec<DeviceUri>>;

    /// Raises a device's watermarks; they never fall, and never pass `until`. `(room, delivered,
    /// read)` each. What lies before a membership's anchor says nothing of it.
    fn acknowledge<'a>(
        &'a self,
        device: &'a DeviceUri,
        marks: &'a [(RoomUri, u64, u64)],
    ) -> Stored<'a, ()>;

    /// Peers of a room of which this server is hub, also those whose part is over; by server and
    /// age.
    fn peers<'a>(&'a self, room: &'a RoomUri) -> Stored<'a, Vec<PeerCursor>>;

    /// Rooms in which a peer is or was owed something, by room and age.
    fn rooms_of_peer<'a>(&'a self, server: &'a ServerName) -> Stored<'a, Vec<PeerCursor>>;

    /// Raises a peer's cursors; they never fall.
    fn advance_peer<'a>(
        &'a self,
        server: &'a ServerName,
        cursors: &'a [(RoomUri, u64)],
    ) -> Stored<'a, ()>;

    /// All peers with at least one room in which they are owed something.
    fn peer_servers(&self) -> Stored<'_, Vec<ServerName>>;

    /// A peer is owed nothing any more, in no room.
    fn forget_peer<'a>(&'a self, server: &'a ServerName) -> Stored<'a, ()>;

    /// Adds an order; one for the same subject is kept and returned.
    fn add_order<'a>(
        &'a self,
        room: &'a RoomUri,
        order: &'a StoredOrder,
    ) -> Stored<'a, StoredOrder>;

    /// Orders of a room that wait for their commit, oldest first.
    fn open_orders<'a>(&'a self, room: &'a RoomUri) -> Stored<'a, Vec<StoredOrder>>;

    /// The newest signed head that was held against this server's copy, as it was last written.
    fn signed_head<'a>(&'a self, room: &'a RoomUri) -> Stored<'a, Option<Bytes>>;

    /// Writes such a head; it goes with the room.
    fn put_signed_head<'a>(&'a self, room: &'a RoomUri, head: &'a Bytes) -> Stored<'a, ()>;

    /// Keeps evidence of two histories; `false` where there is some of that room and term already.
    fn keep_fork<'a>(&'a self, fork: &'a StoredFork) -> Stored<'a, bool>;

    /// All evidence, by room.
    fn forks(&self) -> Stored<'_, Vec<StoredFork>>;

    /// The ratchet tree after the commit `seq`, while it is kept.
    fn tree<'a>(&'a self, room: &'a RoomUri, seq: u64) -> Stored<'a, Option<Bytes>>;
}
