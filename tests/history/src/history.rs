//! What was recorded: a bounded list in the order of recording, and a handle that many can hold.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::observation::Observation;
use crate::verdict::{End, Verdict};

/// What a run recorded. Past its bound nothing more is kept and the verdict says so: a history with
/// holes proves nothing.
#[derive(Clone, Debug)]
pub struct History {
    pub(crate) entries: Vec<(u64, Observation)>,
    max: usize,
    pub(crate) unrecorded: u64,
}

/// Observations kept where no other bound is given: some 300 MiB at most.
const OBSERVATIONS_MAX: usize = 2_000_000;

impl Default for History {
    fn default() -> Self {
        Self::bounded(OBSERVATIONS_MAX)
    }
}

impl History {
    /// An empty history that keeps at most `max` observations.
    pub fn bounded(max: usize) -> Self {
        Self {
            entries: Vec::new(),
            max,
            unrecorded: 0,
        }
    }

    /// Records an observation, made at `at_ms` of whatever clock the run goes by.
    pub fn record(&mut self, at_ms: u64, observation: Observation) {
        if self.entries.len() < self.max {
            self.entries.push((at_ms, observation));
        } else {
            self.unrecorded += 1;
        }
    }

    /// What was recorded, oldest first.
    pub fn entries(&self) -> &[(u64, Observation)] {
        &self.entries
    }

    /// Whether it is what Holm promises.
    pub fn judge(&self, end: End) -> Verdict {
        crate::judge::judge(self, end)
    }
}

impl Extend<(u64, Observation)> for History {
    fn extend<T: IntoIterator<Item = (u64, Observation)>>(&mut self, entries: T) {
        for (at_ms, observation) in entries {
            self.record(at_ms, observation);
        }
    }
}

/// A history that many tasks and threads record into.
#[derive(Clone, Debug, Default)]
pub struct Recorder(Arc<Mutex<History>>);

impl Recorder {
    /// A handle to a history.
    pub fn new(history: History) -> Self {
        Self(Arc::new(Mutex::new(history)))
    }

    /// See [`History::record`].
    pub fn record(&self, at_ms: u64, observation: Observation) {
        self.history().record(at_ms, observation);
    }

    /// See [`History::judge`].
    pub fn judge(&self, end: End) -> Verdict {
        self.history().judge(end)
    }

    /// What was recorded so far.
    pub fn snapshot(&self) -> History {
        self.history().clone()
    }

    fn history(&self) -> MutexGuard<'_, History> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
