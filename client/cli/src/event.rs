//! What `holm chat` tells, as programs read it (spec/cli.md).
//!
//! Names are MIMI URIs and times milliseconds since 1970, as everywhere on the wire.

use std::path::PathBuf;

use holm_protocol::aad::ClientMsgId;
use holm_protocol::order::Subject;
use holm_protocol::{Base64Url, Problem, RoomUri, ServerName, UserUri};
use holm_sdk::{
    DeviceEvent, Lagged, MessageId, MessageState, RoomInfo, RoomState, SessionInfo, TimelineEntry,
};
use serde::Serialize;

/// One event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(crate) enum Event {
    /// This device belongs to an account.
    Session { user: UserUri, device: String },
    /// There is no account on this device yet.
    NoSession,
    /// The server took the connection.
    Connected,
    /// All that was waiting has been taken.
    CaughtUp,
    /// The connection ended; the device comes back by itself.
    Disconnected { reason: String },
    /// A room was created here.
    Created { room: RoomUri },
    /// Somebody added this device to a room.
    Joined {
        room: RoomUri,
        participants: Vec<UserUri>,
    },
    /// Participants came or went.
    Participants {
        room: RoomUri,
        added: Vec<UserUri>,
        removed: Vec<UserUri>,
        by: UserUri,
    },
    /// A change asked for here stands in the log.
    Changed { room: RoomUri, seq: u64 },
    /// A message of somebody else.
    Message(Message),
    /// A message that was there has another version, its end, or other reactions.
    MessageChanged(Message),
    /// The time of a message has come: it is forgotten.
    Expired {
        room: RoomUri,
        client_msg_id: ClientMsgId,
        #[serde(skip_serializing_if = "Option::is_none")]
        seq: Option<u64>,
    },
    /// An own message is in the outbox.
    Queued {
        room: RoomUri,
        client_msg_id: ClientMsgId,
    },
    /// An own message stands in the log.
    Sent {
        room: RoomUri,
        client_msg_id: ClientMsgId,
        seq: u64,
        time: u64,
    },
    /// An own message is held by the own server until the room's hub is back.
    Held {
        room: RoomUri,
        client_msg_id: ClientMsgId,
        hub: ServerName,
    },
    /// An own message will not be sent.
    Failed {
        room: RoomUri,
        client_msg_id: ClientMsgId,
        code: String,
        detail: String,
    },
    /// Leaving was asked for; a commit of another member carries it out.
    Leaving { room: RoomUri },
    /// This device is no longer in the room.
    Removed { room: RoomUri },
    /// An order waits for its commit.
    Order { room: RoomUri, subject: String },
    /// The room names another root key of its hub, which the one before has signed.
    HubRoot { room: RoomUri, root: String },
    /// Something does not hold; a person has to know.
    Alarm { room: RoomUri, what: String },
    /// Connected, and yet no fresh word of the room's hub can be had.
    NotUpToDate { room: RoomUri, since: u64 },
    /// A fresh word of the room's hub came again.
    UpToDate { room: RoomUri },
    /// The proof of two histories was written.
    Proof { room: RoomUri, file: PathBuf },
    /// One hop of a message's way, in words.
    Hop { hop: &'static str, text: String },
    /// The rooms of this device.
    Rooms { rooms: Vec<Room> },
    /// The current room.
    Current { room: RoomUri },
    /// Messages of a room, oldest first.
    History {
        room: RoomUri,
        messages: Vec<Message>,
    },
    /// Events were missed; the history has what they told.
    Missed { count: u64 },
    /// A command could not be carried out.
    Error { code: String, detail: String },
    /// What can be asked for.
    Help { text: &'static str },
}

/// A room of this device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Room {
    /// Its number, for `/room`.
    pub(crate) number: usize,
    /// Its URI.
    #[serde(rename = "room")]
    pub(crate) uri: RoomUri,
    /// Who takes part.
    pub(crate) participants: Vec<UserUri>,
    /// Number of the newest event taken.
    pub(crate) cursor: u64,
    /// `creating`, `active`, `leaving`, `removed` or `stopped`.
    pub(crate) state: &'static str,
    /// Why it stopped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
    /// Whether plain lines go there.
    pub(crate) current: bool,
}

/// A message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Message {
    /// The room.
    pub(crate) room: RoomUri,
    /// Number of its event; none while it is on its way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) seq: Option<u64>,
    /// The hub's time.
    pub(crate) time: u64,
    /// Who sent it, as MLS proves.
    pub(crate) sender: UserUri,
    /// What the sender calls themselves; nothing proves it.
    pub(crate) display_name: String,
    /// The sender's id for it.
    pub(crate) client_msg_id: ClientMsgId,
    /// By what others refer to it.
    #[serde(rename = "message_id", skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<Base64Url>,
    /// The message it answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) in_reply_to: Option<Base64Url>,
    /// The text of its newest version.
    pub(crate) text: String,
    /// How often it was changed.
    #[serde(skip_serializing_if = "is_zero")]
    pub(crate) edits: usize,
    /// It was taken back.
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) deleted: bool,
    /// Reactions to it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) reactions: Vec<Reaction>,
    /// `sending`, `held`, `sent`, `delivered`, `read` or `failed`.
    pub(crate) state: &'static str,
}

