//! What a server may make this one store (FED-24): a sum, and a bound that the operator sets.
//!
//! Nothing is read to decide it. A server whose sum has reached the bound is refused what would
//! be stored anew; what is under way at that moment is still taken, so the sum ends a call's bytes
//! past the bound at most for each room that was appending.

use std::collections::BTreeMap;

use holm_protocol::{Code, Problem, ServerName};

use crate::homeserver::Homeserver;
use crate::ports::Entry;

/// Bytes that one other server may make this one store, where the operator says nothing: 64 GiB.
pub const STORED_BYTES_MAX: u64 = 64 * 1_024 * 1_024 * 1_024;

/// Bytes by the server that they are stored because of.
pub(crate) type StoredFor = BTreeMap<ServerName, u64>;

impl Homeserver {
    /// Refuses what `server` would have stored here anew, where its sum has reached the bound
    /// (FED-25).
    pub(crate) fn check_stored(&self, server: &ServerName) -> Result<(), Problem> {
        let own = server == self.name();
        if own || !is_over(self.ports.log.stored_for(server), self.stored_bytes_max) {
            return Ok(());
        }
        Err(over(server))
    }

    /// Whether a server with this sum is over the bound.
    pub(super) fn is_over_stored(&self, bytes: u64) -> bool {
        is_over(bytes, self.stored_bytes_max)
    }

    /// An append is durable: says so, once, where it brought a server to the bound.
    pub(crate) fn tell_stored(&self, added: &StoredFor) {
        for (server, added) in added {
            let bytes = self.ports.log.stored_for(server);
            let before = bytes.saturating_sub(*added);
            if self.is_over_stored(bytes) && !self.is_over_stored(before) {
                tracing::warn!(peer = %server, bytes, max = self.stored_bytes_max,
                    "this server has made us store as much as it may; what it brings from now on \
                     is refused and waits there; to take it, raise quotas.stored_bytes");
            }
        }
    }
}

/// Whether nothing more is stored; 0 sets no bound.
fn is_over(bytes: u64, max: u64) -> bool {
    max > 0 && bytes >= max
}

fn over(server: &ServerName) -> Problem {
    let text = format!(
        "this server stores no more of what {server} brings until its operator allows more"
    );
    Problem::new(Code::StorageExceeded, text).with_retry_after(RETRY_S)
}

/// Adds entries that are stored because of `payer`.
pub(crate) fn count<'a>(
    stored_for: &mut StoredFor,
    payer: &ServerName,
    entries: impl IntoIterator<Item = &'a Entry>,
) {
    let bytes: usize = entries.into_iter().map(Entry::stored_len).sum();
    let sum = stored_for.entry(payer.clone()).or_default();
    *sum = sum.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
}

/// Nobody knows when the operator allows more; so often asking costs neither side much.
const RETRY_S: u64 = 60;

#[cfg(test)]
mod tests {
    use super::{Code, ServerName, is_over, over};

    // FED-24
    #[test]
    fn a_server_is_refused_from_the_bound_on_and_zero_sets_none() {
        assert!(!is_over(99, 100));
        assert!(is_over(100, 100));
        assert!(is_over(101, 100));
        assert!(!is_over(u64::MAX, 0));
    }

    // FED-25
    #[test]
    fn the_refusal_says_when_to_ask_again_and_is_about_no_other_call() {
        let problem = over(&ServerName::parse("skerry.test").unwrap());
        assert_eq!(problem.code, Code::StorageExceeded);
        assert_eq!((problem.status, problem.retry_after), (429, Some(60)));
    }
}
