//! What the operator's endpoints are given.

use std::sync::Arc;

use holm_core::Homeserver;
use holm_federation::Transport;

/// The running server, as its operator reaches it.
#[derive(Clone)]
pub struct Operator {
    /// What it decides.
    pub(crate) homeserver: Homeserver,
    /// Its way to other servers.
    pub(crate) transport: Arc<Transport>,
}

impl Operator {
    /// The door to a running server.
    pub fn new(homeserver: Homeserver, transport: Arc<Transport>) -> Self {
        Self {
            homeserver,
            transport,
        }
    }
}
