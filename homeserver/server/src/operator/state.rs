//! What the operator's endpoints are given.

use std::sync::Arc;

use holm_core::Homeserver;
use holm_federation::Transport;

use crate::config::Config;
use crate::keys::Rotation;

/// The running server, as its operator reaches it.
#[derive(Clone)]
pub struct Operator {
    /// What it decides.
    pub(crate) homeserver: Homeserver,
    /// Its way to other servers.
    pub(crate) transport: Arc<Transport>,
    /// How it is configured.
    pub(crate) config: Arc<Config>,
    /// Replaces its keys.
    pub(crate) rotation: Rotation,
}
