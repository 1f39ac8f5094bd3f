//! Rooms: creation, commits, events, trees.

use holm_protocol::federation::BundleJson;
use holm_protocol::{Base64Url, Hash, RoomUri, Signature};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Creates a room of which the caller's server is hub (RM-1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CreateRoomRequest {
    /// The room's URI, under the caller's server, its name drawn by the device.
    #[schema(value_type = String)]
    pub room: RoomUri,
    /// GroupInfo of epoch 0 as MLSMessage, base64url.
    #[schema(value_type = String)]
    pub group_info: Base64Url,
    /// The ratchet tree of epoch 0, base64url.
    #[schema(value_type = String)]
    pub tree: Base64Url,
}

/// The caller's rooms (RM-2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RoomsResponse {
    /// One a room.
    pub rooms: Vec<RoomSummary>,
}

/// One room of the caller's device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RoomSummary {
    /// The room.
    #[schema(value_type = String)]
    pub room: RoomUri,
    /// Number of the commit that let the device in; 0 for the creator's.
    pub anchor: u64,
    /// Number of the commit that removed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<u64>,
    /// The device's `delivered` watermark.
    pub delivered: u64,
    /// The user's `read` watermark.
    pub read: u64,
}

/// Submits a commit (RM-3): commit, Welcome, GroupInfo and their signature, base64url.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CommitRequest {
    /// The commit, a PublicMessage as MLSMessage.
    #[schema(value_type = String)]
    pub commit: Base64Url,
    /// The Welcome, where the commit adds somebody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub welcome: Option<Base64Url>,
    /// GroupInfo of the new epoch, without tree.
    #[schema(value_type = String)]
    pub group_info: Base64Url,
    /// By the committer's leaf key (ROOM-8).
    #[schema(value_type = String)]
    pub signature: Signature,
}

impl From<CommitRequest> for BundleJson {
    fn from(r: CommitRequest) -> Self {
        Self {
            commit: r.commit,
            welcome: r.welcome,
            group_info: r.group_info,
            signature: r.signature,
        }
    }
}

impl From<BundleJson> for CommitRequest {
    fn from(b: BundleJson) -> Self {
        Self {
            commit: b.commit,
            welcome: b.welcome,
            group_info: b.group_info,
            signature: b.signature,
        }
    }
}

/// Where a commit or message stands in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SentResponse {
    /// The sender's id for it, base64url.
    #[schema(value_type = String)]
    pub client_msg_id: holm_protocol::aad::ClientMsgId,
    /// Number of the event.
    pub seq: u64,
    /// The hub's time, milliseconds since 1970.
    pub time: u64,
}

/// The order that asks for the caller's removal (RM-5).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LeaveResponse {
    /// A signed order, base64url.
    #[schema(value_type = String)]
    pub order: Base64Url,
}

/// A run of a room's log (RM-4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EventsResponse {
    /// Events in order, each the exact bytes, base64url.
    #[schema(value_type = Vec<String>)]
    pub events: Vec<Base64Url>,
    /// The newest signed head, base64url; absent for a device that was removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub head: Option<Base64Url>,
}

/// The tree a joiner needs (RM-6).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TreeResponse {
    /// Number of the commit it stands after.
    pub seq: u64,
    /// An MLS ratchet tree, base64url.
    #[schema(value_type = String)]
    pub tree: Base64Url,
    /// Interim transcript hash before that commit, base64url.
    #[schema(value_type = String)]
    pub interim: Hash,
}