/// A reaction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Reaction {
    /// Whose.
    pub(crate) user: UserUri,
    /// The reaction.
    pub(crate) text: String,
    /// By what its author takes it back.
    pub(crate) message_id: Base64Url,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_false(flag: &bool) -> bool {
    !*flag
}

fn named(id: MessageId) -> Base64Url {
    id.as_bytes().to_vec().into()
}

impl From<SessionInfo> for Event {
    fn from(session: SessionInfo) -> Self {
        Self::Session {
            user: session.user,
            device: session.device.to_string(),
        }
    }
}

impl From<DeviceEvent> for Event {
    fn from(event: DeviceEvent) -> Self {
        match event {
            DeviceEvent::Connected => Self::Connected,
            DeviceEvent::CaughtUp => Self::CaughtUp,
            DeviceEvent::Disconnected { reason } => Self::Disconnected { reason },
            DeviceEvent::Joined {
                room, participants, ..
            } => Self::Joined { room, participants },
            DeviceEvent::Participants {
                room,
                added,
                removed,
                by,
            } => Self::Participants {
                room,
                added,
                removed,
                by,
            },
            DeviceEvent::Message(entry) => Self::Message((*entry).into()),
            DeviceEvent::Changed(entry) => Self::MessageChanged((*entry).into()),
            DeviceEvent::Expired {
                room,
                client_msg_id,
                seq,
            } => Self::Expired {
                room,
                client_msg_id,
                seq,
            },
            DeviceEvent::Sent {
                room,
                client_msg_id,
                seq,
                time,
            } => Self::Sent {
                room,
                client_msg_id,
                seq,
                time,
            },
            DeviceEvent::Held {
                room,
                client_msg_id,
                hub,
            } => Self::Held {
                room,
                client_msg_id,
                hub,
            },
            DeviceEvent::Failed {
                room,
                client_msg_id,
                problem,
            } => Self::failed(room, client_msg_id, problem),
            DeviceEvent::RemovedFromRoom { room, .. } => Self::Removed { room },
            DeviceEvent::OrderOpen { room, subject } => Self::order(room, &subject),
            DeviceEvent::HubRoot { room, root } => Self::HubRoot {
                room,
                root: root.to_string(),
            },
            DeviceEvent::Alarm { room, what } => Self::Alarm { room, what },
            DeviceEvent::NotUpToDate { room, since } => Self::NotUpToDate { room, since },
            DeviceEvent::UpToDate { room } => Self::UpToDate { room },
            DeviceEvent::Hop { what, text } => Self::Hop {
                hop: what.as_str(),
                text,
            },
        }
    }
}

impl Event {
    fn failed(room: RoomUri, client_msg_id: ClientMsgId, problem: Problem) -> Self {
        Self::Failed {
            room,
            client_msg_id,
            code: problem.code.as_str().to_owned(),
            detail: problem.detail,
        }
    }

    fn order(room: RoomUri, subject: &Subject) -> Self {
        let subject = match subject {
            Subject::User(user) => user.to_string(),
            Subject::Device(device) => device.to_string(),
        };
        Self::Order { room, subject }
    }
}

impl From<Lagged> for Event {
    fn from(Lagged(count): Lagged) -> Self {
        Self::Missed { count }
    }
}

impl From<TimelineEntry> for Message {
    fn from(entry: TimelineEntry) -> Self {
        Self {
            room: entry.room,
            seq: entry.seq,
            time: entry.time,
            sender: entry.sender,
            display_name: entry.display_name,
            client_msg_id: entry.client_msg_id,
            id: entry.id.map(named),
            in_reply_to: entry.in_reply_to.map(named),
            text: entry.text,
            edits: entry.laid.versions.len(),
            deleted: entry.laid.deleted,
            reactions: entry
                .laid
                .reactions
                .into_iter()
                .map(Reaction::from)
                .collect(),
            state: match entry.state {
                MessageState::Sending => "sending",
                MessageState::Held => "held",
                MessageState::Sent => "sent",
                MessageState::Delivered => "delivered",
                MessageState::Read => "read",
                MessageState::Failed { .. } => "failed",
            },
        }
    }
}

impl From<holm_sdk::Reaction> for Reaction {
    fn from(reaction: holm_sdk::Reaction) -> Self {
        Self {
            user: reaction.user,
            text: reaction.text,
            message_id: named(reaction.id),
        }
    }
}

impl Room {
    /// The room at `index` of the list.
    pub(crate) fn of(index: usize, info: RoomInfo, current: Option<&RoomUri>) -> Self {
        let (state, reason) = match info.state {
            RoomState::Creating => ("creating", None),
            RoomState::Active => ("active", None),
            RoomState::Leaving => ("leaving", None),
            RoomState::Removed => ("removed", None),
            RoomState::Stopped { reason } => ("stopped", Some(reason)),
        };
        Self {
            number: index + 1,
            current: current == Some(&info.room),
            uri: info.room,
            participants: info.participants,
            cursor: info.cursor,
            state,
            reason,
        }
    }
}
