//! A bucket that fills with time: pure.

use super::Rate;

/// What is left of a burst. Counted in parts of a sixty-thousandth, so that a millisecond adds
/// exactly what a minute's rate says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bucket {
    parts: u64,
    at_ms: u64,
}

/// Parts of one.
const PARTS: u64 = 60_000;

impl Bucket {
    /// A full one.
    pub(super) fn full(rate: Rate, now_ms: u64) -> Self {
        Self {
            parts: capacity(rate),
            at_ms: now_ms,
        }
    }

    /// Takes `n`, or says in how many milliseconds it could. More than a burst costs a burst.
    pub(super) fn take(&mut self, rate: Rate, n: u64, now_ms: u64) -> Result<(), u64> {
        self.fill(rate, now_ms);
        let cost = n.saturating_mul(PARTS).min(capacity(rate));
        if cost <= self.parts {
            self.parts -= cost;
            return Ok(());
        }
        let missing = cost - self.parts;
        Err(missing
            .checked_div(rate.per_minute)
            .map_or(NEVER_MS, |wait| {
                wait + u64::from(!missing.is_multiple_of(rate.per_minute))
            }))
    }

    /// Gives back what was taken.
    pub(super) fn give_back(&mut self, rate: Rate, n: u64) {
        let parts = self.parts.saturating_add(n.saturating_mul(PARTS));
        self.parts = parts.min(capacity(rate));
    }

    /// Whether it is as good as new.
    pub(super) fn is_full(mut self, rate: Rate, now_ms: u64) -> bool {
        self.fill(rate, now_ms);
        self.parts >= capacity(rate)
    }

    /// A clock that was set back adds nothing, and counts on from there.
    fn fill(&mut self, rate: Rate, now_ms: u64) {
        let passed = now_ms.saturating_sub(self.at_ms);
        let parts = self
            .parts
            .saturating_add(passed.saturating_mul(rate.per_minute));
        self.parts = parts.min(capacity(rate));
        self.at_ms = now_ms;
    }
}

fn capacity(rate: Rate) -> u64 {
    rate.burst.saturating_mul(PARTS)
}

/// The wait for what a rate of nothing never gives.
const NEVER_MS: u64 = 3_600_000;
