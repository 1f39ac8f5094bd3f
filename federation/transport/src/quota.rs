//! What one other server may ask of this one: requests, bytes, KeyPackages, catch-up (FED-16).
//!
//! Every proven peer has counters of its own, so that one that floods sheds itself alone. A
//! request whose sender is not proven yet draws on the budget of its address, and gives back what
//! it took once it is proven: garbage pays, honest peers behind one address do not. All of it is
//! bounded, in memory, and a pure function of the injected time.

mod bucket;
mod buckets;
mod limits;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard};

use holm_protocol::{Code, Problem, ServerName, UserUri};

use buckets::Buckets;
pub use limits::{QuotaLimits, Rate};

/// The counters of all peers.
pub(crate) struct Quotas {
    limits: QuotaLimits,
    inner: Mutex<Inner>,
}

struct Inner {
    unproven: Buckets<IpAddr>,
    requests: Buckets<ServerName>,
    bytes: Buckets<ServerName>,
    claims: Buckets<ServerName>,
    claims_by: Buckets<(ServerName, UserUri)>,
    claims_of: Buckets<(ServerName, UserUri)>,
    catching_up: BTreeMap<ServerName, u32>,
}

/// Over a quota; after so many milliseconds the same would be within it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Over {
    what: &'static str,
    wait_ms: u64,
}

/// The right of a peer to one catch-up at a time; ends when it is dropped.
pub(crate) struct CatchUp {
    quotas: Arc<Quotas>,
    peer: ServerName,
}

impl Quotas {
    pub(crate) fn new(limits: QuotaLimits) -> Self {
        Self {
            inner: Mutex::new(Inner {
                unproven: Buckets::new(limits.unproven, SOURCES_MAX),
                requests: Buckets::new(limits.requests, PEERS_MAX),
                bytes: Buckets::new(limits.bytes, PEERS_MAX),
                claims: Buckets::new(limits.claims, PEERS_MAX),
                claims_by: Buckets::new(limits.claims_by_user, USERS_MAX),
                claims_of: Buckets::new(limits.claims_of_user, USERS_MAX),
                catching_up: BTreeMap::new(),
            }),
            limits,
        }
    }

    /// A request arrives from an address; its sender is not proven.
    pub(crate) fn unproven(&self, from: Option<IpAddr>, now_ms: u64) -> Result<(), Over> {
        let Some(from) = from else {
            return Ok(());
        };
        let taken = self.inner().unproven.take(source(from), 1, now_ms);
        taken.map_err(|wait_ms| Over::new("requests without a proof of their sender", wait_ms))
    }

    /// It was proven: the address gets back what it took, and the peer pays for it.
    pub(crate) fn proven(
        &self,
        (from, peer): (Option<IpAddr>, &ServerName),
        bytes: usize,
        now_ms: u64,
    ) -> Result<(), Over> {
        let mut inner = self.inner();
        if let Some(from) = from {
            inner.unproven.give_back(&source(from), 1);
        }
        let taken = inner.requests.take(peer.clone(), 1, now_ms);
        taken.map_err(|wait_ms| Over::new("requests", wait_ms))?;
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        let taken = inner.bytes.take(peer.clone(), bytes, now_ms);
        taken.map_err(|wait_ms| Over::new("bytes", wait_ms))
    }

    /// A peer claims KeyPackages of `user` for one of its own, `requester`.
    pub(crate) fn claim(
        &self,
        peer: &ServerName,
        (requester, user): (&UserUri, &UserUri),
        now_ms: u64,
    ) -> Result<(), Over> {
        let mut inner = self.inner();
        let by = (peer.clone(), requester.clone());
        let of = (peer.clone(), user.clone());
        let taken = inner.claims.take(peer.clone(), 1, now_ms);
        taken.map_err(|wait_ms| Over::new("KeyPackage claims", wait_ms))?;
        // What is refused costs nothing, so that the time named is true.
        if let Err(wait_ms) = inner.claims_by.take(by.clone(), 1, now_ms) {
            inner.claims.give_back(peer, 1);
            return Err(Over::new("KeyPackage claims of this user", wait_ms));
        }
        if let Err(wait_ms) = inner.claims_of.take(of, 1, now_ms) {
            inner.claims.give_back(peer, 1);
            inner.claims_by.give_back(&by, 1);
            return Err(Over::new("claims of this user's KeyPackages", wait_ms));
        }
        Ok(())
    }

    /// A peer pulls events or a group: a few at a time.
    pub(crate) fn catch_up(self: &Arc<Self>, peer: &ServerName) -> Result<CatchUp, Over> {
        let most = self.limits.catch_ups;
        let mut inner = self.inner();
        let running = inner.catching_up.entry(peer.clone()).or_default();
        if *running >= most {
            return Err(Over::new("catch-ups at a time", CATCH_UP_WAIT_MS));
        }
        *running += 1;
        drop(inner);
        Ok(CatchUp {
            quotas: Arc::clone(self),
            peer: peer.clone(),
        })
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        // What is behind the lock is valid between any two statements.
        self.inner
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Drop for CatchUp {
    fn drop(&mut self) {
        let mut inner = self.quotas.inner();
        if let Some(running) = inner.catching_up.get_mut(&self.peer) {
            *running = running.saturating_sub(1);
            if *running == 0 {
                inner.catching_up.remove(&self.peer);
            }
        }
    }
}

impl Over {
    fn new(what: &'static str, wait_ms: u64) -> Self {
        Self { what, wait_ms }
    }

    /// The honest answer: asked again after `retry_after` seconds it would have passed. `code` is
    /// `quota_exceeded` where all calls have to wait, `rate_limited` where this kind has.
    pub(crate) fn problem(self, code: Code) -> Problem {
        let seconds = self.wait_ms.div_ceil(1_000).max(1);
        let text = format!(
            "more {} than this server takes; again in {seconds} s",
            self.what
        );
        Problem::new(code, text).with_retry_after(seconds)
    }
}

/// Whoever has an IPv6 address has the 2^64 beside it.
fn source(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            let network = address.to_bits() >> 64 << 64;
            IpAddr::V6(Ipv6Addr::from_bits(network))
        }
    }
}

/// Addresses counted apart; further ones share one budget.
const SOURCES_MAX: usize = 16_384;
/// Peers counted apart; further ones share one budget.
const PEERS_MAX: usize = 4_096;
/// Users counted apart; further ones share one budget.
const USERS_MAX: usize = 16_384;
/// How long a catch-up may take, about.
const CATCH_UP_WAIT_MS: u64 = 1_000;

#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;
