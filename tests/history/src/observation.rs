//! What a run records.

use std::fmt;

use holm_protocol::aad::ClientMsgId;
use holm_protocol::{DeviceUri, Hash, RoomUri, ServerName, UserUri};
use serde::{Deserialize, Serialize};

/// Something that a device or a server saw or did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Observation {
    /// A person sent a message on a device: it stands in the device's outbox. The same id again
    /// is a retry.
    Submitted {
        /// The device.
        device: DeviceUri,
        /// The room.
        room: RoomUri,
        /// The message's id.
        id: ClientMsgId,
        /// A digest of what it says.
        content: Hash,
    },
    /// The message was acknowledged: it stands in the log.
    Accepted {
        /// The device that was told.
        device: DeviceUri,
        /// The room.
        room: RoomUri,
        /// The message's id.
        id: ClientMsgId,
        /// The number it has.
        seq: u64,
        /// The epoch it was accepted in, where the recorder knows.
        epoch: Option<u64>,
    },
    /// The message was refused for good: it stands in no log and will not.
    Refused {
        /// The device that was told.
        device: DeviceUri,
        /// The room.
        room: RoomUri,
        /// The message's id.
        id: ClientMsgId,
    },
    /// Nobody said what became of the message: it may stand in the log once, or not.
    Unknown {
        /// The device that was left without an answer.
        device: DeviceUri,
        /// The room.
        room: RoomUri,
        /// The message's id.
        id: ClientMsgId,
    },
    /// A device is in a room from the event after `anchor` on.
    Joined {
        /// The device.
        device: DeviceUri,
        /// The room.
        room: RoomUri,
        /// The number of the commit that added it; 0 for the device that made the room.
        anchor: u64,
    },
    /// A device is out of a room after event `last`.
    Removed {
        /// The device.
        device: DeviceUri,
        /// The room.
        room: RoomUri,
        /// The number of the commit that removed it.
        last: u64,
    },
    /// A device has a message durably and shows it.
    Delivered {
        /// The device.
        device: DeviceUri,
        /// The room.
        room: RoomUri,
        /// The message.
        message: Message,
    },
    /// A device acknowledges everything up to an event.
    Cursor {
        /// The device.
        device: DeviceUri,
        /// The room.
        room: RoomUri,
        /// The newest event that it has.
        seq: u64,
    },
    /// A device was told how far a reader is.
    Receipt {
        /// Who was told.
        observer: DeviceUri,
        /// The room.
        room: RoomUri,
        /// Whose receipt it is.
        reader: UserUri,
        /// Everything up to here is on a device of the reader.
        delivered: u64,
        /// Everything up to here was read.
        read: u64,
    },
    /// A commit stands in the log.
    Committed {
        /// The room.
        room: RoomUri,
        /// The epoch that it ends; counted on where a room begins a new generation.
        epoch: u64,
        /// The number it has.
        seq: u64,
    },
    /// A message was encrypted in an epoch. A device that entered later, though before the
    /// message's event, cannot open it and is owed nothing (LOG-12).
    Encrypted {
        /// The room.
        room: RoomUri,
        /// The message's event.
        seq: u64,
        /// The epoch; counted as those of commits.
        epoch: u64,
    },
    /// A hub signed a head.
    Head {
        /// The room.
        room: RoomUri,
        /// The hub's term.
        term: u32,
        /// The newest event.
        seq: u64,
        /// Its hash.
        hash: Hash,
    },
    /// Somebody's copy of a log has this event.
    Position {
        /// Whose copy.
        holder: Holder,
        /// The room.
        room: RoomUri,
        /// The event's number.
        seq: u64,
        /// Its hash.
        hash: Hash,
    },
    /// A piece of a server's copy of a log.
    ServerCopy {
        /// The server.
        server: ServerName,
        /// The room.
        room: RoomUri,
        /// The number of the first event.
        first: u64,
        /// The hashes of the events from there on.
        hashes: Vec<Hash>,
    },
    /// All messages that a device shows of a room, in its order: what counts at the end.
    DeviceCopy {
        /// The device.
        device: DeviceUri,
        /// The room.
        room: RoomUri,
        /// Its messages that have a number.
        messages: Vec<Message>,
    },
    /// A KeyPackage was handed out.
    Claimed {
        /// The hash of the KeyPackage.
        package: Hash,
        /// Who got it, in words.
        by: String,
        /// Whether it may be handed out more than once.
        last_resort: bool,
    },
}

/// A message as a device shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// The number of its event.
    pub seq: u64,
    /// The hash of its event, where the recorder knows.
    pub hash: Option<Hash>,
    /// Who sent it, as MLS proves.
    pub sender: UserUri,
    /// The sender's id for it.
    pub id: ClientMsgId,
    /// A digest of what it says.
    pub content: Hash,
}

/// Whose copy of a log.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Holder {
    /// A device.
    Device(DeviceUri),
    /// A hub or a follower.
    Server(ServerName),
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Device(device) => device.fmt(f),
            Self::Server(server) => server.fmt(f),
        }
    }
}
