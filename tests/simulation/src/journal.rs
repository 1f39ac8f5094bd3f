//! What a run writes down: the trace, whose hash two runs of one seed must share.
//!
//! A line holds simulated time, host, kind, ids, numbers and lengths, never ciphertext: OpenMLS
//! draws from a generator of its own.

use std::fmt::Write as _;
use std::sync::{Mutex, MutexGuard, PoisonError};

use sha2::{Digest, Sha256};

use crate::clock::elapsed;

/// The trace of one run.
#[derive(Default)]
pub struct Journal {
    state: Mutex<State>,
    /// Whether lines are kept for reading.
    keeps: bool,
}

#[derive(Default)]
struct State {
    hash: Sha256,
    lines: u64,
    kept: String,
}

impl Journal {
    /// An empty trace; `keeps` its lines for people.
    pub fn new(keeps: bool) -> Self {
        Self {
            state: Mutex::default(),
            keeps,
        }
    }

    /// Writes a line.
    pub fn note(&self, host: &str, what: &str) {
        let line = format!("{:>9} {host} {what}\n", elapsed().as_millis());
        let mut state = self.lock();
        state.hash.update(line.as_bytes());
        state.lines += 1;
        if self.keeps {
            state.kept.push_str(&line);
        }
    }

    /// Hash and number of the lines.
    pub fn sum(&self) -> (String, u64) {
        let state = self.lock();
        let mut hash = String::new();
        for byte in state.hash.clone().finalize() {
            let _ = write!(hash, "{byte:02x}");
        }
        (hash, state.lines)
    }

    /// The lines that were kept.
    pub fn lines(&self) -> String {
        self.lock().kept.clone()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
