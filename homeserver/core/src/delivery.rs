//! Delivery to this server's own devices: cursors and bounded wake-ups, never queues of messages.

use std::collections::BTreeMap;

use bytes::Bytes;
use holm_protocol::{Hash, Problem, RoomUri};

use crate::caller::Caller;
use crate::homeserver::Homeserver;

/// Wake-ups of connected devices and the tails of active logs.
#[derive(Default)]
pub struct Delivery {}

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
        /// Exact bytes.
        event: Bytes,
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
    /// All that was stored when the connection began has been sent.
    CaughtUp,
    /// The device's session ended; the connection closes with this code (4401, 4403, 4409).
    Closed(u16),
}

/// A connected device's place in all of its rooms.
pub struct Subscription {
    _private: (),
}

impl Subscription {
    /// Waits for the next things to send; at least one, at most about `FRAME_OUT_LEN_MAX` bytes.
    pub async fn next(&mut self) -> Result<Vec<Outgoing>, Problem> {
        unimplemented!()
    }
}

impl Homeserver {
    /// Connects a device. `cursors` say from where it reads; a room not named is read from the
    /// device's own watermark. A newer connection of a device closes the older (4409).
    pub async fn connect(
        &self,
        _caller: &Caller,
        _cursors: BTreeMap<RoomUri, u64>,
    ) -> Result<Subscription, Problem> {
        unimplemented!()
    }

    /// Raises the device's watermarks in a room; never beyond what was sent to it.
    pub async fn acknowledge(
        &self,
        _caller: &Caller,
        _room: &RoomUri,
        _delivered: u64,
        _read: u64,
    ) -> Result<(), Problem> {
        unimplemented!()
    }

    /// Sets the background work going: deliveries to peers, head exchange.
    pub async fn start(&self) -> Result<(), Problem> {
        unimplemented!()
    }
}
