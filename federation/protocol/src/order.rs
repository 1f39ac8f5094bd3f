//! Orders: removals that the hub has decided or been asked for, waiting for their commit.
//!
//! A server cannot change an MLS group; it can refuse a device's traffic and insist that the next
//! member commit removes it. An order is that insistence, signed by a room key, so that every
//! device can check that the commit which carries it out was asked for (ORD-1 to ORD-5, spec 05 §4).

use tls_codec::{TlsDeserializeBytes, TlsSerialize, TlsSize, VLBytes};

use crate::document::VerifiedDocument;
use crate::encoding::encode;
use crate::limits::{ORDER_RANK_WAIT_MS, ORDER_WAIT_MS_MAX};
use crate::room_extension::Hub;
use crate::signing::{Hash, Label, PrivateKey, PublicKey, Signature};
use crate::uri::{DeviceUri, RoomUri, UserUri};

/// Who is to be removed.
#[derive(
    Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, TlsSize, TlsSerialize, TlsDeserializeBytes,
)]
#[repr(u8)]
pub enum Subject {
    /// Every leaf of a user.
    #[tls_codec(discriminant = 1)]
    User(UserUri),
    /// One leaf.
    #[tls_codec(discriminant = 2)]
    Device(DeviceUri),
}

impl Subject {
    /// Whether the order means this device.
    pub fn means(&self, device: &DeviceUri) -> bool {
        match self {
            Self::User(user) => device.user() == *user,
            Self::Device(one) => device == one,
        }
    }
}

/// Why somebody is to be removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct Reason(pub u16);

impl Reason {
    /// The user asked to leave.
    pub const LEAVE: Self = Self(1);
    /// The device was revoked by its user or server.
    pub const REVOKED: Self = Self(2);
    /// The account is gone.
    pub const DEACTIVATED: Self = Self(3);
    /// The leaf was never renewed in time.
    pub const EXPIRED: Self = Self(4);
    /// The hub does not deal with the user's server any more.
    pub const SERVER: Self = Self(5);
}

/// A removal to be carried out by the next member commit (ORD-1). It counts in the room and
/// generation it names alone (ORD-5).
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct Order {
    /// The room.
    pub room: RoomUri,
    /// The room's generation.
    pub generation: u32,
    /// Who goes.
    pub subject: Subject,
    /// Why.
    pub reason: Reason,
    /// When the hub decided, milliseconds since 1970.
    pub time: u64,
}

/// An order with the hub's signature; not yet verified.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct SignedOrder {
    /// What is signed.
    pub order: Order,
    /// Id of the room key in the hub's server document.
    pub key_id: VLBytes,
    /// Signature over label and order (ORD-2).
    pub signature: Signature,
}

impl SignedOrder {
    /// Signs an order with the room key `key_id` (ORD-2).
    pub fn sign(order: Order, key_id: &str, key: &PrivateKey) -> Self {
        let signature = key.sign(Label::ORDER, &[&encode(&order)]);
        Self {
            order,
            key_id: VLBytes::new(key_id.into()),
            signature,
        }
    }

    /// The order, if `key` signed it (ORD-2).
    pub fn verify(&self, key: &PublicKey) -> Option<&Order> {
        key.verifies(Label::ORDER, &[&encode(&self.order)], &self.signature)
            .then_some(&self.order)
    }

    /// The order, if the room's hub signed it: a document under the root that the group names lists
    /// the key for the order's time (ORD-2).
    pub fn verify_by(&self, document: &VerifiedDocument, hub: &Hub) -> Option<&Order> {
        let key = document.hub_key(hub, self.key_id()?, self.order.time)?;
        self.verify(&key)
    }

    /// The room key's id as text.
    pub fn key_id(&self) -> Option<&str> {
        std::str::from_utf8(self.key_id.as_slice()).ok()
    }
}

/// Where a device stands among those that may carry orders out in an epoch: its place in the order
/// of these hashes, smallest first (ORD-8).
pub fn rank_hash(device: &DeviceUri, epoch: u64) -> Hash {
    Hash::sha256(&[device.as_str().as_bytes(), &epoch.to_be_bytes()].concat())
}

/// Milliseconds that a device waits before it carries orders out, where `before` devices stand
/// before it (ORD-8).
pub fn rank_wait_ms(before: usize) -> u64 {
    let rank = u64::try_from(before).unwrap_or(u64::MAX);
    ORDER_WAIT_MS_MAX.min(ORDER_RANK_WAIT_MS.saturating_mul(rank))
}
