//! What is known of a peer's identity, and when to ask again: pure (DISC-10, DISC-11).

use std::sync::Arc;

use holm_protocol::PublicKey;
use holm_protocol::document::{Trust, VerifiedDocument};

use super::backoff::DOCUMENT_RETRY_MS;

/// A peer's document, the root that is known, and the pin that is watched.
#[derive(Default)]
pub(super) struct Known {
    /// Whether the store was asked.
    pub(super) loaded: bool,
    /// Root and serial of the last document that held, expired or not.
    pub(super) root: Option<(PublicKey, u64)>,
    /// The last document that held.
    document: Option<Arc<VerifiedDocument>>,
    /// When it was fetched; 0 for one from the store.
    fetched_ms: u64,
    /// When it was last tried to fetch one.
    tried_ms: Option<u64>,
    /// A pin other than the known root, and since when it has stood.
    new_pin: Option<(PublicKey, u64)>,
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
        self.document = Some(document);
        self.fetched_ms = fetched_ms;
    }

    /// What a fetched document is to be held against; `None` while a new root has to wait
    /// (DISC-11).
    pub(super) fn trust(&mut self, pin: Option<PublicKey>, now_ms: u64) -> Option<Trust> {
        let known = self.root;
        let changed = match (pin, known) {
            (Some(pin), Some((root, _))) if pin != root => pin,
            _ => {
                self.new_pin = None;
                return Some(Trust { pin, known });
            }
        };
        let since = match self.new_pin {
            Some((watched, since)) if watched == changed => since,
            _ => now_ms,
        };
        self.new_pin = Some((changed, since));
        (now_ms.saturating_sub(since) >= NEW_ROOT_MS).then_some(Trust { pin, known })
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
const NEW_ROOT_MS: u64 = 72 * 3_600_000;

#[cfg(test)]
mod tests;
