//! Work beside the socket: KeyPackages, rooms to be created, commits to be settled, orders.
//!
//! A few tasks at a time, each a task of the runtime, since the session may wait for a lock that
//! one of them holds; they end with the session.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::resume_unwind;
use std::sync::Arc;
use std::time::Duration;

use holm_protocol::RoomUri;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::device::{Change, Inner, driven};
use crate::error::SdkError;
use crate::event::DeviceEvent;
use crate::replica::{pending, rooms};
use crate::timeline::RoomState;

/// Pieces of work at once.
const AT_ONCE: usize = 8;
/// Wait after a failure that passes.
const PAUSE: Duration = Duration::from_secs(5);
/// KeyPackages are counted this often.
const KEY_PACKAGES_EVERY: Duration = Duration::from_mins(5);
/// Whether rooms are up to date is looked at soon after connecting, and this often.
const FRESH: (Duration, Duration) = (Duration::from_secs(10), Duration::from_mins(1));

/// What there is to do.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Task {
    /// Upload KeyPackages.
    KeyPackages,
    /// Ask for heads of quiet rooms.
    Fresh,
    /// Create a room that exists here alone.
    Room(RoomUri),
    /// Settle a commit left from before a restart.
    Pending(RoomUri),
    /// Carry out a room's open orders.
    Orders(RoomUri),
}

/// Work waiting and running; each task once.
#[derive(Default)]
pub(super) struct Works {
    due: BTreeMap<Task, Instant>,
    running: JoinSet<Done>,
    busy: BTreeSet<Task>,
    /// Rooms whose orders cannot be carried out; their messages leave all the same.
    waived: BTreeSet<RoomUri>,
}

/// A piece of work that has ended.
pub(super) type Done = (Task, Result<(), SdkError>);

impl Works {
    /// What a device does when it has connected.
    pub(super) async fn at_start(inner: &Arc<Inner>) -> Result<Self, SdkError> {
        let (mut works, now) = (Self::default(), Instant::now());
        works.add(Task::KeyPackages, now);
        works.add(Task::Fresh, now + FRESH.0);
        let mut state = inner.lock().await;
        let reader = state.replica.reader();
        for row in rooms::all(reader).await? {
            if row.state == RoomState::Creating {
                works.add(Task::Room(row.uri.clone()), now);
            }
            if pending::get(reader, row.id).await?.is_some() {
                works.add(Task::Pending(row.uri), now);
            }
        }
        Ok(works)
    }

    /// Plans a task, or brings it forward.
    pub(super) fn add(&mut self, task: Task, at: Instant) {
        if !self.busy.contains(&task) {
            let due = self.due.entry(task).or_insert(at);
            *due = at.min(*due);
        }
    }

    /// Begins what is due.
    pub(super) fn start(&mut self, inner: &Arc<Inner>, now: Instant) {
        while self.running.len() < AT_ONCE {
            let due = self.due.iter().find(|(_, at)| **at <= now);
            let Some(task) = due.map(|(task, _)| task.clone()) else {
                return;
            };
            self.due.remove(&task);
            self.busy.insert(task.clone());
            let work = perform(Arc::clone(inner), task);
            self.running.spawn(driven(inner, work));
        }
    }

    /// When the next task is due; none while there is no room for it.
    pub(super) fn next_due(&self) -> Option<Instant> {
        let has_room = self.running.len() < AT_ONCE;
        self.due.values().min().copied().filter(|_| has_room)
    }

    /// Waits for work to end; forever where none runs. May be dropped and asked again.
    pub(super) async fn next(&mut self) -> Done {
        match self.running.join_next().await {
            Some(Ok(done)) => done,
            Some(Err(ended)) if ended.is_panic() => resume_unwind(ended.into_panic()),
            _ => futures::future::pending().await,
        }
    }

    /// Takes the end of a piece of work.
    pub(super) fn finish(&mut self, inner: &Inner, (task, outcome): Done, now: Instant) {
        self.busy.remove(&task);
        let Err(error) = outcome else {
            // Others claim packages without a word to this device.
            match task {
                Task::KeyPackages => self.add(task, now + KEY_PACKAGES_EVERY),
                Task::Fresh => self.add(task, now + FRESH.1),
                _ => {}
            }
            return;
        };
        tracing::debug!(?task, %error, "not done");
        if error.is_transient() {
            return self.add(task, now + PAUSE);
        }
        if let Task::Orders(room) = task {
            inner.tell(DeviceEvent::Alarm {
                room: room.clone(),
                what: format!("an order cannot be carried out: {error}"),
            });
            self.waived.insert(room);
        }
    }

    /// Whether messages of a room leave although orders are open.
    pub(super) fn orders_waived(&self, room: &RoomUri) -> bool {
        self.waived.contains(room)
    }
}

async fn perform(inner: Arc<Inner>, task: Task) -> Done {
    let outcome = match &task {
        Task::KeyPackages => inner.replenish_key_packages().await,
        Task::Fresh => inner.keep_fresh().await,
        Task::Room(room) => inner.bring_out_room(room).await,
        Task::Pending(room) => inner.settle_alone(room).await,
        Task::Orders(room) => inner.change(room, Change::Orders).await.map(|_seq| ()),
    };
    (task, outcome)
}
