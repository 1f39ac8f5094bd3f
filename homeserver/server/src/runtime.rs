//! Time, randomness and tasks of a real server process.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use futures::FutureExt;
use holm_core::ports::{Clock, Future, Rng, Tasks};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The machine's clock.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock;

/// The operating system's randomness.
#[derive(Clone, Copy, Debug)]
pub struct OsRng;

/// Tasks on tokio, stopped together.
#[derive(Clone, Debug)]
pub struct TokioTasks {
    tracker: TaskTracker,
    stop: CancellationToken,
    /// Heavy work at once: one piece a core, so that the rest of the server stays responsive.
    cores: Arc<Semaphore>,
}

impl Clock for SystemClock {
    fn now_ms(&self) -> u64 {
        let now = UNIX_EPOCH.elapsed().unwrap_or_default();
        u64::try_from(now.as_millis()).unwrap_or(u64::MAX)
    }
}

impl Rng for OsRng {
    fn fill(&self, out: &mut [u8]) {
        getrandom::fill(out).expect("a server without randomness must not go on");
    }
}

impl TokioTasks {
    /// Tasks that end when `stop` is cancelled.
    pub fn new(stop: CancellationToken) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self {
            tracker: TaskTracker::new(),
            stop,
            cores: Arc::new(Semaphore::new(cores)),
        }
    }

    /// Waits until all tasks have ended, at most `limit`.
    pub async fn finish(&self, limit: Duration) {
        self.tracker.close();
        let _ = tokio::time::timeout(limit, self.tracker.wait()).await;
    }
}

impl Tasks for TokioTasks {
    fn spawn(&self, name: &'static str, work: Future<'static, ()>) {
        let stop = self.stop.clone();
        self.tracker.spawn(async move {
            let work = AssertUnwindSafe(stop.run_until_cancelled(work)).catch_unwind();
            if work.await.is_err() {
                tracing::error!(task = name, "a task ended by a panic");
            }
        });
    }

    fn compute<'a>(&'a self, work: Box<dyn FnOnce() + Send + 'static>) -> Future<'a, ()> {
        async move {
            let _core = self.cores.acquire().await;
            if tokio::task::spawn_blocking(work).await.is_err() {
                tracing::error!("a computation ended by a panic");
            }
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn stopping_ends_every_task() {
        let stop = CancellationToken::new();
        let tasks = TokioTasks::new(stop.clone());
        tasks.spawn("waits for ever", Box::pin(std::future::pending()));
        tasks.spawn("panics", Box::pin(async { panic!("in a test") }));
        stop.cancel();
        tasks.finish(Duration::from_mins(1)).await;
        assert!(tasks.tracker.is_empty());
    }

    #[tokio::test]
    async fn heavy_work_runs_to_its_end() {
        let (done, result) = tokio::sync::oneshot::channel();
        let tasks = TokioTasks::new(CancellationToken::new());
        tasks
            .compute(Box::new(move || done.send(7).unwrap_or_default()))
            .await;
        assert_eq!(result.await, Ok(7));
    }
}
