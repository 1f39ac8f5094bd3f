//! Rooms: one task per active room owns its state; hub and follower share the code that checks.

use bytes::Bytes;
use holm_protocol::bundle::Bundle;
use holm_protocol::document::SignedDocument;
use holm_protocol::federation::Sent;
use holm_protocol::{Hash, Problem, RoomUri, ServerName};

use crate::caller::Caller;
use crate::homeserver::Homeserver;
use crate::ports::Membership;

/// The active rooms.
#[derive(Default)]
pub struct Rooms {}

/// Events of a room for one of its devices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventPage {
    /// Events in order, each the exact bytes.
    pub events: Vec<Bytes>,
    /// The newest signed head.
    pub head: Bytes,
}

/// The tree a joiner needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreePage {
    /// Number of the commit it stands after.
    pub seq: u64,
    /// An MLS ratchet tree.
    pub tree: Bytes,
    /// Interim transcript hash before that commit.
    pub interim: Hash,
}

impl Homeserver {
    /// Creates a room of which this server is hub: GroupInfo of epoch 0 and its tree.
    pub async fn create_room(
        &self,
        _caller: &Caller,
        _room: &RoomUri,
        _group_info: Bytes,
        _tree: Bytes,
    ) -> Result<(), Problem> {
        unimplemented!()
    }

    /// The caller's rooms.
    pub async fn rooms(&self, _caller: &Caller) -> Result<Vec<Membership>, Problem> {
        unimplemented!()
    }

    /// Submits a commit, here or to the room's hub.
    pub async fn commit(
        &self,
        _caller: &Caller,
        _room: &RoomUri,
        _bundle: Bundle,
    ) -> Result<Sent, Problem> {
        unimplemented!()
    }

    /// Submits messages in order, here or to the room's hub; one result each.
    pub async fn send(
        &self,
        _caller: &Caller,
        _room: &RoomUri,
        _messages: Vec<Bytes>,
    ) -> Vec<Result<Sent, Problem>> {
        unimplemented!()
    }

    /// Asks for the caller's user to be removed: an order. Returns the signed order.
    pub async fn leave(&self, _caller: &Caller, _room: &RoomUri) -> Result<Bytes, Problem> {
        unimplemented!()
    }

    /// Events after `after`, within the caller's window.
    pub async fn events(
        &self,
        _caller: &Caller,
        _room: &RoomUri,
        _after: u64,
        _limit: usize,
    ) -> Result<EventPage, Problem> {
        unimplemented!()
    }

    /// The tree after the commit that let the caller in.
    pub async fn tree(
        &self,
        _caller: &Caller,
        _room: &RoomUri,
        _seq: u64,
    ) -> Result<TreePage, Problem> {
        unimplemented!()
    }

    /// The server document of any server, for verifying heads and orders.
    pub async fn server_document(
        &self,
        _caller: &Caller,
        _server: &ServerName,
    ) -> Result<SignedDocument, Problem> {
        unimplemented!()
    }
}
