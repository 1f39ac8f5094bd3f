//! What a device writes into the authenticated data of every message and commit.
//!
//! MLS signs it and leaves it readable, so it carries what the hub must see and nobody may
//! change: the id that makes a submit idempotent, the newest head the device knows, and for a
//! commit the orders it carries out (LOG-7, LOG-8, ORD-4; spec 03 §3).

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};
use tls_codec::{TlsDeserializeBytes, TlsSerialize, TlsSize, VLBytes};

use crate::document::Succession;
use crate::encoding::{Malformed, decode, encode};
use crate::head::SignedHead;
use crate::json;
use crate::limits::{AAD_LEN_MAX, COMMIT_ORDERS_MAX};
use crate::order::SignedOrder;
use crate::signing::{Hash, Label};
use crate::uri::UserUri;

/// Sixteen random bytes a device gives to one message or commit, the same on each try (LOG-7).
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    TlsSize,
    TlsSerialize,
    TlsDeserializeBytes,
)]
pub struct ClientMsgId(#[serde(with = "json::array")] pub [u8; 16]);

impl ClientMsgId {
    /// The key under which a hub finds what `user` sent under this id (LOG-9).
    pub fn idempotency_key(&self, user: &UserUri) -> Hash {
        Label::IDEMPOTENCY.hash(&[&encode(user), &self.0])
    }
}

impl fmt::Debug for ClientMsgId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&json::Base64Url::to_text(&self.0))
    }
}

/// The authenticated data of a message or commit (LOG-7).
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct Aad {
    /// The sender's id for it.
    pub client_msg_id: ClientMsgId,
    /// The newest signed head the device knows (LOG-8).
    pub head: Option<SignedHead>,
    /// The orders a commit carries out; empty in messages (ORD-4).
    pub orders: Vec<SignedOrder>,
    /// Later additions, each kind once; unknown ones are ignored.
    pub extra: Vec<Extra>,
}

/// An addition to the authenticated data, by type.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct Extra {
    /// What it is.
    pub kind: u16,
    /// Its content.
    pub value: VLBytes,
}

impl Extra {
    /// Successions of the hub's root, which a commit that names another root carries (ADM-14).
    pub const SUCCESSIONS: u16 = 1;
}

impl Aad {
    /// The successions it carries; none where they are missing or can't be read (ADM-14).
    pub fn successions(&self) -> Vec<Succession> {
        let mut extra = self.extra.iter();
        let carried = extra.find(|e| e.kind == Extra::SUCCESSIONS);
        carried
            .and_then(|e| decode(e.value.as_slice()).ok())
            .unwrap_or_default()
    }

    /// Adds the successions that a commit rests on (ADM-14).
    pub fn carry_successions(&mut self, steps: &[Succession]) {
        self.extra.push(Extra {
            kind: Extra::SUCCESSIONS,
            value: VLBytes::new(encode(&steps.to_vec())),
        });
    }

    /// Authenticated data with an id alone.
    pub fn new(client_msg_id: ClientMsgId) -> Self {
        Self {
            client_msg_id,
            head: None,
            orders: Vec::new(),
            extra: Vec::new(),
        }
    }

    /// The bytes that go into the MLS message.
    pub fn to_bytes(&self) -> Vec<u8> {
        encode(self)
    }

    /// Reads the bytes of an MLS message's authenticated data (LOG-7, LIM-20, LIM-21).
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Malformed> {
        if bytes.len() > AAD_LEN_MAX {
            let len = bytes.len();
            return Err(Malformed(format!("{len} bytes of authenticated data")));
        }
        let aad: Self = decode(bytes)?;
        let kinds: BTreeSet<u16> = aad.extra.iter().map(|e| e.kind).collect();
        if kinds.len() != aad.extra.len() {
            return Err(Malformed("an addition of one kind twice".into()));
        }
        if aad.orders.len() > COMMIT_ORDERS_MAX {
            Err(Malformed(format!(
                "{} orders in one commit",
                aad.orders.len()
            )))
        } else {
            Ok(aad)
        }
    }
}
