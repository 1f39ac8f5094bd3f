//! The server document: who a server is, where it answers, and with which keys.
//!
//! A root key signs the document's exact bytes. Whoever holds the root is the server; TLS and DNS
//! only lead to it. The root is pinned by a TXT record, by first contact, or by a room's
//! extension; a former root leads to its successor (DOC-1 to DOC-11, spec 04).

mod succession;

pub use succession::{Succession, chain_holds, chain_leads, steps_from};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::json::{self, Base64Url};
use crate::limits::{DOCUMENT_LEN_MAX, KEY_ID_LEN_MAX};
use crate::name::ServerName;
use crate::room_extension::Hub;
use crate::signing::{Label, PrivateKey, PublicKey, Signature};

/// Protocol versions this code speaks.
pub const VERSIONS: &[&str] = &["v1"];

/// What a server says of itself; the bytes that are signed are this as JSON (DOC-2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// The server's name.
    pub name: ServerName,
    /// Where it answers, for people and clients; servers go by DNS.
    pub base_url: String,
    /// Protocol versions it speaks.
    pub versions: Vec<String>,
    /// Counts up with every change.
    pub serial: u64,
    /// Valid until, milliseconds since 1970.
    pub expires: u64,
    /// Keys that sign its requests.
    pub request_keys: Vec<ListedKey>,
    /// Keys that sign heads and orders of the rooms it is hub of.
    pub room_keys: Vec<ListedKey>,
    /// From former roots to the one that signs this, oldest first (DOC-10).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub successions: Vec<Succession>,
}

/// A key with the time it is valid (DOC-3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedKey {
    /// Unique within the document: letters, digits, `-` and `_`.
    pub id: String,
    /// The key.
    pub key: PublicKey,
    /// Valid from, milliseconds since 1970.
    pub from: u64,
    /// Valid until, milliseconds since 1970.
    pub until: u64,
}

/// A document as it is served and relayed; not yet verified.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedDocument {
    /// The exact bytes that are signed.
    pub document: Base64Url,
    /// The root key.
    pub root: PublicKey,
    /// By the root key.
    pub signature: Signature,
}

/// A document that holds: signed by its root, of the name asked for, in time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedDocument {
    document: Document,
    root: PublicKey,
    signed: SignedDocument,
}

/// What is known of a server before its document is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Trust {
    /// The root its name is pinned to, by TXT or by the operator. A pin by TXT that differs from
    /// the known root counts only once it stood for 72 hours; the caller keeps that time (DOC-9).
    pub pin: Option<PublicKey>,
    /// Root and serial of the last document that held.
    pub known: Option<(PublicKey, u64)>,
}

/// Why a document is refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DocumentError {
    /// Not the documented structure.
    #[error("the server document is malformed: {0}")]
    Malformed(String),
    /// Not signed by the root it names.
    #[error("the server document is not signed by the root key beside it")]
    Signature,
    /// Another server's (DOC-4).
    #[error("the server document is of {0}")]
    Name(ServerName),
    /// The root is neither pinned nor known, nor does a root that is lead to it (DOC-5, DOC-11).
    #[error(
        "the root key {found} is neither pinned in DNS nor the one known for this server, and no \
         such root has signed it"
    )]
    Root {
        /// The root found.
        found: PublicKey,
    },
    /// A serial below one seen (DOC-6).
    #[error("the serial {found} lies below {known}, which was seen before")]
    Serial {
        /// Serial found.
        found: u64,
        /// Serial known.
        known: u64,
    },
    /// Past its expiry (DOC-7).
    #[error("the server document expired at {0} (milliseconds since 1970)")]
    Expired(u64),
    /// No common protocol version (DOC-8).
    #[error("no common protocol version; it speaks {0:?}")]
    Version(Vec<String>),
}

impl Trust {
    /// Trust in the root `pin`, where `last` is the last document that held. A pin to a root that
    /// has had a successor since says nothing any more (DOC-11).
    pub fn after(pin: Option<PublicKey>, last: Option<&SignedDocument>) -> Self {
        let read = |signed: &SignedDocument| {
            let document: Document = json::from_slice(signed.document.as_slice()).ok()?;
            Some((signed.root, document))
        };
        let Some((root, document)) = last.and_then(read) else {
            return Self { pin, known: None };
        };
        let is_former = |pin: &PublicKey| document.successions.iter().any(|s| s.former == *pin);
        Self {
            pin: pin.filter(|pin| !is_former(pin)),
            known: Some((root, document.serial)),
        }
    }
}

impl Document {
    /// Signs the document with the root key (DOC-2).
    pub fn sign(&self, root: &PrivateKey) -> SignedDocument {
        let bytes = serde_json::to_vec(self).unwrap_or_else(|e| unreachable!("plain data: {e}"));
        let signature = root.sign(Label::DOCUMENT, &[&bytes]);
        SignedDocument {
            document: bytes.into(),
            root: root.public(),
            signature,
        }
    }
}

