//! Requests and responses of the federation API (spec 06).
//!
//! Bodies are JSON with bytes as base64url. What outlives a request (event, head, order,
//! KeyPackage) carries its own signature and stands here as the exact bytes.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::aad::ClientMsgId;
use crate::bundle::Bundle;
use crate::json::Base64Url;
use crate::name::ServerName;
use crate::problem::Problem;
use crate::signing::{Hash, PublicKey, Signature};
use crate::uri::{DeviceUri, RoomUri, UserUri};

/// Claims one KeyPackage per device of a user (FED-2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyMaterialRequest {
    /// Who wants to add the user.
    pub requester: UserUri,
    /// Into which room; a package serves that room alone.
    pub room: RoomUri,
    /// The room's hub, from which the Welcome will come.
    pub hub: ServerName,
    /// Sixteen random bytes; the same id gets the same packages.
    pub claim_id: Base64Url,
}

/// The packages of a claim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyMaterialResponse {
    /// One a device.
    pub key_packages: Vec<ClaimedKeyPackage>,
}

/// A KeyPackage of one device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimedKeyPackage {
    /// The device.
    pub device: DeviceUri,
    /// An MLS KeyPackage, as MLSMessage.
    pub key_package: Base64Url,
}

/// Follower to hub: something that changes the group (FED-3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum UpdateRequest {
    /// A commit of one of the follower's users.
    Commit {
        /// The committing user.
        user: UserUri,
        /// Commit, Welcome, GroupInfo and their signature.
        bundle: BundleJson,
    },
    /// One of the follower's users leaves.
    Leave {
        /// The user.
        user: UserUri,
    },
}

/// A commit bundle in JSON (ROOM-8).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BundleJson {
    /// The commit, as MLSMessage.
    pub commit: Base64Url,
    /// The Welcome, where the commit adds somebody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub welcome: Option<Base64Url>,
    /// GroupInfo of the new epoch, as MLSMessage, without tree.
    pub group_info: Base64Url,
    /// By the committer's leaf key.
    pub signature: Signature,
}

impl From<BundleJson> for Bundle {
    fn from(json: BundleJson) -> Self {
        Self {
            commit: json.commit.0.into(),
            welcome: json.welcome.map(|w| w.0.into()),
            group_info: json.group_info.0.into(),
            signature: json.signature,
        }
    }
}

impl From<Bundle> for BundleJson {
    fn from(bundle: Bundle) -> Self {
        Self {
            commit: bundle.commit.into(),
            welcome: bundle.welcome.map(Base64Url::from),
            group_info: bundle.group_info.into(),
            signature: bundle.signature,
        }
    }
}

/// What the hub did with an update.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum UpdateResponse {
    /// The commit stands in the log.
    Commit(Sent),
    /// The leave became an order.
    Leave {
        /// A signed order.
        order: Base64Url,
    },
}

/// Where something submitted stands in the log (LOG-9).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// The sender's id for it.
    pub client_msg_id: ClientMsgId,
    /// Number of the event.
    pub seq: u64,
    /// The hub's time, milliseconds since 1970.
    pub time: u64,
}

/// Follower to hub: messages in the order they were sent (FED-4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubmitRequest {
    /// The messages.
    pub messages: Vec<SubmittedMessage>,
}

/// One message on its way to the hub.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubmittedMessage {
    /// The sending user; the follower answers for it.
    pub user: UserUri,
    /// An MLS PrivateMessage, as MLSMessage.
    pub message: Base64Url,
}

/// One result a message, in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubmitResponse {
    /// The results.
    pub results: Vec<SubmitResult>,
}

/// What the hub did with one message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum SubmitResult {
    /// It stands in the log.
    Sent(Sent),
    /// It was refused.
    Refused {
        /// Why.
        problem: Problem,
    },
}

/// Hub to follower: events of many rooms (FED-5).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotifyRequest {
    /// One page a room.
    pub rooms: Vec<LogPage>,
}

/// A run of a room's log, with what belongs to it; also the answer to a pull (FED-5, FED-7).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogPage {
    /// The room.
    pub room: RoomUri,
    /// A signed head of the hub, at or past the last event here.
    pub head: Base64Url,
    /// Events, each the exact bytes, consecutive.
    #[serde(default)]
    pub events: Vec<Base64Url>,
    /// What joiners need, for the commits among the events that add somebody here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub anchors: Vec<Anchor>,
    /// Open orders, signed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub orders: Vec<Base64Url>,
}

/// What a joiner needs beside the commit that let it in (LOG-14).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Anchor {
    /// Number of the commit's event.
    pub seq: u64,
    /// The commit's Welcome, as MLSMessage.
    pub welcome: Base64Url,
    /// Interim transcript hash before the commit.
    pub interim: Hash,
    /// The ratchet tree after the commit; for a server whose copy begins here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tree: Option<Base64Url>,
}

/// Per room, how far the follower durably is now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotifyResponse {
    /// One a room of the request.
    pub rooms: Vec<RoomCursor>,
}

/// A follower's cursor in one room, and what stopped it there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomCursor {
    /// The room.
    pub room: RoomUri,
    /// Number of the newest event stored durably; 0 where there is no copy.
    pub cursor: u64,
    /// Why it did not take more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
}

/// Between servers of a room: how far each is (FED-6).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeadsRequest {
    /// Rooms the sender has, with how far it is in each.
    pub rooms: Vec<RoomHead>,
    /// The token of the last answer: only what changed since is wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
}

/// Heads of the answering server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeadsResponse {
    /// One page.
    pub rooms: Vec<RoomHead>,
    /// To be given next time.
    pub token: String,
    /// Whether another page waits under that token.
    pub more: bool,
}

/// How far a server is in one room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomHead {
    /// The room.
    pub room: RoomUri,
    /// Number of the newest event stored durably.
    pub cursor: u64,
    /// The newest signed head known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head: Option<Base64Url>,
}

/// Asks for what an external join needs (FED-8).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupInfoRequest {
    /// A user with a leaf in the group.
    pub user: UserUri,
}

/// What an external join needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupInfoResponse {
    /// Number of the event the GroupInfo belongs to.
    pub seq: u64,
    /// GroupInfo of the newest epoch, as MLSMessage.
    pub group_info: Base64Url,
    /// The ratchet tree of that epoch.
    pub tree: Base64Url,
    /// Interim transcript hash of that epoch.
    pub interim: Hash,
}

/// What a server sees of the one that asks, whose signature it has verified (FED-20).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reflection {
    /// Who asked.
    pub origin: ServerName,
    /// The request key that verified.
    pub key_id: String,
    /// The address the request came from, where it is known; behind a proxy it is the proxy's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<IpAddr>,
    /// The asking server's root, as it is known here.
    pub root: PublicKey,
    /// Serial of the asking server's document that is used here.
    pub serial: u64,
    /// Until when that document is valid, milliseconds since 1970.
    pub expires: u64,
    /// The clock here, milliseconds since 1970.
    pub time: u64,
    /// Protocol versions spoken here.
    pub versions: Vec<String>,
}
