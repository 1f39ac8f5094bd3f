//! What every handler is given.

use std::sync::Arc;

use holm_core::Homeserver;

use crate::sockets::Sockets;

/// The state behind the routes.
#[derive(Clone)]
pub(crate) struct Api {
    /// What decides.
    pub(crate) homeserver: Arc<Homeserver>,
    /// The open WebSockets.
    pub(crate) sockets: Sockets,
}
