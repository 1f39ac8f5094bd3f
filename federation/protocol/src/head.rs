//! Signed heads: the hub's word on the newest event of a room.
//!
//! A head is signed by a room key that the hub's server document lists under its root key, so a
//! device needs nobody's word to verify it. Two heads of one (room, term, seq) with different
//! hashes are proof of two histories (HEAD-1 to HEAD-4, spec 03 §4).

use tls_codec::{TlsDeserializeBytes, TlsSerialize, TlsSize, VLBytes};

use crate::document::VerifiedDocument;
use crate::encoding::encode;
use crate::room_extension::Hub;
use crate::signing::{Hash, Label, PrivateKey, PublicKey, Signature};
use crate::uri::RoomUri;

/// The newest event of a room, as its hub states it (HEAD-1).
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct Head {
    /// The room.
    pub room: RoomUri,
    /// Which hub, counted up when the hub changes.
    pub term: u32,
    /// Number of the newest event.
    pub seq: u64,
    /// Its hash.
    pub hash: Hash,
    /// When the head was made, milliseconds since 1970.
    pub time: u64,
}

/// A head with the hub's signature; not yet verified.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct SignedHead {
    /// What is signed.
    pub head: Head,
    /// Id of the room key in the hub's server document.
    pub key_id: VLBytes,
    /// Signature over label and head (HEAD-2).
    pub signature: Signature,
}

impl SignedHead {
    /// Signs a head with the room key `key_id` (HEAD-2).
    pub fn sign(head: Head, key_id: &str, key: &PrivateKey) -> Self {
        let signature = key.sign(Label::HEAD, &[&encode(&head)]);
        Self {
            head,
            key_id: VLBytes::new(key_id.into()),
            signature,
        }
    }

    /// The head, if `key` signed it (HEAD-2).
    pub fn verify(&self, key: &PublicKey) -> Option<&Head> {
        key.verifies(Label::HEAD, &[&encode(&self.head)], &self.signature)
            .then_some(&self.head)
    }

    /// The head, if the room's hub signed it: a document under the root that the group names lists
    /// the key for the head's time, and the head is of the group's term (HEAD-3).
    pub fn verify_by(&self, document: &VerifiedDocument, hub: &Hub) -> Option<&Head> {
        let key = document.hub_key(hub, self.key_id()?, self.head.time)?;
        self.verify(&key).filter(|head| head.term == hub.term)
    }

    /// The room key's id as text.
    pub fn key_id(&self) -> Option<&str> {
        std::str::from_utf8(self.key_id.as_slice()).ok()
    }

    /// Whether both together prove two histories: one place, two hashes (HEAD-4).
    ///
    /// Proof they are only where both were verified; a claim alone raises no alarm.
    pub fn contradicts(&self, other: &Self) -> bool {
        let place = |h: &Head| (h.room.clone(), h.term, h.seq);
        place(&self.head) == place(&other.head) && self.head.hash != other.head.hash
    }
}
