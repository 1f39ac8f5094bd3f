//! Commit bundles: a commit with its Welcome and GroupInfo, signed together.
//!
//! MLS leaves a hub unable to check a Welcome or a membership tag; the committer's leaf key signs
//! all three parts, so no server on the way can spoil one (ROOM-8). The event keeps commit,
//! GroupInfo and signature; the Welcome goes to the joiners alone, by its hash (spec 05 §2).

use tls_codec::{TlsDeserializeBytes, TlsSerialize, TlsSize, VLBytes};

use crate::encoding::{Malformed, decode, encode};
use crate::limits::BUNDLE_LEN_MAX;
use crate::signing::{Hash, Label, PrivateKey, PublicKey, Signature};

/// What a committer uploads (ROOM-8). Each part is an MLSMessage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle {
    /// The commit, a PublicMessage.
    pub commit: Vec<u8>,
    /// The Welcome, where the commit adds somebody.
    pub welcome: Option<Vec<u8>>,
    /// GroupInfo of the new epoch, without the tree.
    pub group_info: Vec<u8>,
    /// By the committer's leaf key over the hashes of the three.
    pub signature: Signature,
}

/// Body of a commit event (LOG-10).
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct CommitBody {
    /// The commit, as MLSMessage.
    pub commit: VLBytes,
    /// GroupInfo of the new epoch, as MLSMessage.
    pub group_info: VLBytes,
    /// SHA-256 of the Welcome; of nothing, where there is none.
    pub welcome_hash: Hash,
    /// The bundle's signature.
    pub signature: Signature,
}

impl Bundle {
    /// Signs the parts with the committer's new leaf key (ROOM-8).
    pub fn sign(
        commit: Vec<u8>,
        welcome: Option<Vec<u8>>,
        group_info: Vec<u8>,
        key: &PrivateKey,
    ) -> Self {
        let hash = Hash::sha256(welcome.as_deref().unwrap_or_default());
        let signature = key.sign_raw(&signed_bytes(&commit, &hash, &group_info));
        Self {
            commit,
            welcome,
            group_info,
            signature,
        }
    }

    /// Bytes of the three parts together (LIM-6).
    pub fn len(&self) -> usize {
        self.commit.len() + self.welcome.as_ref().map_or(0, Vec::len) + self.group_info.len()
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether it is within the limit (LIM-6).
    pub fn is_within_limit(&self) -> bool {
        self.len() <= BUNDLE_LEN_MAX
    }

    /// Whether `key` signed exactly these parts (ROOM-8).
    ///
    /// A Welcome without a byte has the hash of none, so it is no Welcome and never signed.
    pub fn is_signed_by(&self, key: &PublicKey) -> bool {
        self.welcome.as_ref().is_none_or(|w| !w.is_empty()) && self.body().is_signed_by(key)
    }

    /// The body of the event that carries it.
    pub fn body(&self) -> CommitBody {
        CommitBody {
            commit: VLBytes::new(self.commit.clone()),
            group_info: VLBytes::new(self.group_info.clone()),
            welcome_hash: Hash::sha256(self.welcome.as_deref().unwrap_or_default()),
            signature: self.signature,
        }
    }
}

impl CommitBody {
    /// Whether `key` signed commit, GroupInfo and the Welcome of this hash (ROOM-8).
    pub fn is_signed_by(&self, key: &PublicKey) -> bool {
        let bytes = signed_bytes(
            self.commit.as_slice(),
            &self.welcome_hash,
            self.group_info.as_slice(),
        );
        key.verifies_raw(&bytes, &self.signature)
    }

    /// Whether `welcome` is the one that was signed (ROOM-8).
    pub fn has_welcome(&self, welcome: &[u8]) -> bool {
        !welcome.is_empty() && Hash::sha256(welcome) == self.welcome_hash
    }

    /// The body's bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        encode(self)
    }

    /// Reads the body of a commit event.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Malformed> {
        decode(bytes)
    }
}

fn signed_bytes(commit: &[u8], welcome_hash: &Hash, group_info: &[u8]) -> Vec<u8> {
    let (commit, info) = (Hash::sha256(commit), Hash::sha256(group_info));
    Label::BUNDLE.frame(&[&commit.0, &welcome_hash.0, &info.0])
}
