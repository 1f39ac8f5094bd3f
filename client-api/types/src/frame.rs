//! Frames of the sync WebSocket, subprotocol `holm.v1.json` (spec 08).
//!
//! One JSON object a text message, told apart by `type`. Sends, sents and problems are matched by
//! `client_msg_id`; everything else stands for itself.

use std::collections::BTreeMap;

use holm_protocol::aad::ClientMsgId;
use holm_protocol::{Base64Url, Hash, Problem, RoomUri, json};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use utoipa::ToSchema;
use utoipa::openapi::{Ref, RefOr, Schema};

/// The subprotocol of these frames.
pub const SUBPROTOCOL: &str = "holm.v1.json";
/// Prefix of the subprotocol that carries a browser's token.
pub const BEARER_SUBPROTOCOL: &str = "holm.bearer.";

/// Close codes (spec 08 §4).
pub mod close {
    /// A frame that is not WebSocket.
    pub const PROTOCOL: u16 = 1002;
    /// A binary frame; all frames are text (SYNC-11).
    pub const NOT_TEXT: u16 = 1003;
    /// A text frame that is not UTF-8.
    pub const NOT_UTF8: u16 = 1007;
    /// A frame over the limit (LIM-7).
    pub const TOO_LARGE: u16 = 1009;
    /// The server failed; come back.
    pub const INTERNAL: u16 = 1011;
    /// The server stops; come back (SYNC-14).
    pub const RESTART: u16 = 1012;
    /// A malformed frame, or one out of place (SYNC-9).
    pub const BAD_FRAME: u16 = 4400;
    /// The token has ended.
    pub const TOKEN: u16 = 4401;
    /// The device was removed.
    pub const DEVICE: u16 = 4403;
    /// No hello in time, or no sign of life (SYNC-8, SYNC-12).
    pub const NO_HELLO: u16 = 4408;
    /// A newer connection of the same device.
    pub const REPLACED: u16 = 4409;
    /// Too much at once.
    pub const RATE: u16 = 4429;
}

/// From a device to its server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum DeviceFrame {
    /// First frame: from where the device reads in each room (SYNC-1).
    Hello {
        /// Number of the newest event the device has, by room; others from its watermark.
        #[schema(value_type = BTreeMap<String, u64>)]
        #[serde(default)]
        cursors: BTreeMap<RoomUri, u64>,
    },
    /// Submits a message (SYNC-4).
    Send {
        /// The room.
        #[schema(value_type = String)]
        room: RoomUri,
        /// An MLS PrivateMessage as MLSMessage, base64url.
        #[schema(value_type = String)]
        message: Base64Url,
    },
    /// Raises the watermarks of a room (SYNC-6).
    Ack {
        /// The room.
        #[schema(value_type = String)]
        room: RoomUri,
        /// Number of the newest event the device has durably.
        delivered: u64,
        /// Number of the newest event the user has read.
        #[serde(default)]
        read: u64,
    },
    /// Asks for a pong.
    Ping,
}

/// From a server to a device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerFrame {
    /// The device is in a room (SYNC-2).
    Welcome {
        /// The room.
        #[schema(value_type = String)]
        room: RoomUri,
        /// The commit's event that let it in, base64url.
        #[schema(value_type = String)]
        event: Base64Url,
        /// The Welcome as MLSMessage, base64url.
        #[schema(value_type = String)]
        welcome: Base64Url,
        /// Interim transcript hash before the commit, base64url.
        #[schema(value_type = String)]
        interim: Hash,
    },
    /// The next event of a room (SYNC-3).
    Event {
        /// The room.
        #[schema(value_type = String)]
        room: RoomUri,
        /// The event's exact bytes, base64url.
        #[schema(value_type = String)]
        event: Base64Url,
        /// A signed head at or past it, base64url; at most once a second a room.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(value_type = Option<String>)]
        head: Option<Base64Url>,
    },
    /// A message stands in the log (SYNC-5).
    Sent {
        /// The room.
        #[schema(value_type = String)]
        room: RoomUri,
        /// The sender's id for it, base64url.
        #[schema(value_type = String)]
        client_msg_id: ClientMsgId,
        /// Number of the event.
        seq: u64,
        /// The hub's time, milliseconds since 1970.
        time: u64,
    },
    /// The server has a message durably and brings it to the hub, which cannot be reached now;
    /// `sent` or a problem follows (SYNC-16).
    Held {
        /// The room.
        #[schema(value_type = String)]
        room: RoomUri,
        /// The sender's id for it, base64url.
        #[schema(value_type = String)]
        client_msg_id: ClientMsgId,
    },
    /// An open order of a room (ORD-5).
    Order {
        /// The room.
        #[schema(value_type = String)]
        room: RoomUri,
        /// The signed order, base64url.
        #[schema(value_type = String)]
        order: Base64Url,
    },
    /// All that was stored when the connection began has been sent (SYNC-3).
    CaughtUp,
    /// Answers a ping.
    Pong,
    /// A refusal: of a send, where it has a `client_msg_id`; of a frame otherwise.
    Problem {
        /// The room it is about.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(value_type = Option<String>)]
        room: Option<RoomUri>,
        /// The message it is about, base64url.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(value_type = Option<String>)]
        client_msg_id: Option<ClientMsgId>,
        /// What is wrong.
        #[schema(schema_with = problem_schema)]
        problem: Problem,
    },
}

/// Frames of one direction.
pub trait Frame: DeserializeOwned {
    /// Every `type` of this version.
    const TYPES: &'static [&'static str];
}

/// Why a text message is no frame.
#[derive(Debug, Error)]
pub enum FrameError {
    /// Of a later version, or misspelt; the connection goes on (SYNC-10).
    #[error("the frame type {0:?} is not known")]
    UnknownType(String),
    /// Not of the documented form (SYNC-9).
    #[error("malformed frame")]
    Malformed(#[source] serde_json::Error),
}

#[derive(Deserialize)]
struct Tagged {
    r#type: String,
}

/// The one frame that comes often, read without looking at its type first.
#[derive(Deserialize)]
struct Send<'a> {
    r#type: &'a str,
    room: RoomUri,
    message: Base64Url,
}

/// Reads a device's frame, as [`read`] does.
pub fn read_device(text: &[u8]) -> Result<DeviceFrame, FrameError> {
    match json::from_slice_borrowed::<Send<'_>>(text) {
        Ok(send) if send.r#type == "send" => Ok(DeviceFrame::Send {
            room: send.room,
            message: send.message,
        }),
        _ => read(text),
    }
}

/// Reads a frame strictly: one object, no member twice, known members of their type (ENC-4).
pub fn read<F: Frame>(text: &[u8]) -> Result<F, FrameError> {
    let tagged: Tagged = json::from_slice(text).map_err(FrameError::Malformed)?;
    match F::TYPES.contains(&tagged.r#type.as_str()) {
        true => serde_json::from_slice(text).map_err(FrameError::Malformed),
        false => Err(FrameError::UnknownType(tagged.r#type)),
    }
}

impl Frame for DeviceFrame {
    const TYPES: &'static [&'static str] = &["hello", "send", "ack", "ping"];
}

impl Frame for ServerFrame {
    const TYPES: &'static [&'static str] = &[
        "welcome",
        "event",
        "sent",
        "held",
        "order",
        "caught_up",
        "pong",
        "problem",
    ];
}

/// The document's schema of a problem, which the protocol crate defines without a schema.
fn problem_schema() -> RefOr<Schema> {
    Ref::from_schema_name("Problem").into()
}

#[cfg(test)]
mod tests;
