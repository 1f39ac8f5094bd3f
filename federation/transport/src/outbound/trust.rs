//! What is known of a peer's identity, and when to ask again: pure (DISC-10, DISC-11).

mod refused;

use std::sync::Arc;

use holm_core::ports::RootMemory;
use holm_protocol::document::{DocumentError, SignedDocument, Succession, Trust, VerifiedDocument};
use holm_protocol::{PublicKey, ServerName};

use super::backoff::DOCUMENT_RETRY_MS;

pub(super) use refused::{Refused, RootRefusal};

/// A peer's document, the root that is known, and the pin that is watched.
#[derive(Default)]
pub(super) struct Known {
    /// Whether the store was asked.
    pub(super) loaded: bool,
    /// Root and serial of the last document that held, expired or not.
    pub(super) root: Option<(PublicKey, u64)>,
    /// What led to that root.
    pub(super) successions: Vec<Succession>,
    /// The last document that held.
    document: Option<Arc<VerifiedDocument>>,
    /// When it was fetched; 0 for one from the store.
    fetched_ms: u64,
    /// When it was last tried to fetch one.
    tried_ms: Option<u64>,
    /// Whether DNS was signed when it was last asked; `None` where that is not looked at.
    pub(super) dns_secure: Option<bool>,
    /// What is remembered beside the document.
    pub(super) memory: RootMemory,
    /// Why the root that was last seen is not taken.
    refused: Option<RootRefusal>,
}

/// Whose document was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Of a server nothing was known of.
    First,
    /// Of the server that was known, under its root or one that it leads to.
    Known,
    /// Of another server in its place, as DNS or the operator says: nothing is owed to it.
    Replaced,
}

/// What to do for somebody who wants the document.
pub(super) enum Need {
    /// This one serves.
    Use(Arc<VerifiedDocument>),
    /// Fetch one; if that fails, this serves.
    Fetch(Option<Arc<VerifiedDocument>>),
}

impl Known {
    /// Decides whether the document at hand serves a need for `key_id` (DISC-10).
    pub(super) fn need(&self, key_id: Option<&str>, now_ms: u64) -> Need {
        let Some(document) = self.valid(now_ms) else {
            return Need::Fetch(None);
        };
        let lacks_key = key_id.is_some_and(|id| !lists(&document, id));
        let old = now_ms.abs_diff(self.fetched_ms) >= REFRESH_MS;
        let tried = self
            .tried_ms
            .is_some_and(|tried| now_ms.abs_diff(tried) < DOCUMENT_RETRY_MS);
        match (lacks_key || old) && !tried {
            true => Need::Fetch(Some(document)),
            false => Need::Use(document),
        }
    }

    /// The document, while it has not expired.
    fn valid(&self, now_ms: u64) -> Option<Arc<VerifiedDocument>> {
        self.document
            .clone()
            .filter(|document| now_ms < document.content().expires)
    }

    /// Notes an attempt to fetch.
    pub(super) fn trying(&mut self, now_ms: u64) {
        self.tried_ms = Some(now_ms);
    }

    /// Takes a document that held.
    pub(super) fn take(&mut self, document: Arc<VerifiedDocument>, fetched_ms: u64) {
        self.root = Some((document.root(), document.content().serial));
        self.successions.clone_from(&document.content().successions);
        self.document = Some(document);
        self.fetched_ms = fetched_ms;
    }

