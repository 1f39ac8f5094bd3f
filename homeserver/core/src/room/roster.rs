//! What is known of an active room without asking its task: hub, own devices, servers.
//!
//! The task publishes it whenever a commit has changed the group, and withdraws it when it no
//! longer knows. It spares the store two reads a message; what it says is as new as the fold,
//! and the task judges again (LOG-11).

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use holm_protocol::{DeviceUri, ServerName};

use super::state::RoomState;

/// The group's members as delivery and federation need them.
#[derive(Debug)]
pub(crate) struct Roster {
    /// The server that orders the room.
    pub(crate) hub: ServerName,
    /// This server's devices, sorted.
    pub(crate) devices: Vec<DeviceUri>,
    /// All servers with a participant.
    pub(crate) servers: BTreeSet<ServerName>,
    /// The commit it stands after; what that changed is folded.
    pub(crate) commit_seq: u64,
}

/// Where the newest roster is found.
#[derive(Debug, Default)]
pub(crate) struct Published(Mutex<Option<Arc<Roster>>>);

impl Roster {
    /// The roster after the newest commit of `state`.
    fn of(state: &RoomState, own: &ServerName) -> Self {
        let mut devices = state.local_devices(own);
        devices.sort();
        Self {
            hub: state.hub.clone(),
            devices,
            servers: state.servers(),
            commit_seq: state.head.commit_seq,
        }
    }

    /// Whether a device of this server is in the group.
    pub(crate) fn has_device(&self, device: &DeviceUri) -> bool {
        self.devices.binary_search(device).is_ok()
    }
}

impl Published {
    /// The newest roster, where the task has one.
    pub(crate) fn get(&self) -> Option<Arc<Roster>> {
        self.lock().clone()
    }

    /// Publishes what `state` says, made anew only after a commit.
    pub(super) fn update(&self, state: &RoomState, own: &ServerName) -> Arc<Roster> {
        let mut published = self.lock();
        let commit_seq = state.head.commit_seq;
        match published.as_ref().filter(|r| r.commit_seq == commit_seq) {
            Some(roster) => Arc::clone(roster),
            None => Arc::clone(published.insert(Arc::new(Roster::of(state, own)))),
        }
    }

    /// Nothing is known for sure now.
    pub(super) fn withdraw(&self) {
        self.lock().take();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Arc<Roster>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
