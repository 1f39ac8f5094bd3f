//! The part of a chain that a proof needs: headers with the hashes of their bodies (HEAD-7).

use tls_codec::{TlsDeserializeBytes, TlsSerialize, TlsSize};

use crate::encoding::encode;
use crate::event::{Event, EventHeader};
use crate::head::Head;
use crate::signing::{Hash, Label};

/// An event without its body (LOG-4).
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct Link {
    /// The event's header.
    pub header: EventHeader,
    /// SHA-256 of its body.
    pub body: Hash,
}

impl Link {
    /// The link of an event.
    pub fn of(event: &Event) -> Self {
        Self {
            header: event.header.clone(),
            body: Hash::sha256(event.body.as_slice()),
        }
    }

    /// The event's hash (LOG-4).
    pub fn hash(&self) -> Hash {
        Label::EVENT.hash(&[&encode(&self.header), &self.body.0])
    }
}

/// Whether the links are consecutive events of the head's room, the last being the head's.
pub(super) fn leads_to(links: &[Link], head: &Head) -> bool {
    let joined = links.windows(2).all(|pair| match pair {
        [one, next] => {
            one.header.seq.checked_add(1) == Some(next.header.seq) && next.header.prev == one.hash()
        }
        _ => false,
    });
    let ends = links
        .last()
        .is_some_and(|last| last.header.seq == head.seq && last.hash() == head.hash);
    joined && ends && links.iter().all(|link| link.header.room == head.room)
}
