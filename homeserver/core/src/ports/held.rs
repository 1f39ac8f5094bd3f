//! The store of held messages: what a follower keeps for a hub that is away (SYNC-16, FED-14).
//!
//! A held message is a promise to a device of this server, so it is durable before it is
//! answered. Rows stand in the order they were held; a room's rows leave in that order. The
//! bounds are the protocol's (LIM-24, LIM-25), looked at in the transaction that stores.

use bytes::Bytes;
use holm_protocol::aad::ClientMsgId;
use holm_protocol::{DeviceUri, RoomUri, ServerName};

use super::Stored;

/// Messages of one device for one room, to be held in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// The room.
    pub room: RoomUri,
    /// Its hub.
    pub hub: ServerName,
    /// The device they came from.
    pub device: DeviceUri,
    /// Id and exact bytes of each.
    pub messages: Vec<(ClientMsgId, Bytes)>,
    /// Milliseconds since 1970.
    pub time: u64,
}

/// A message that is held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldMessage {
    /// Its number: the order in which messages were held.
    pub number: u64,
    /// The device it came from.
    pub device: DeviceUri,
    /// The sender's id for it.
    pub client_msg_id: ClientMsgId,
    /// Exact bytes.
    pub message: Bytes,
}

/// What became of held messages of one room.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settled {
    /// Numbers of those that are done with.
    pub done: Vec<u64>,
    /// Devices of which nothing from this number on is held any longer in the room.
    pub cut: Vec<(DeviceUri, u64)>,
}

/// Messages held for hubs that are away.
pub trait HeldStore: Send + Sync {
    /// Holds messages; for each, whether it is held now. One whose user and id are held in the
    /// room already stays as it is. After the first that the bounds refuse no new one is taken,
    /// so that the order stays.
    fn hold(&self, hold: Hold) -> Stored<'_, Vec<bool>>;

    /// The first messages held of a room, at most `limit` and about `bytes_max` bytes (one
    /// message at least).
    fn first<'a>(
        &'a self,
        room: &'a RoomUri,
        limit: usize,
        bytes_max: usize,
    ) -> Stored<'a, Vec<HeldMessage>>;

    /// Lets go of what is settled, all in one transaction; device and id of each message that a
    /// cut took, in order.
    fn settle<'a>(
        &'a self,
        room: &'a RoomUri,
        settled: &'a Settled,
    ) -> Stored<'a, Vec<(DeviceUri, ClientMsgId)>>;

    /// Rooms with messages held, each with its hub.
    fn held_rooms(&self) -> Stored<'_, Vec<(RoomUri, ServerName)>>;
}
