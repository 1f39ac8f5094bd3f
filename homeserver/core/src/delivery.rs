//! Delivery to this server's own devices: cursors and bounded wake-ups, never queues of messages.
//!
//! A connection holds a cursor a room and a set of rooms to look at. Events come from the shared
//! tail of an active room, older ones from the store, so a slow reader costs a cursor and no
//! memory (SYNC-2, SYNC-3; ARCHITECTURE.md).

mod connect;
mod connection;
mod live;
mod subscription;
mod tail;

pub use live::LiveEvent;
pub use subscription::Subscription;

pub(crate) use connection::Delivery;
pub(crate) use tail::Tail;

use bytes::Bytes;
use holm_protocol::aad::ClientMsgId;
use holm_protocol::federation::Sent;
use holm_protocol::{Hash, Problem, RoomUri};

/// Close code: the token has ended.
pub const CLOSE_TOKEN: u16 = 4401;
/// Close code: a newer connection of the same device.
pub const CLOSE_REPLACED: u16 = 4409;
/// Close code: more waits for the connection than it may.
pub const CLOSE_RATE: u16 = 4429;

/// What goes to a device next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outgoing {
    /// The device is in a room: the commit that let it in and what it needs to join.
    Welcome {
        /// The room.
        room: RoomUri,
        /// The commit's event, exact bytes.
        event: Bytes,
        /// The Welcome.
        welcome: Bytes,
        /// Interim transcript hash before the commit.
        interim: Hash,
    },
    /// The next event of a room.
    Event {
        /// The room.
        room: RoomUri,
        /// Exact bytes, shared with the room's other readers.
        event: LiveEvent,
        /// A signed head at or past it, where one was made.
        head: Option<Bytes>,
    },
    /// An open order of a room.
    Order {
        /// The room.
        room: RoomUri,
        /// The signed order.
        order: Bytes,
    },
    /// A message that was held stands in the log now.
    Sent {
        /// The room.
        room: RoomUri,
        /// Its id and place.
        sent: Sent,
    },
    /// A message that was held is refused.
    Refused {
        /// The room.
        room: RoomUri,
        /// The sender's id for it.
        client_msg_id: ClientMsgId,
        /// Why.
        problem: Problem,
    },
    /// All that was stored when the connection began has been sent.
    CaughtUp,
    /// The device's session ended; the connection closes with this code (4401, 4403, 4409, 4429).
    Closed(u16),
}
