//! What the world outside the hosts knows: who is registered, which rooms there are, how far each
//! device is. No host learns by it what only the network could tell it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use holm_core::ports::{CrashPoint, StoredFork};
use holm_protocol::{RoomUri, UserUri};

/// How far a device has got in a room, as it said last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Number of the newest event it has taken.
    pub cursor: u64,
    /// Whether it takes part.
    pub active: bool,
    /// What stopped it, if anything did.
    pub stopped: Option<String>,
    /// Whom it counts as being in the room.
    pub participants: Vec<UserUri>,
    /// Own messages that have no place in the log yet.
    pub waiting: usize,
}

/// What is known.
#[derive(Debug, Default)]
pub struct State {
    /// Users by the number of their device.
    pub users: BTreeMap<usize, UserUri>,
    /// Rooms that have all their users.
    pub rooms: BTreeSet<RoomUri>,
    /// Rooms by the device that makes them.
    pub made: BTreeMap<usize, RoomUri>,
    /// Texts written so far, by device.
    pub written: BTreeMap<usize, u64>,
    /// How far each device is.
    pub progress: BTreeMap<usize, BTreeMap<RoomUri, Progress>>,
    /// Newest event of each room on each server, as it said last.
    pub heads: BTreeMap<(usize, RoomUri), u64>,
    /// Devices whose person is at something.
    pub busy: BTreeSet<usize>,
    /// Everything has healed; nobody begins anything.
    pub quiet: bool,
    /// Servers that are to die at a place, as of the next step.
    pub endangered: Vec<(usize, CrashPoint)>,
    /// What devices raised alarms about.
    pub alarms: Vec<(usize, String)>,
    /// Proofs of two histories, by the server that has found them.
    pub forks: BTreeMap<usize, Vec<StoredFork>>,
    /// The first event in a server's copy that carries a head of another history, and when it
    /// was seen there.
    pub crossed: BTreeMap<usize, (u64, Duration)>,
    /// Since when each server's process runs.
    pub booted: BTreeMap<usize, Duration>,
}

/// The board.
#[derive(Debug, Default)]
pub struct Board(Mutex<State>);

impl Board {
    /// Looks at it, or writes on it.
    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
