//! Ed25519 keys and labeled hashes and signatures (SIG-1, SIG-2).
//!
//! Every hash and every signature starts with a label as `opaque<V>`, so that bytes signed for
//! one purpose can never be read as signed for another. Verification is strict (RFC 8032, no
//! small-order keys), so all implementations agree on what is valid (spec 02 §3).

use std::fmt;

use ed25519_dalek::{Signer, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tls_codec::{TlsDeserializeBytes, TlsSerialize, TlsSize};

use crate::json::{self, Base64Url};

/// What a signature or hash is for; the label stands in front of the bytes (SIG-1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Label(pub &'static str);

impl Label {
    /// Hash of an event of the log.
    pub const EVENT: Self = Self("holm event v1");
    /// The `prev` of a room's first event.
    pub const ROOM: Self = Self("holm room v1");
    /// Signature of a head.
    pub const HEAD: Self = Self("holm head v1");
    /// Signature of an order.
    pub const ORDER: Self = Self("holm order v1");
    /// Signature over a commit, its Welcome and its GroupInfo.
    pub const BUNDLE: Self = Self("holm bundle v1");
    /// Signature of a device's certificate by its user's identity key.
    pub const CERTIFICATE: Self = Self("holm certificate v1");
    /// Signature of a server document by the root key.
    pub const DOCUMENT: Self = Self("holm server document v1");
    /// Signature of a former root key for the one that follows it.
    pub const SUCCESSION: Self = Self("holm root succession v1");
    /// Proof of a device's MLS key when it logs in again.
    pub const LOGIN: Self = Self("holm login v1");
    /// Key under which a hub finds a message by its sender's id.
    pub const IDEMPOTENCY: Self = Self("holm client_msg_id v1");

    /// Label as `opaque<V>` followed by the parts.
    pub fn frame(self, parts: &[&[u8]]) -> Vec<u8> {
        let mut bytes = crate::encoding::encode(&tls_codec::VLBytes::new(self.0.into()));
        for part in parts {
            bytes.extend_from_slice(part);
        }
        bytes
    }

    /// SHA-256 over label and parts (SIG-1).
    pub fn hash(self, parts: &[&[u8]]) -> Hash {
        Hash(Sha256::digest(self.frame(parts)).into())
    }
}

/// A SHA-256 value.
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
pub struct Hash(#[serde(with = "json::array")] pub [u8; 32]);

impl Hash {
    /// Plain SHA-256, where a standard asks for it without a label.
    pub fn sha256(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }
}

/// An Ed25519 public key, not yet known to be a point.
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
pub struct PublicKey(#[serde(with = "json::array")] pub [u8; 32]);

impl PublicKey {
    /// Whether `signature` is this key's over label and parts (SIG-2).
    pub fn verifies(&self, label: Label, parts: &[&[u8]], signature: &Signature) -> bool {
        self.verifies_raw(&label.frame(parts), signature)
    }

    /// Whether `signature` is this key's over exactly `bytes`; for RFC 9421 alone.
    pub fn verifies_raw(&self, bytes: &[u8], signature: &Signature) -> bool {
        let signature = ed25519_dalek::Signature::from_bytes(&signature.0);
        VerifyingKey::from_bytes(&self.0)
            .is_ok_and(|key| key.verify_strict(bytes, &signature).is_ok())
    }
}

/// An Ed25519 signature.
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
pub struct Signature(#[serde(with = "json::array")] pub [u8; 64]);

/// An Ed25519 private key; wiped when dropped, never printed.
#[derive(Clone)]
pub struct PrivateKey(SigningKey);

impl PrivateKey {
    /// The key of a 32-byte seed, drawn by the caller.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }

    /// The seed, for storage.
    pub fn seed(&self) -> [u8; 32] {
        self.0.to_bytes()
    }

    /// The public half.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key().to_bytes())
    }

    /// Signs label and parts (SIG-1).
    pub fn sign(&self, label: Label, parts: &[&[u8]]) -> Signature {
        self.sign_raw(&label.frame(parts))
    }

    /// Signs exactly `bytes`; for RFC 9421 alone.
    pub fn sign_raw(&self, bytes: &[u8]) -> Signature {
        Signature(self.0.sign(bytes).to_bytes())
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateKey(redacted, public {:?})", self.public())
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&Base64Url::to_text(&self.0))
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&Base64Url::to_text(&self.0))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&Base64Url::to_text(&self.0))
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&Base64Url::to_text(&self.0))
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&Base64Url::to_text(&self.0))
    }
}
