//! How long a change is tried, and how long it waits in between (ROOM-15): full jitter, bounded.

use std::time::Duration;

use tokio::time::Instant;

use crate::error::SdkError;
use crate::ports::SdkPorts;

/// How long a change is tried before the caller is told that it was not made.
const PATIENCE: Duration = Duration::from_mins(2);
/// The longest the first wait may be, and the longest any may be.
const WAIT: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(4));

/// One change's patience.
#[derive(Debug)]
pub(super) struct Patience {
    until: Instant,
    longest: Duration,
}

impl Patience {
    /// From `now` on.
    pub(super) fn new(now: Instant) -> Self {
        Self {
            until: now + PATIENCE,
            longest: WAIT.0,
        }
    }

    /// How long to wait after `error` before the next try; none where patience is at its end.
    /// `draw` gives a number below the one it is given.
    pub(super) fn next_wait(
        &mut self,
        error: &SdkError,
        now: Instant,
        draw: impl FnOnce(u64) -> u64,
    ) -> Option<Duration> {
        let longest = self.longest;
        self.longest = (longest * 2).min(WAIT.1);
        let jitter = u64::try_from(longest.as_millis()).unwrap_or(u64::MAX);
        let asked = error.problem().and_then(|p| p.retry_after).unwrap_or(0);
        let wait = Duration::from_secs(asked).saturating_add(Duration::from_millis(draw(jitter)));
        let ends = now.checked_add(wait).is_none_or(|at| at > self.until);
        (!ends).then_some(wait)
    }

    /// Waits after `error`.
    ///
    /// # Errors
    /// `error` again, where patience is at its end.
    pub(super) async fn wait(&mut self, error: SdkError, ports: &SdkPorts) -> Result<(), SdkError> {
        match self.next_wait(&error, Instant::now(), |end| ports.below(end)) {
            Some(wait) => {
                tokio::time::sleep(wait).await;
                Ok(())
            }
            None => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use holm_protocol::{Code, Problem};

    use super::*;

    fn lost() -> SdkError {
        SdkError::Refused(Problem::new(Code::WrongEpoch, ""))
    }

    #[tokio::test(start_paused = true)]
    async fn waits_double_up_to_four_seconds_and_end_after_two_minutes() {
        // ROOM-15
        let now = Instant::now();
        let mut patience = Patience::new(now);
        let mut longest = Vec::new();
        for _ in 0..7 {
            let draw = |end| {
                longest.push(end);
                end - 1
            };
            assert!(patience.next_wait(&lost(), now, draw).is_some());
        }
        assert_eq!(longest, [200, 400, 800, 1_600, 3_200, 4_000, 4_000]);
        let late = now + Duration::from_secs(119);
        assert!(patience.next_wait(&lost(), late, |_| 1_000).is_some());
        assert!(patience.next_wait(&lost(), late, |_| 1_001).is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn what_the_server_asks_for_is_waited_for_first() {
        // ROOM-15
        let now = Instant::now();
        let busy = SdkError::Refused(Problem::new(Code::RateLimited, "").with_retry_after(3));
        let wait = Patience::new(now).next_wait(&busy, now, |_| 7);
        assert_eq!(wait, Some(Duration::from_millis(3_007)));
        let never = Problem::new(Code::RateLimited, "").with_retry_after(u64::MAX);
        let never = SdkError::Refused(never);
        assert_eq!(Patience::new(now).next_wait(&never, now, |_| 0), None);
    }
}
