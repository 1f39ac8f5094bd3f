//! What the library is given from outside: time and randomness.
//!
//! Simulation replaces both, and the way to servers as well (see [`crate::Connector`]). Waiting is
//! tokio's timer, which simulation pauses and advances.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::crash_points::{CrashPoint, CrashPoints, NoCrash};
use crate::drive::Drive;

/// The wall clock.
pub trait Clock: Send + Sync {
    /// Milliseconds since 1970.
    fn now_ms(&self) -> u64;
}

/// A source of randomness fit for keys.
pub trait Rng: Send + Sync {
    /// Fills `out`.
    fn fill(&self, out: &mut [u8]);
}

/// What one device is given.
#[derive(Clone)]
pub struct SdkPorts {
    /// The wall clock.
    pub clock: Arc<dyn Clock>,
    /// The source of randomness.
    pub rng: Arc<dyn Rng>,
    /// Told at named places, where a test may end the process.
    pub crash_points: Arc<dyn CrashPoints>,
    /// How waits for the replica are brought to their end.
    pub drive: Drive,
}

impl SdkPorts {
    /// The operating system's clock and randomness; nothing happens at named places.
    pub fn system() -> Self {
        Self {
            clock: Arc::new(SystemClock),
            rng: Arc::new(SystemRng),
            crash_points: Arc::new(NoCrash),
            drive: Drive::Await,
        }
    }

    /// A named place is reached.
    pub(crate) fn reached(&self, point: CrashPoint) {
        self.crash_points.reached(point);
    }

    /// `N` random bytes.
    pub(crate) fn random<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.rng.fill(&mut bytes);
        bytes
    }

    /// A number below `end`, near enough to uniform for jitter; 0 where `end` is 0.
    pub(crate) fn below(&self, end: u64) -> u64 {
        u64::from_be_bytes(self.random::<8>())
            .checked_rem(end)
            .unwrap_or(0)
    }

    /// A name of 16 letters and digits, for a room.
    pub(crate) fn name(&self) -> String {
        const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
        let letter = |byte: &u8| char::from(LETTERS[usize::from(byte % 32)]);
        self.random::<16>().iter().map(letter).collect()
    }
}

/// The operating system's clock.
struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the clock"
    )]
    fn now_ms(&self) -> u64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        since.map_or(0, |d| u64::try_from(d.as_millis()).unwrap_or(u64::MAX))
    }
}

/// The operating system's randomness.
pub(crate) struct SystemRng;

impl Rng for SystemRng {
    fn fill(&self, out: &mut [u8]) {
        // Without randomness no key may be made; there is nothing to go on with.
        getrandom::fill(out).unwrap_or_else(|e| unreachable!("no randomness: {e}"));
    }
}
