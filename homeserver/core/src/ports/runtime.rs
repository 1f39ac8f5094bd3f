//! Time, randomness and tasks.

use super::Future;

/// The wall clock. Waiting is tokio's timer, which simulation pauses and advances.
pub trait Clock: Send + Sync {
    /// Milliseconds since 1970.
    fn now_ms(&self) -> u64;
}

/// A source of randomness fit for keys.
pub trait Rng: Send + Sync {
    /// Fills `out`.
    fn fill(&self, out: &mut [u8]);
}

/// Where long-running and heavy work goes.
pub trait Tasks: Send + Sync {
    /// Runs `work` until it ends or the server stops.
    fn spawn(&self, name: &'static str, work: Future<'static, ()>);

    /// Runs heavy computation away from the async threads; simulation runs it in place.
    fn compute<'a>(&'a self, work: Box<dyn FnOnce() + Send + 'static>) -> Future<'a, ()>;
}
