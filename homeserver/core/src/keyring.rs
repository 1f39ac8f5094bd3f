//! The keys of this server, and how they are replaced while it runs (DOC-3, DOC-10).
//!
//! A new key is listed at once and signs once every reader can have seen it; the old one stays
//! listed: a request key until it signs no more and what it signed has arrived, a room key for as
//! long as there is room in the document, since heads and orders of its time are verified later as
//! well. Its time ends when the new one takes over, so that nobody who finds an old key can sign
//! for a time past that. Replacing is pure: the new ring is written down before it is used.

use holm_protocol::document::{Document, ListedKey, SignedDocument, Succession, VERSIONS};
use holm_protocol::limits::SUCCESSIONS_MAX;
use holm_protocol::{Base64Url, Hash, PrivateKey, PublicKey, ServerName};

mod signing_key;

pub use signing_key::SigningKey;

/// Everything a server signs with, and what it lists in its document.
#[derive(Clone, Debug)]
pub struct Keyring {
    /// Signs the document; its public half is the server's identity.
    pub root: PrivateKey,
    /// From former roots to this one, oldest first.
    pub successions: Vec<Succession>,
    /// Counts up with every change.
    pub serial: u64,
    /// Sign requests; oldest first.
    pub request_keys: Vec<SigningKey>,
    /// Sign heads and orders; oldest first.
    pub room_keys: Vec<SigningKey>,
}

/// When new keys begin to sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begin {
    /// When every reader can have seen them: an hour after they were listed.
    WhenSeen,
    /// At once, and the old ones stop: for keys that others may have. Whoever has just read the
    /// document refuses this server for up to a minute.
    Now,
}

/// How long a server document is valid, milliseconds; it is signed anew for every reader.
const DOCUMENT_VALID_MS: u64 = 7 * 24 * 3_600 * 1_000;
/// How long a new key is listed before it signs, milliseconds: documents are read again after an
/// hour (DISC-10).
const SEEN_MS: u64 = 3_600_000 + 300_000;
/// How long what an old key has signed may be under way, milliseconds (SIG-7).
const UNDER_WAY_MS: u64 = 600_000;
/// How far before its making a key counts, milliseconds, for clocks that are slow.
const CLOCKS_MS: u64 = 600_000;
/// Keys of one kind that are listed; of more, the oldest go.
const LISTED_MAX: usize = 64;

impl Keyring {
    /// The keys of a new server.
    pub fn first(root: PrivateKey, request_key: PrivateKey, room_key: PrivateKey) -> Self {
        Self {
            root,
            successions: Vec::new(),
            serial: 1,
            request_keys: vec![SigningKey::first(key_id(&request_key), request_key)],
            room_keys: vec![SigningKey::first(key_id(&room_key), room_key)],
        }
    }

    /// With new request and room keys from `now_ms` on.
    #[must_use]
    pub fn rotated(&self, keys: (PrivateKey, PrivateKey), begin: Begin, now_ms: u64) -> Self {
        let times = Times::new(begin, now_ms);
        Self {
            serial: self.serial + 1,
            request_keys: times.follow(&self.request_keys, keys.0),
            room_keys: times.follow(&self.room_keys, keys.1),
            ..self.clone()
        }
    }

    /// With `root` as the next root, signed by the one of today, which goes; and with new request
    /// and room keys: whoever meets one of those looks for it and finds the root. Beyond 8 steps the
    /// oldest go: rooms and servers that have not followed by then know this server no more.
    #[must_use]
    pub fn with_root(
        &self,
        name: &ServerName,
        root: PrivateKey,
        keys: (PrivateKey, PrivateKey),
        begin: Begin,
        now_ms: u64,
    ) -> Self {
        let step = Succession::sign(name, &self.root, root.public());
        let mut successions = self.successions.clone();
        successions.push(step);
        let over = successions.len().saturating_sub(SUCCESSIONS_MAX);
        successions.drain(..over);
        Self {
            root,
            successions,
            ..self.rotated(keys, begin, now_ms)
        }
    }

