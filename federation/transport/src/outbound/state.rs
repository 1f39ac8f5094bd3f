//! How calls to a peer fare, for the operator: a copy taken at one moment.

use std::time::Duration;

use holm_protocol::{PublicKey, ServerName};

use super::peer::Failure;

/// Whether calls to a peer go (FED-9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Breaker {
    /// They go.
    Closed,
    /// It failed and is waited for.
    Open,
    /// One call is on its way to find out; others wait for it.
    Probing,
}

/// How calls to one peer fare. Nothing of it survives a restart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerState {
    /// The peer.
    pub server: ServerName,
    /// Whether calls go.
    pub breaker: Breaker,
    /// Since when it has been failing, milliseconds since 1970.
    pub failing_since_ms: Option<u64>,
    /// Until the next call goes; zero where one may go now.
    pub retry_in: Duration,
    /// When it last said something that only it can say, milliseconds since 1970.
    pub heard_ms: Option<u64>,
    /// The newest failure, also of a peer that is back.
    pub last_failure: Option<Failure>,
    /// The root key that is known for it.
    pub root: Option<PublicKey>,
    /// Whether what DNS says of it is signed; `None` where that is not looked at.
    pub dns_secure: Option<bool>,
    /// Why the root key that it shows, or that DNS pins, is refused, and what to do.
    pub root_refused: Option<String>,
}
