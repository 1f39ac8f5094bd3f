//! The open WebSockets of a server, so that it can end them when it stops (SYNC-14).
//!
//! An upgraded connection is no request any more, so the HTTP server's own graceful stop knows
//! nothing of it.

use std::future::Future;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The open WebSockets; clones share them.
#[derive(Clone, Debug, Default)]
pub struct Sockets {
    token: CancellationToken,
    tasks: TaskTracker,
}

/// How long a stop waits for devices to take their close frame.
const STOP_WAIT: Duration = Duration::from_secs(5);

impl Sockets {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Tells every connection to close with 1012 and waits until all have, at most 5 seconds.
    /// Connections that come later are closed at once.
    pub async fn stop(&self) {
        self.token.cancel();
        self.tasks.close();
        if tokio::time::timeout(STOP_WAIT, self.tasks.wait())
            .await
            .is_err()
        {
            tracing::info!(left = self.tasks.len(), "connections did not close in time");
        }
    }

    /// How many are open.
    pub fn len(&self) -> usize {
        self.tasks.len()
    }

    /// Whether none is open.
    pub fn is_empty(&self) -> bool {
        self.tasks.is_empty()
    }

    /// Ends when the server stops.
    pub(crate) fn token(&self) -> CancellationToken {
        self.token.clone()
    }

    /// Runs a connection to its end.
    pub(crate) fn spawn(&self, connection: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(connection);
    }
}
