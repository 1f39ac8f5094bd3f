//! Time, randomness and tasks of the stateful targets: a clock that stands still but for what an
//! input says, so that one input always means the same.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use holm_core::ports::{Clock, Future, Rng, Tasks};
use holm_storage::Drive;

/// Runs a story to its end on this thread, in simulated time.
pub(crate) fn run<T>(work: impl std::future::Future<Output = T>) -> T {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_time().start_paused(true).build();
    runtime.expect("a runtime in this thread").block_on(work)
}

/// Milliseconds since 1970 when the process began: OpenMLS holds lifetimes against the system's
/// clock, so what is made for it has to be made for now.
pub(crate) fn begun_ms() -> u64 {
    static BEGUN: std::sync::OnceLock<u64> = std::sync::OnceLock::new();
    *BEGUN.get_or_init(system_ms)
}

#[expect(
    clippy::disallowed_methods,
    reason = "OpenMLS asks the system's clock itself"
)]
fn system_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let since = since.expect("the clock stands after 1970");
    u64::try_from(since.as_millis()).expect("milliseconds fit")
}

/// Clock, randomness and tasks of one server.
#[derive(Debug)]
pub(crate) struct Ambient {
    now_ms: AtomicU64,
    drawn: AtomicU64,
}

impl Ambient {
    pub(crate) fn new() -> Self {
        Self {
            now_ms: begun_ms().into(),
            drawn: 1.into(),
        }
    }

    pub(crate) fn advance(&self, ms: u64) {
        self.now_ms.fetch_add(ms, Ordering::Relaxed);
    }
}

impl Clock for Ambient {
    fn now_ms(&self) -> u64 {
        self.now_ms.load(Ordering::Relaxed)
    }
}

impl Rng for Ambient {
    fn fill(&self, out: &mut [u8]) {
        for chunk in out.chunks_mut(8) {
            let drawn = self.drawn.fetch_add(1, Ordering::Relaxed);
            let mixed = drawn.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes();
            chunk.copy_from_slice(&mixed[..chunk.len()]);
        }
    }
}

impl Tasks for Ambient {
    fn spawn(&self, _name: &'static str, work: Future<'static, ()>) {
        tokio::spawn(work);
    }

    fn compute<'a>(&'a self, work: Box<dyn FnOnce() + Send + 'static>) -> Future<'a, ()> {
        work();
        Box::pin(async {})
    }
}

/// Stores answer on the calling thread, at once.
pub(crate) fn in_place() -> Drive {
    Drive::InPlace {
        latency: std::sync::Arc::new(|| Duration::ZERO),
    }
}
