//! The clocks of a run: simulated time, and how far each host's clock is off.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

/// A host's clock; it lives outside the host, as clocks go on while a process is dead.
#[derive(Debug, Default)]
pub struct SimClock {
    off_ms: AtomicI64,
}

impl SimClock {
    /// Sets how far the clock is off the truth, in milliseconds.
    pub fn set_off(&self, off_ms: i64) {
        self.off_ms.store(off_ms, Ordering::Relaxed);
    }

    fn now(&self) -> u64 {
        let truth = turmoil::since_epoch().unwrap_or_default();
        let truth = u64::try_from(truth.as_millis()).unwrap_or(u64::MAX);
        truth.saturating_add_signed(self.off_ms.load(Ordering::Relaxed))
    }
}

/// Simulated time since the run began.
pub fn elapsed() -> Duration {
    turmoil::sim_elapsed().unwrap_or_default()
}

impl holm_core::ports::Clock for SimClock {
    fn now_ms(&self) -> u64 {
        self.now()
    }
}

impl holm_sdk::Clock for SimClock {
    fn now_ms(&self) -> u64 {
        self.now()
    }
}
