//! The active rooms: one bounded mailbox and one task each, ended when idle.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use holm_protocol::{Code, Problem, RoomUri};
use tokio::sync::{Semaphore, mpsc};

use super::command::Command;
use super::roster::Published;
use super::task::RoomTask;
use super::turns::Turns;
use crate::delivery::Tail;
use crate::homeserver::Homeserver;

/// Commands that may wait for one room.
const MAILBOX_LEN_MAX: usize = 256;
/// Rooms that may be active at once; idle ones end by themselves.
const ACTIVE_ROOMS_MAX: usize = 20_000;

/// Commits of one room on their way to a remote hub at once.
const FORWARDED_COMMITS_MAX: usize = 4;

/// The active rooms.
#[derive(Default)]
pub(crate) struct Rooms {
    active: Mutex<HashMap<RoomUri, RoomHandle>>,
}

/// An active room.
#[derive(Clone)]
pub(crate) struct RoomHandle {
    mailbox: mpsc::Sender<Command>,
    /// The newest events, for connected devices.
    pub(crate) tail: Arc<Tail>,
    /// Hub, own devices and servers, where the task knows them.
    pub(crate) roster: Arc<Published>,
    /// Keeps one user's messages to a remote hub in order.
    pub(crate) forward: Arc<tokio::sync::Mutex<()>>,
    /// Commits on the way to a remote hub: they may wait there for their turn, and other rooms'
    /// calls to the same hub shall not wait with them.
    pub(crate) commits: Arc<Semaphore>,
}

impl Rooms {
    /// The handle of an active room.
    pub(crate) fn active(&self, room: &RoomUri) -> Option<RoomHandle> {
        self.lock().get(room).cloned()
    }

    /// Ends a room's entry, unless something waits in its mailbox.
    pub(crate) fn retire(&self, room: &RoomUri, mailbox: &mpsc::Receiver<Command>) -> bool {
        let mut active = self.lock();
        // Whoever has a handle may be using what hangs on it.
        let unused = |handle: &RoomHandle| Arc::strong_count(&handle.forward) == 1;
        let idle = mailbox.is_empty() && active.get(room).is_none_or(unused);
        if idle {
            active.remove(room);
        }
        idle
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<RoomUri, RoomHandle>> {
        self.active.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Homeserver {
    /// The handle of a room, started if it is not active.
    pub(crate) fn room_handle(&self, room: &RoomUri) -> Result<RoomHandle, Problem> {
        let mut active = self.rooms.lock();
        if let Some(handle) = active.get(room) {
            return Ok(handle.clone());
        }
        if active.len() >= ACTIVE_ROOMS_MAX {
            let text = "too many rooms are active at once";
            return Err(Problem::new(Code::Unavailable, text).with_retry_after(30));
        }
        let (mailbox, inbox) = mpsc::channel(MAILBOX_LEN_MAX);
        let handle = RoomHandle {
            mailbox,
            tail: Arc::default(),
            roster: Arc::default(),
            forward: Arc::default(),
            commits: Arc::new(Semaphore::new(FORWARDED_COMMITS_MAX)),
        };
        active.insert(room.clone(), handle.clone());
        let task = RoomTask {
            homeserver: self.clone(),
            room: room.clone(),
            tail: Arc::clone(&handle.tail),
            roster: Arc::clone(&handle.roster),
            state: None,
            turns: Turns::default(),
        };
        self.ports.tasks.spawn("room", Box::pin(task.run(inbox)));
        Ok(handle)
    }

    /// Hands a command to a room's task; once more if the task had just ended.
    pub(crate) async fn tell_room(&self, room: &RoomUri, command: Command) -> Result<(), Problem> {
        let Err(mpsc::error::SendError(command)) =
            self.room_handle(room)?.mailbox.send(command).await
        else {
            return Ok(());
        };
        let sent = self.room_handle(room)?.mailbox.send(command).await;
        sent.map_err(|_ended| stopping())
    }
}

/// The answer when a room's task ends before it answered.
pub(crate) fn stopping() -> Problem {
    Problem::new(Code::Unavailable, "the server is stopping; try again").with_retry_after(5)
}
