//! How long something took, over many times.

use serde::Serialize;

/// Quantiles of durations, in milliseconds of the run's clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Latency {
    /// How many were measured.
    pub count: usize,
    /// The median.
    pub p50_ms: u64,
    /// 90 of 100 took no longer.
    pub p90_ms: u64,
    /// 99 of 100 took no longer.
    pub p99_ms: u64,
    /// The longest.
    pub max_ms: u64,
}

impl Latency {
    /// Of these durations.
    pub(crate) fn of(mut times: Vec<u64>) -> Self {
        times.sort_unstable();
        let within = |percent: usize| {
            let place = (times.len() * percent).div_ceil(100).saturating_sub(1);
            times.get(place).copied().unwrap_or(0)
        };
        Self {
            count: times.len(),
            p50_ms: within(50),
            p90_ms: within(90),
            p99_ms: within(99),
            max_ms: within(100),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_the_nearest_rank() {
        let found = Latency::of((1..=200).rev().collect());
        let all = (found.count, found.p50_ms, found.p90_ms, found.p99_ms);
        assert_eq!((all, found.max_ms), ((200, 100, 180, 198), 200));
        assert_eq!(Latency::of(Vec::new()), Latency::default());
    }
}
