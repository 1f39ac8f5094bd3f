//! Why a document or its root is not taken, in words that say what to do.

use std::fmt;

use holm_protocol::PublicKey;
use holm_protocol::document::DocumentError;

use super::NEW_ROOT_MS;

/// Why a fetched document is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::outbound) enum Refused {
    /// It does not hold.
    Document(DocumentError),
    /// Its root is not the one it should be.
    Root {
        /// Which, and why.
        refusal: RootRefusal,
        /// Whether it was refused otherwise, or not at all, the last time.
        is_news: bool,
        /// When it was looked at, milliseconds since 1970.
        now_ms: u64,
    },
}

/// A root that is not taken, and what stands against it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::outbound) struct RootRefusal {
    /// The root the server shows.
    pub(super) found: PublicKey,
    /// The root known for it.
    pub(super) known: Option<PublicKey>,
    /// The root that DNS or the operator names.
    pub(super) pin: Option<PublicKey>,
    /// Whether it is the operator who names it.
    pub(super) is_accepted: bool,
    /// Since when DNS names it, where that is another than the known one; milliseconds since 1970.
    pub(super) since: Option<u64>,
}

impl RootRefusal {
    /// Whether the server shows another root than the known one: nothing is sent to it then.
    pub(super) fn is_another_server(&self) -> bool {
        self.known.is_some_and(|known| known != self.found)
    }

    /// What happened, and what to do about it.
    pub(in crate::outbound) fn text(&self, server: &dyn fmt::Display, now_ms: u64) -> String {
        let found = self.found;
        let before = match self.known {
            Some(known) if known == found => "as before".to_owned(),
            Some(known) => format!("another than before, {known}, which has not signed it"),
            None => "at first contact".to_owned(),
        };
        let shows = format!("its root key is {found}, {before}");
        let fix = format!("holm peers accept-root {server} {found}");
        match (self.pin, self.since) {
            (None, _) => format!(
                "{shows}, and DNS pins none. Ask its operator over another way; if the key is \
                 theirs: {fix}"
            ),
            (Some(pin), Some(since)) if pin == found => {
                let hours = hours_left(since, now_ms);
                format!(
                    "{shows}; DNS pins it, and it is taken in {hours} hours if the pin stands. \
                     Earlier, if its operator confirms it over another way: {fix}"
                )
            }
            (Some(pin), _) if self.is_accepted => format!(
                "{shows}, and this server's operator has accepted {pin}. If that has changed: {fix}"
            ),
            (Some(pin), _) => format!(
                "{shows}, and DNS pins another, {pin}. Its operator has to correct the TXT record \
                 of _holm.{server}, or the server; until then, if they confirm the key over \
                 another way: {fix}"
            ),
        }
    }
}

fn hours_left(since: u64, now_ms: u64) -> u64 {
    let left = NEW_ROOT_MS.saturating_sub(now_ms.saturating_sub(since));
    left.div_ceil(3_600_000)
}
