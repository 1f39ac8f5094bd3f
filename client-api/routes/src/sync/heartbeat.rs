//! When a connection counts as dead (SYNC-12, SYNC-15).
//!
//! After 20 seconds without a word the device gets a WebSocket ping, after 20 more a second one,
//! and after 20 more the connection is closed. One that does not take what is written to it for a
//! minute is closed as well, whatever it sends.

use std::time::Duration;

use tokio::time::Instant;

/// Silence after which a ping is sent.
const SILENCE: Duration = Duration::from_secs(20);
/// Pings that may go unanswered.
const PINGS_MAX: u32 = 2;
/// How long writing may make no progress.
const BLOCKED: Duration = Duration::from_mins(1);

/// Signs of life of a connection.
pub(crate) struct Heartbeat {
    heard: Instant,
    pings: u32,
    blocked: Option<Instant>,
}

/// What is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// Nothing yet.
    Nothing,
    /// Ask for a sign of life.
    Ping,
    /// Nobody is there.
    Close,
}

impl Heartbeat {
    /// A connection that has just spoken.
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            heard: now,
            pings: 0,
            blocked: None,
        }
    }

    /// The device sent something.
    pub(crate) fn heard(&mut self, now: Instant) {
        self.heard = now;
        self.pings = 0;
    }

    /// Whether something waits to be written.
    pub(crate) fn writing(&mut self, waits: bool, now: Instant) {
        self.blocked = match waits {
            true => self.blocked.or(Some(now)),
            false => None,
        };
    }

    /// The device took a frame.
    pub(crate) fn progress(&mut self) {
        self.blocked = None;
    }

    /// What is due at `now`; a ping is counted as sent.
    pub(crate) fn check(&mut self, now: Instant) -> Due {
        if self.blocked_too_long().is_some_and(|end| now >= end) {
            return Due::Close;
        }
        if now < self.silent_too_long() {
            return Due::Nothing;
        }
        if self.pings == PINGS_MAX {
            return Due::Close;
        }
        self.pings += 1;
        Due::Ping
    }

    /// When to look again.
    pub(crate) fn deadline(&self) -> Instant {
        let silent = self.silent_too_long();
        self.blocked_too_long()
            .map_or(silent, |end| silent.min(end))
    }

    fn silent_too_long(&self) -> Instant {
        self.heard + SILENCE * (self.pings + 1)
    }

    fn blocked_too_long(&self) -> Option<Instant> {
        self.blocked.map(|since| since + BLOCKED)
    }
}