    /// Signs requests now, with its id.
    pub fn request_signer(&self, now_ms: u64) -> (&str, &PrivateKey) {
        signer(&self.request_keys, now_ms, &self.root)
    }

    /// Signs heads and orders of `time_ms`, with its id.
    pub fn room_signer(&self, time_ms: u64) -> (&str, &PrivateKey) {
        signer(&self.room_keys, time_ms, &self.root)
    }

    /// The own room key `id`, if it was valid at `time_ms`.
    pub fn room_key(&self, id: &str, time_ms: u64) -> Option<PublicKey> {
        let mut keys = self.room_keys.iter();
        let key = keys.find(|key| key.id == id && key.is_valid(time_ms));
        key.map(|key| key.public)
    }

    /// The signed server document (DOC-1), valid for a week from `now_ms`.
    pub fn document(&self, name: &ServerName, base_url: &str, now_ms: u64) -> SignedDocument {
        let open = now_ms + 2 * DOCUMENT_VALID_MS;
        let listed = |key: &SigningKey| ListedKey {
            id: key.id.clone(),
            key: key.public,
            from: key.from,
            until: key.until.unwrap_or(open),
        };
        let requests = self.request_keys.iter();
        let document = Document {
            name: name.clone(),
            base_url: base_url.to_owned(),
            versions: VERSIONS.iter().map(|v| (*v).to_owned()).collect(),
            serial: self.serial,
            expires: now_ms + DOCUMENT_VALID_MS,
            request_keys: requests
                .filter(|key| key.until.is_none_or(|until| now_ms < until))
                .map(listed)
                .collect(),
            room_keys: self.room_keys.iter().map(listed).collect(),
            successions: self.successions.clone(),
        };
        document.sign(&self.root)
    }
}

/// When old keys end and new ones begin.
struct Times {
    now: u64,
    /// The new key signs from here on.
    begin: u64,
    /// The old key counts until here.
    end: u64,
    begins: Begin,
}

impl Times {
    fn new(begins: Begin, now: u64) -> Self {
        let (begin, end) = match begins {
            Begin::WhenSeen => (now + SEEN_MS, now + SEEN_MS + UNDER_WAY_MS),
            Begin::Now => (now, now + 1),
        };
        Self {
            now,
            begin,
            end,
            begins,
        }
    }

    /// The keys of one kind, with one more.
    fn follow(&self, keys: &[SigningKey], next: PrivateKey) -> Vec<SigningKey> {
        let mut keys = keys.to_vec();
        for key in &mut keys {
            key.until = Some(key.until.map_or(self.end, |until| until.min(self.end)));
            let over = key.until.is_some_and(|until| until <= self.now);
            if self.begins == Begin::Now || over {
                key.secret = None;
            }
        }
        keys.push(SigningKey {
            id: key_id(&next),
            public: next.public(),
            secret: Some(next),
            from: self.now.saturating_sub(CLOCKS_MS),
            signs_from: self.begin,
            until: None,
        });
        let over = keys.len().saturating_sub(LISTED_MAX);
        keys.drain(..over);
        keys
    }
}

/// The newest key whose turn has come; else the oldest that can sign.
fn signer<'a>(
    keys: &'a [SigningKey],
    now_ms: u64,
    root: &'a PrivateKey,
) -> (&'a str, &'a PrivateKey) {
    let usable = || {
        keys.iter()
            .rev()
            .filter_map(|k| Some((k, k.secret.as_ref()?)))
    };
    let turn = usable().find(|(key, _)| key.signs_from <= now_ms);
    let chosen = turn.or_else(|| usable().next_back());
    // A ring has a key of each kind; without one, nobody would know the root under this id.
    chosen.map_or(("none", root), |(key, secret)| (key.id.as_str(), secret))
}

/// An id that no other key has: the beginning of a hash of the key (DOC-3).
fn key_id(key: &PrivateKey) -> String {
    let hash = Hash::sha256(&key.public().0);
    let text = Base64Url::to_text(&hash.0);
    text.chars().take(KEY_ID_LEN).collect()
}

/// Characters of a key id: 72 bits.
const KEY_ID_LEN: usize = 12;

#[cfg(test)]
mod tests;
