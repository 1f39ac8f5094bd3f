//! A room's history made once a process with real MLS: commits, rivals they had, messages.
//!
//! Inputs of the stateful targets name parts of it by number, spoil them and bring them in any
//! order. The bytes differ from process to process, since OpenMLS draws its own randomness; what
//! the numbers mean does not.

mod device;
mod story;

pub(crate) use device::{Ask, Device};
pub(crate) use story::{Commit, Message, Story, before, story};

use holm_core::{Identity, Keyring};
use holm_protocol::{
    Head, Order, PrivateKey, PublicKey, RoomUri, ServerName, SignedHead, SignedOrder,
};

/// The hub of the story's room.
pub(crate) const HUB: &str = "islet.test";
/// The follower in it.
pub(crate) const FOLLOWER: &str = "skerry.test";

/// A server's name.
pub(crate) fn server(name: &str) -> ServerName {
    ServerName::parse(name).expect("a server's name")
}

/// The story's room.
pub(crate) fn room() -> RoomUri {
    RoomUri::new(&server(HUB), "garden").expect("a room's name")
}

/// Name and keys of a server of that name.
pub(crate) fn identity(name: &str) -> Identity {
    let key = |what: &str| {
        let seed = holm_protocol::Hash::sha256(format!("{what} of {name}").as_bytes());
        PrivateKey::from_seed(&seed.0)
    };
    let keys = Keyring::first(key("root"), key("request key"), key("room key"));
    Identity::new(server(name), format!("https://{name}"), keys)
}

/// The root key of the server of that name.
pub(crate) fn root(name: &str) -> PublicKey {
    identity(name).keys().root.public()
}

/// A head as the hub signs it.
pub(crate) fn signed_head(head: Head) -> SignedHead {
    let keys = identity(HUB).keys();
    let (id, key) = keys.room_signer(head.time);
    SignedHead::sign(head, id, key)
}

/// An order as the hub signs it.
pub(crate) fn signed_order(order: Order) -> SignedOrder {
    let keys = identity(HUB).keys();
    let (id, key) = keys.room_signer(order.time);
    SignedOrder::sign(order, id, key)
}