impl SignedDocument {
    /// The gate: bytes, signature, name, root, serial, time, version (DOC-2 to DOC-8, LIM-18).
    ///
    /// # Errors
    /// The first check that fails.
    pub fn verify(
        self,
        name: &ServerName,
        trust: &Trust,
        now_ms: u64,
    ) -> Result<VerifiedDocument, DocumentError> {
        let bytes = self.document.as_slice();
        if bytes.len() > DOCUMENT_LEN_MAX {
            return Err(DocumentError::Malformed(format!("{} bytes", bytes.len())));
        }
        if !self
            .root
            .verifies(Label::DOCUMENT, &[bytes], &self.signature)
        {
            return Err(DocumentError::Signature);
        }
        let document: Document =
            json::from_slice(bytes).map_err(|e| DocumentError::Malformed(e.to_string()))?;
        check_content(&document, name, now_ms)?;
        check_chain(&document, &self.root)?;
        check_root(&self.root, &document, trust)?;
        Ok(VerifiedDocument {
            document,
            root: self.root,
            signed: self,
        })
    }
}

impl VerifiedDocument {
    /// The root key.
    pub fn root(&self) -> PublicKey {
        self.root
    }

    /// The content.
    pub fn content(&self) -> &Document {
        &self.document
    }

    /// As it was received, for relaying and storing.
    pub fn signed(&self) -> &SignedDocument {
        &self.signed
    }

    /// The request key `id`, if it is valid at `now_ms` (DOC-3).
    pub fn request_key(&self, id: &str, now_ms: u64) -> Option<PublicKey> {
        key_at(&self.document.request_keys, id, now_ms)
    }

    /// The room key `id`, if it was valid at `time_ms`, the time of the head or order (DOC-3).
    pub fn room_key(&self, id: &str, time_ms: u64) -> Option<PublicKey> {
        key_at(&self.document.room_keys, id, time_ms)
    }

    /// Whether it stands under `root`: signed by it, or by one that it leads to (DOC-11).
    pub fn stands_under(&self, root: &PublicKey) -> bool {
        is_led_to(*root, self.root, &self.document)
    }

    /// The steps from a former `root` to the one of today; empty where it is not one (ADM-14).
    pub fn steps_from(&self, root: &PublicKey) -> &[Succession] {
        steps_from(&self.document.successions, root)
    }

    /// The room key `id` for `time_ms`, if this is the document of the hub that a group names:
    /// the same domain, under the root named or one that it leads to (HEAD-3, ORD-2, DOC-11).
    pub fn hub_key(&self, hub: &Hub, id: &str, time_ms: u64) -> Option<PublicKey> {
        let is_hub =
            self.stands_under(&hub.root) && hub.server().as_ref() == Some(&self.document.name);
        self.room_key(id, time_ms).filter(|_| is_hub)
    }
}

fn key_at(keys: &[ListedKey], id: &str, time_ms: u64) -> Option<PublicKey> {
    keys.iter()
        .find(|k| k.id == id && k.from <= time_ms && time_ms < k.until)
        .map(|k| k.key)
}

fn check_content(document: &Document, name: &ServerName, now_ms: u64) -> Result<(), DocumentError> {
    if document.name != *name {
        return Err(DocumentError::Name(document.name.clone()));
    }
    if document.expires <= now_ms {
        return Err(DocumentError::Expired(document.expires));
    }
    if !document
        .versions
        .iter()
        .any(|v| VERSIONS.contains(&v.as_str()))
    {
        return Err(DocumentError::Version(document.versions.clone()));
    }
    let mut ids: Vec<_> = document
        .request_keys
        .iter()
        .chain(&document.room_keys)
        .map(|k| k.id.as_str())
        .collect();
    let listed = ids.len();
    ids.sort_unstable();
    ids.dedup();
    if ids.len() == listed && ids.iter().all(|id| is_key_id(id)) {
        Ok(())
    } else {
        Err(DocumentError::Malformed(
            "a key id is unusable or stands twice".into(),
        ))
    }
}

/// Letters, digits, `-` and `_`, so that an id needs no quoting anywhere (DOC-3, SIG-5).
pub(crate) fn is_key_id(id: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    (1..=KEY_ID_LEN_MAX).contains(&id.len()) && id.chars().all(plain)
}

/// The successions lead to the root that signs (DOC-10).
fn check_chain(document: &Document, root: &PublicKey) -> Result<(), DocumentError> {
    let chain = &document.successions;
    let arrives = chain.last().is_none_or(|step| step.root == *root);
    match arrives && chain_holds(&document.name, chain) {
        true => Ok(()),
        false => Err(DocumentError::Malformed(
            "the successions do not lead to the root key".into(),
        )),
    }
}

fn is_led_to(from: PublicKey, root: PublicKey, document: &Document) -> bool {
    from == root || document.successions.iter().any(|s| s.former == from)
}

/// A root is taken if pinned, or known, or at first contact where nothing is pinned; a root that
/// is led to by such a one is taken as well (DOC-5, DOC-6, DOC-11).
fn check_root(root: &PublicKey, document: &Document, trust: &Trust) -> Result<(), DocumentError> {
    let (found, serial) = (*root, document.serial);
    let leads = |from: PublicKey| is_led_to(from, found, document);
    let refused = Err(DocumentError::Root { found });
    match (trust.pin, trust.known) {
        (Some(pin), _) if !leads(pin) => refused,
        (pin, Some((known, _))) if !leads(known) && pin != Some(found) => refused,
        (_, Some((known, seen))) if leads(known) && serial < seen => Err(DocumentError::Serial {
            found: serial,
            known: seen,
        }),
        _ => Ok(()),
    }
}
