//! The id of a message: made of its content, its sender and its room, so that nobody else's message
//! can take it (draft-ietf-mimi-content, Message ID; MSG-3).

use core::fmt;

use holm_protocol::{Hash, RoomUri, UserUri};

use crate::content::{Malformed, Salt};

/// SHA-256 in the registry of named information hashes.
const SHA256: u8 = 1;

/// What other messages name a message by.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageId([u8; 32]);

impl MessageId {
    /// The id of `content`, encoded, with this salt, as `sender` says it in `room`.
    pub fn of(content: &[u8], salt: Salt, sender: &UserUri, room: &RoomUri) -> Self {
        Self::of_uris(content, salt, sender.as_str(), room.as_str())
    }

    /// The same for URIs of any form: those of the draft's examples.
    pub fn of_uris(content: &[u8], salt: Salt, sender: &str, room: &str) -> Self {
        let mut input = Vec::with_capacity(content.len() + sender.len() + room.len() + 20);
        for uri in [sender, room] {
            // No URI of Holm has more than 255 bytes.
            let len = u16::try_from(uri.len()).unwrap_or(u16::MAX);
            input.extend_from_slice(&len.to_be_bytes());
            input.extend_from_slice(uri.as_bytes());
        }
        input.extend_from_slice(content);
        input.extend_from_slice(&salt.0);
        let hash = holm_protocol::Hash::sha256(&input);
        let mut id = [SHA256; 32];
        id[1..].copy_from_slice(&hash.0[..31]);
        Self(id)
    }

    /// Reads an id.
    ///
    /// # Errors
    /// Another length, or a hash function that is not known (MSG-3).
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Malformed> {
        match <[u8; 32]>::try_from(bytes) {
            Ok(id) if id[0] == SHA256 => Ok(Self(id)),
            Ok(_) => Err(Malformed(
                "a message id of another hash function than SHA-256",
            )),
            Err(_) => Err(Malformed("a message id has 32 bytes")),
        }
    }

    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MessageId({})", Hash(self.0))
    }
}