    /// Holds a fetched document against what is known, what DNS pins, and the operator's word
    /// (DOC-5, DOC-9, DOC-11, DISC-11).
    pub(super) fn judge(
        &mut self,
        server: &ServerName,
        signed: SignedDocument,
        dns_pin: Option<PublicKey>,
        now_ms: u64,
    ) -> Result<(VerifiedDocument, Standing), Refused> {
        let (pin, known, found) = (self.pin(dns_pin), self.root, signed.root);
        let verdict = signed.verify(server, &Trust { pin, known }, now_ms);
        let is_known = |document: &VerifiedDocument| {
            known.is_none_or(|(root, _)| document.stands_under(&root))
        };
        let judged = match verdict {
            Ok(document) if is_known(&document) => {
                self.memory.new_pin = None;
                let standing = known.map_or(Standing::First, |_| Standing::Known);
                Ok((document, standing))
            }
            Ok(document) if self.is_vouched_for(found, now_ms) => {
                self.memory.new_pin = None;
                Ok((document, Standing::Replaced))
            }
            Ok(_too_early) => Err(self.refuse(found, pin, now_ms)),
            Err(DocumentError::Root { .. }) => {
                self.watch(pin, now_ms);
                Err(self.refuse(found, pin, now_ms))
            }
            Err(other) => Err(Refused::Document(other)),
        };
        if judged.is_ok() {
            self.refused = None;
        }
        judged
    }

    /// The operator's word, else what DNS says; a pin to a former root says nothing (DOC-11).
    fn pin(&self, dns_pin: Option<PublicKey>) -> Option<PublicKey> {
        let pin = self.memory.accepted.or(dns_pin);
        pin.filter(|pin| !self.successions.iter().any(|s| s.former == *pin))
    }

    /// Whether another root than the known one is taken: by the operator's word, or once its pin
    /// has stood for 72 hours.
    fn is_vouched_for(&mut self, found: PublicKey, now_ms: u64) -> bool {
        self.watch(Some(found), now_ms);
        let stood = |(pin, since): (PublicKey, u64)| {
            pin == found && now_ms.saturating_sub(since) >= NEW_ROOT_MS
        };
        self.memory.accepted == Some(found) || self.memory.new_pin.is_some_and(stood)
    }

    /// Notes a pin other than the known root, and since when it has stood without a break.
    fn watch(&mut self, pin: Option<PublicKey>, now_ms: u64) {
        let known = self.root.map(|(root, _)| root);
        let changed = pin.filter(|pin| known.is_some_and(|known| known != *pin));
        self.memory.new_pin = changed.map(|changed| match self.memory.new_pin {
            Some((watched, since)) if watched == changed => (watched, since),
            _ => (changed, now_ms),
        });
    }

    fn refuse(&mut self, found: PublicKey, pin: Option<PublicKey>, now_ms: u64) -> Refused {
        let refusal = RootRefusal {
            found,
            known: self.root.map(|(root, _)| root),
            pin,
            is_accepted: pin.is_some() && self.memory.accepted == pin,
            since: self.memory.new_pin.map(|(_, since)| since),
        };
        let is_news = self.refused.as_ref().is_none_or(|last| *last != refusal);
        self.refused = Some(refusal.clone());
        Refused::Root {
            refusal,
            is_news,
            now_ms,
        }
    }

    /// Why the root that the server shows now is not taken, where it is not the known one.
    pub(super) fn shows_another_root(&self) -> Option<&RootRefusal> {
        let refused = self.refused.as_ref()?;
        refused.is_another_server().then_some(refused)
    }

    /// Why the last look at its root ended in a refusal, where it did.
    pub(super) fn refused(&self) -> Option<&RootRefusal> {
        self.refused.as_ref()
    }

    /// The next need is met by a fresh look.
    pub(super) fn look_anew(&mut self) {
        self.tried_ms = None;
        self.fetched_ms = 0;
    }

    /// By the operator's word: this root and no other.
    pub(super) fn accept(&mut self, root: PublicKey) {
        self.memory.accepted = Some(root);
        self.memory.new_pin = None;
        self.look_anew();
    }
}

fn lists(document: &VerifiedDocument, key_id: &str) -> bool {
    let content = document.content();
    let mut keys = content.request_keys.iter().chain(&content.room_keys);
    keys.any(|key| key.id == key_id)
}

/// Age at which a document is fetched again (DISC-10).
const REFRESH_MS: u64 = 3_600_000;
/// How long a new root has to stand in DNS (DISC-11).
pub(super) const NEW_ROOT_MS: u64 = 72 * 3_600_000;

#[cfg(test)]
mod tests;
