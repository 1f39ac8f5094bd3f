//! How a store call is brought to its end.
//!
//! SQLite's answers come from threads that simulated time knows nothing of: awaited under a
//! paused clock, time would jump while they work, and no seed would replay. In place, the calling
//! thread waits for the answer instead: no simulated time passes and no task runs in between.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// How a store call is brought to its end. It drives whole transactions and nothing that waits
/// for another task; locks are taken inside the work.
#[derive(Clone, Default)]
pub enum Drive {
    /// Awaited, as in production.
    #[default]
    Await,
    /// Driven to its end by the calling thread, for simulation.
    InPlace {
        /// How long the next call takes in simulated time: the seeded slowness of a disk.
        latency: Arc<dyn Fn() -> Duration + Send + Sync>,
    },
}

impl Drive {
    /// Brings `work` to its end.
    pub(crate) async fn run<T>(&self, work: impl Future<Output = T> + Send) -> T {
        match self {
            Self::Await => work.await,
            Self::InPlace { latency } => {
                tokio::time::sleep(latency()).await;
                // On a spent task budget tokio's locks would stay pending for ever.
                futures::executor::block_on(tokio::task::unconstrained(work))
            }
        }
    }

    /// How many connections read beside the writer: none in place, where nothing runs at once.
    pub(crate) fn readers(&self) -> usize {
        match self {
            Self::Await => 3,
            Self::InPlace { .. } => 0,
        }
    }
}

impl fmt::Debug for Drive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Await => "Await",
            Self::InPlace { .. } => "InPlace",
        })
    }
}
