//! What a device tells as it happens: messages, arrivals, refusals, alarms, hops.
//!
//! A bounded broadcast: whoever reads too slowly is told so and reads the timeline, which has
//! everything. Nothing waits for a reader.

use holm_protocol::aad::ClientMsgId;
use holm_protocol::order::Subject;
use holm_protocol::{Problem, PublicKey, RoomUri, ServerName, UserUri};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use crate::timeline::TimelineEntry;

/// Events kept for a slow reader.
pub(crate) const EVENTS_KEPT: usize = 1_024;

/// Something happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeviceEvent {
    /// The server took the connection.
    Connected,
    /// All that was waiting has been taken.
    CaughtUp,
    /// The connection ended; the device comes back by itself.
    Disconnected {
        /// Why.
        reason: String,
    },
    /// Somebody added the device to a room.
    Joined {
        /// The room.
        room: RoomUri,
        /// Its participants.
        participants: Vec<UserUri>,
        /// Number of the commit that let the device in.
        anchor: u64,
    },
    /// Participants came or went.
    Participants {
        /// The room.
        room: RoomUri,
        /// Who came.
        added: Vec<UserUri>,
        /// Who went.
        removed: Vec<UserUri>,
        /// By whose commit.
        by: UserUri,
    },
    /// A message of somebody else.
    Message(Box<TimelineEntry>),
    /// A message that was there has another version, its end, or other reactions.
    Changed(Box<TimelineEntry>),
    /// The time of a message has come: it is forgotten, with all that was about it (MSG-10).
    Expired {
        /// The room.
        room: RoomUri,
        /// Its sender's id for it.
        client_msg_id: ClientMsgId,
        /// Number of its event.
        seq: Option<u64>,
    },
    /// An own message stands in the log.
    Sent {
        /// The room.
        room: RoomUri,
        /// Its id.
        client_msg_id: ClientMsgId,
        /// Number of its event.
        seq: u64,
        /// The hub's time, milliseconds since 1970.
        time: u64,
    },
    /// An own message is held by the own server until the room's hub is back.
    Held {
        /// The room.
        room: RoomUri,
        /// Its id.
        client_msg_id: ClientMsgId,
        /// The hub that is away.
        hub: ServerName,
    },
    /// An own message will not be sent.
    Failed {
        /// The room.
        room: RoomUri,
        /// Its id.
        client_msg_id: ClientMsgId,
        /// Why.
        problem: Problem,
    },
    /// The device is no longer in the room.
    RemovedFromRoom {
        /// The room.
        room: RoomUri,
        /// Number of the commit that removed it.
        last: u64,
    },
    /// An order waits for its commit.
    OrderOpen {
        /// The room.
        room: RoomUri,
        /// Who goes.
        subject: Subject,
    },
    /// The room names another root key of its hub from now on, which the one before has signed
    /// (ROOM-17).
    HubRoot {
        /// The room.
        room: RoomUri,
        /// The root key.
        root: PublicKey,
    },
    /// Something does not hold; a person has to know.
    Alarm {
        /// The room.
        room: RoomUri,
        /// What does not hold.
        what: String,
    },
    /// Connected, and yet no head that the hub signed in the last ten minutes could be had:
    /// somebody on the way may be keeping things back.
    NotUpToDate {
        /// The room.
        room: RoomUri,
        /// When the newest head was signed, milliseconds since 1970.
        since: u64,
    },
    /// A fresh head came again.
    UpToDate {
        /// The room.
        room: RoomUri,
    },
    /// One hop of a message's way, told in words.
    Hop {
        /// Which hop.
        what: HopKind,
        /// In words.
        text: String,
    },
}

/// The hops that are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HopKind {
    /// The own server was found.
    ServerFound,
    /// A server's root key is known from now on.
    RootPinned,
    /// A room was created.
    RoomCreated,
    /// KeyPackages of a user were claimed.
    KeyPackageClaimed,
    /// A commit stands in the log.
    CommitOrdered,
    /// Another commit was first; this device makes its change again on top of it.
    CommitOvertaken,
    /// The device joined by a Welcome it could prove.
    WelcomeProved,
    /// A ciphertext left.
    CiphertextSent,
    /// A message was decrypted.
    Decrypted,
}

impl HopKind {
    /// The name, for machines.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ServerFound => "server_found",
            Self::RootPinned => "root_pinned",
            Self::RoomCreated => "room_created",
            Self::KeyPackageClaimed => "key_package_claimed",
            Self::CommitOrdered => "commit_ordered",
            Self::CommitOvertaken => "commit_overtaken",
            Self::WelcomeProved => "welcome_proved",
            Self::CiphertextSent => "ciphertext_sent",
            Self::Decrypted => "decrypted",
        }
    }
}

/// The reader was too slow; this many events are gone. The timeline has what they told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} events were missed")]
pub struct Lagged(pub u64);

/// Reads a device's events.
pub struct EventReceiver(pub(crate) broadcast::Receiver<DeviceEvent>);

impl EventReceiver {
    /// The next event; `None` once the device is gone.
    pub async fn next(&mut self) -> Option<Result<DeviceEvent, Lagged>> {
        match self.0.recv().await {
            Ok(event) => Some(Ok(event)),
            Err(RecvError::Lagged(missed)) => Some(Err(Lagged(missed))),
            Err(RecvError::Closed) => None,
        }
    }
}
