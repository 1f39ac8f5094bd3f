//! What a person sees of rooms and messages.

use holm_content::MessageId;
use holm_protocol::aad::ClientMsgId;
use holm_protocol::{RoomUri, UserUri};

use crate::overlay::Laid;

/// A room of the device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomInfo {
    /// The room.
    pub room: RoomUri,
    /// Its participants, read off the tree.
    pub participants: Vec<UserUri>,
    /// Number of the commit that added the device last; 0 where it made the room.
    pub anchor: u64,
    /// Number of the newest event taken.
    pub cursor: u64,
    /// Whether the device takes part.
    pub state: RoomState,
}

/// Whether the device takes part in a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RoomState {
    /// Made here; the server has not taken it yet.
    Creating,
    /// The device takes part.
    Active,
    /// An order asks for the device's removal.
    Leaving,
    /// The device was removed.
    Removed,
    /// Something does not hold; nothing more is taken from the room.
    Stopped {
        /// What does not hold.
        reason: String,
    },
}

impl RoomState {
    /// Whether the device may send here, now or once the server has the room.
    pub fn takes_messages(&self) -> bool {
        matches!(self, Self::Creating | Self::Active)
    }

    pub(crate) fn number(&self) -> i64 {
        match self {
            Self::Creating => 0,
            Self::Active => 1,
            Self::Leaving => 2,
            Self::Removed => 3,
            Self::Stopped { .. } => 4,
        }
    }

    pub(crate) fn reason(&self) -> &str {
        match self {
            Self::Stopped { reason } => reason,
            _ => "",
        }
    }

    pub(crate) fn from_number(number: i64, reason: String) -> Option<Self> {
        Some(match number {
            0 => Self::Creating,
            1 => Self::Active,
            2 => Self::Leaving,
            3 => Self::Removed,
            4 => Self::Stopped { reason },
            _ => return None,
        })
    }
}

/// A message as it stands in the timeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimelineEntry {
    /// The room.
    pub room: RoomUri,
    /// Number of its event; none while it is on its way.
    pub seq: Option<u64>,
    /// Who sent it, as MLS proves.
    pub sender: UserUri,
    /// What the sender calls themselves; nothing proves it.
    pub display_name: String,
    /// The sender's id for it.
    pub client_msg_id: ClientMsgId,
    /// By what other messages refer to its first version; none where it could not be read.
    pub id: Option<MessageId>,
    /// The message it answers, that version of it.
    pub in_reply_to: Option<MessageId>,
    /// The text of its newest version; empty once it was taken back.
    pub text: String,
    /// What lies over it: versions, its end, reactions.
    pub laid: Laid,
    /// The hub's time, milliseconds since 1970; the device's own while it is on its way.
    pub time: u64,
    /// How far it has got.
    pub state: MessageState,
}

/// How far a message has got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MessageState {
    /// In the outbox.
    Sending,
    /// The own server has it durably and brings it to the room's hub, which is away.
    Held,
    /// It stands in the room's log.
    Sent,
    /// A device of every other participant has it.
    Delivered,
    /// Every other participant has read it.
    Read,
    /// It will not be sent.
    Failed {
        /// Why.
        problem: String,
    },
}

impl MessageState {
    pub(crate) fn number(&self) -> i64 {
        match self {
            Self::Sending => 0,
            Self::Sent => 1,
            Self::Delivered => 2,
            Self::Read => 3,
            Self::Failed { .. } => 4,
            Self::Held => 5,
        }
    }

    pub(crate) fn from_number(number: i64, problem: String) -> Option<Self> {
        Some(match number {
            0 => Self::Sending,
            1 => Self::Sent,
            2 => Self::Delivered,
            3 => Self::Read,
            4 => Self::Failed { problem },
            5 => Self::Held,
            _ => return None,
        })
    }
}
