//! What a follower holds while a room's hub is away (SYNC-16 to SYNC-18, FED-14, ADR-0009).
//!
//! Messages wait in the store and nowhere else; this module remembers which rooms have some. As
//! long as a room has, its messages queue up behind them, so each device's order stays. One task a
//! hub brings them when the hub is back ([`drain`]); what it answers is decided in [`outcome`] and
//! told to the devices that are connected.

mod bring;
mod drain;
mod outcome;

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use holm_protocol::{Problem, RoomUri, ServerName};
use tokio::sync::Notify;

use crate::homeserver::{Homeserver, internal};

/// Rooms that share one turn; more would only take memory.
const TURNS: usize = 64;

/// Which rooms have messages held, and the tasks that bring them.
pub(crate) struct Held {
    state: Mutex<State>,
    /// By a room's hash. Whoever holds its turn alone decides whether the room has messages held.
    turns: Vec<tokio::sync::Mutex<()>>,
}

#[derive(Default)]
struct State {
    /// Rooms with messages held, bounded by the messages (LIM-25).
    rooms: BTreeMap<RoomUri, ServerName>,
    /// Hubs with a task running.
    hubs: BTreeMap<ServerName, Arc<Notify>>,
}

impl Default for Held {
    fn default() -> Self {
        Self {
            state: Mutex::default(),
            turns: (0..TURNS).map(|_| tokio::sync::Mutex::default()).collect(),
        }
    }
}

impl Held {
    /// Whether a room's messages have to queue up behind others.
    fn waits(&self, room: &RoomUri) -> bool {
        self.lock().rooms.contains_key(room)
    }

    /// A room's turn: held for store calls, never for a call to a peer.
    async fn turn(&self, room: &RoomUri) -> tokio::sync::MutexGuard<'_, ()> {
        let mut hasher = DefaultHasher::new();
        room.hash(&mut hasher);
        let index = usize::try_from(hasher.finish() % 64).unwrap_or_default();
        self.turns[index % self.turns.len()].lock().await
    }

    /// A room has nothing held any more; asked under its turn.
    fn forget(&self, room: &RoomUri) {
        self.lock().rooms.remove(room);
    }

    /// Rooms with messages held for a hub; where there are none, its task has ended.
    fn rooms_of(&self, hub: &ServerName) -> Vec<RoomUri> {
        let mut state = self.lock();
        let of_hub = state.rooms.iter().filter(|(_, at)| *at == hub);
        let rooms: Vec<_> = of_hub.map(|(room, _)| room.clone()).collect();
        if rooms.is_empty() {
            state.hubs.remove(hub);
        }
        rooms
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Homeserver {
    /// Takes up what was held before a restart.
    pub(crate) async fn start_held(&self) -> Result<(), Problem> {
        let rooms = self.ports.held.held_rooms().await;
        for (room, hub) in rooms.map_err(|e| internal(&e))? {
            self.bring_later(&room, &hub);
        }
        Ok(())
    }

    /// A hub was heard: what is held for it is tried at once (FED-9).
    pub(crate) fn wake_held(&self, hub: &ServerName) {
        if let Some(news) = self.held.lock().hubs.get(hub) {
            news.notify_one();
        }
    }

    /// Notes that a room has messages held, and sees to it that its hub's task runs.
    fn bring_later(&self, room: &RoomUri, hub: &ServerName) {
        let mut state = self.held.lock();
        state.rooms.insert(room.clone(), hub.clone());
        if state.hubs.contains_key(hub) {
            return;
        }
        let news = Arc::new(Notify::new());
        state.hubs.insert(hub.clone(), Arc::clone(&news));
        drop(state);
        tracing::info!(%hub, "messages are held for this hub until they can be brought");
        let work = drain::run(self.clone(), hub.clone(), news);
        self.ports.tasks.spawn("held", Box::pin(work));
    }
}
