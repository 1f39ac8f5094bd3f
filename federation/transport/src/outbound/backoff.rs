//! Patience with a peer that does not answer: a pure function over an injected time (FED-9).
//!
//! The first failure starts a wait that doubles from half a second, with jitter: at most 5 s
//! during the first hour, and at most 5 minutes after it. When the wait is over one call goes as a
//! probe, and the others still wait for it. Any authenticated word from the peer, out or in, ends
//! the wait at once.

use super::state::Breaker;

/// What is known of a peer's absence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Backoff {
    /// Nothing bad.
    #[default]
    Clear,
    /// It failed and has not been heard from since.
    Waiting(Waiting),
}

/// A peer that is being waited for. Times in milliseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Waiting {
    since_ms: u64,
    failures: u32,
    failed_ms: u64,
    retry_ms: u64,
    probing: bool,
}

/// Why a call is made, which decides how long it has to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Urgency {
    /// We want something of the peer.
    Call,
    /// Somebody says to be the peer, and its document is needed to find out.
    Document,
}

/// Whether a call may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Admission {
    /// Nothing is known against it.
    Go,
    /// It goes, alone; [`Backoff::probe_ended`] has to follow.
    Probe,
    /// Not before this time, milliseconds since 1970.
    Wait(u64),
}

impl Backoff {
    /// Decides over a call and notes the probe it may be (FED-9).
    pub(super) fn admit(&mut self, now_ms: u64, urgency: Urgency) -> Admission {
        let Self::Waiting(waiting) = self else {
            return Admission::Go;
        };
        let due = now_ms >= waiting.retry_ms
            // A clock set back must not turn minutes into days.
            || waiting.retry_ms - now_ms > DELAY_MS_MAX
            || (urgency == Urgency::Document && now_ms >= waiting.failed_ms + DOCUMENT_RETRY_MS);
        if waiting.probing || !due {
            return Admission::Wait(waiting.retry_ms);
        }
        waiting.probing = true;
        Admission::Probe
    }

    /// Milliseconds until a call may go; 0 where one may go now.
    pub(super) fn wait_ms(&self, now_ms: u64) -> u64 {
        match self {
            Self::Clear => 0,
            Self::Waiting(waiting) => waiting.retry_ms.saturating_sub(now_ms).min(DELAY_MS_MAX),
        }
    }

    /// Whether calls go.
    pub(super) fn breaker(&self) -> Breaker {
        match self {
            Self::Clear => Breaker::Closed,
            Self::Waiting(waiting) if waiting.probing => Breaker::Probing,
            Self::Waiting(_) => Breaker::Open,
        }
    }

    /// Since when it has been failing, milliseconds since 1970.
    pub(super) fn since_ms(&self) -> Option<u64> {
        match self {
            Self::Clear => None,
            Self::Waiting(waiting) => Some(waiting.since_ms),
        }
    }

    /// The peer said something that only it can say.
    pub(super) fn heard(&mut self) {
        *self = Self::Clear;
    }

    /// A call failed; `draw(n)` returns a number from 0 to n, both included.
    pub(super) fn failed(&mut self, now_ms: u64, draw: impl FnOnce(u32) -> u32) {
        let (since_ms, failures) = match self {
            Self::Clear => (now_ms, 0),
            // Many calls that were under way when the peer died are one failure.
            Self::Waiting(waiting) if !waiting.probing && now_ms < waiting.retry_ms => return,
            Self::Waiting(waiting) => (waiting.since_ms, waiting.failures),
        };
        let half = delay_ms(failures, now_ms.saturating_sub(since_ms)) / 2;
        *self = Self::Waiting(Waiting {
            since_ms,
            failures: failures.saturating_add(1),
            failed_ms: now_ms,
            retry_ms: now_ms + u64::from(half) + u64::from(draw(half)),
            probing: false,
        });
    }

    /// The probe came to nothing, neither good nor bad: the next call may probe.
    pub(super) fn probe_ended(&mut self) {
        if let Self::Waiting(waiting) = self {
            waiting.probing = false;
        }
    }
}

/// The longest wait after `failures` earlier failures over `absent_ms`.
fn delay_ms(failures: u32, absent_ms: u64) -> u32 {
    let (most, first) = match absent_ms < FIRST_HOUR_MS {
        true => (5_000, 500),
        false => (300_000, 10_000),
    };
    let doubled = u32::checked_shl(first, failures.min(10)).unwrap_or(most);
    doubled.min(most)
}

/// How long waits are short.
const FIRST_HOUR_MS: u64 = 3_600_000;
/// The longest wait.
const DELAY_MS_MAX: u64 = 300_000;
/// When somebody says to be the peer, its document is asked for once in this time at least.
pub(super) const DOCUMENT_RETRY_MS: u64 = 60_000;

#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;
