//! The DNS port: the three look-ups that finding a server needs (DISC-1).
//!
//! "There is no such record" and "the look-up failed" are told apart, because the first leads to
//! the fallback and the second must not: whoever can make a look-up fail could else move a
//! server's traffic to port 443 of its name.

use std::net::IpAddr;

use holm_core::ports::Future;
use thiserror::Error;

/// One SRV record (RFC 2782).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SrvTarget {
    /// Lower is tried first.
    pub priority: u16,
    /// Share among records of one priority.
    pub weight: u16,
    /// Port.
    pub port: u16,
    /// Host name, with or without its trailing dot; `.` says that there is no service.
    pub target: String,
}

/// Why a look-up gave nothing.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ResolveError {
    /// The name or the record does not exist.
    #[error("there is no such record")]
    NoRecord,
    /// No answer that can be relied on.
    #[error("{0}")]
    Failed(String),
}

/// What a look-up returns.
pub type Resolved<'a, T> = Future<'a, Result<Vec<T>, ResolveError>>;

/// Looks names up. Names come without a trailing dot and are fully qualified.
pub trait Resolve: Send + Sync {
    /// SRV records of a name.
    fn srv<'a>(&'a self, name: &'a str) -> Resolved<'a, SrvTarget>;

    /// TXT records of a name, the strings of each joined.
    fn txt<'a>(&'a self, name: &'a str) -> Resolved<'a, String>;

    /// Whether all that DNS says at these names comes with signatures that lead to the root of DNS:
    /// `None` where signatures are not looked at, or nothing stands there.
    fn is_secure<'a>(&'a self, _names: &'a [String]) -> Future<'a, Option<bool>> {
        Box::pin(std::future::ready(None))
    }

    /// Addresses of a host, of both families.
    fn addresses<'a>(&'a self, host: &'a str) -> Resolved<'a, IpAddr>;
}
