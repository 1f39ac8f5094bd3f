//! The signed head in a message or commit (LOG-8): each is a word that crosses between the sides.

use crate::aad::Aad;
use crate::bundle::CommitBody;
use crate::event::{Event, EventKind};
use crate::head::SignedHead;
use crate::mls_header::MlsHeader;

impl Event {
    /// The head that a message or commit carries, not yet verified (LOG-8).
    pub fn carried_head(&self) -> Option<SignedHead> {
        let body = self.body.as_slice();
        let aad = |message: &[u8]| {
            let header = MlsHeader::read(message)?;
            Aad::from_bytes(header.aad).ok()
        };
        let aad = match self.header.kind {
            EventKind::MESSAGE => aad(body),
            EventKind::COMMIT => aad(CommitBody::from_bytes(body).ok()?.commit.as_slice()),
            _ => None,
        };
        aad?.head
    }
}
