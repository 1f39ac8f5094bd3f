//! Connected devices and what each has to look at.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use holm_protocol::aad::ClientMsgId;
use holm_protocol::limits::HELD_DEVICE_MAX;
use holm_protocol::{DeviceUri, RoomUri};
use tokio::sync::Notify;

use super::{CLOSE_RATE, CLOSE_REPLACED, Outgoing};

/// Answers to held messages that may wait for a connection; past it, the device begins anew.
const ANSWERS_MAX: usize = 4 * HELD_DEVICE_MAX;

/// Why a device looks at a room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Look {
    /// Its membership may have changed.
    pub(super) membership: bool,
    /// Open orders may have changed.
    pub(super) orders: bool,
}

/// One connection: a bounded set of rooms to look at, at most the device's own.
#[derive(Default)]
pub(super) struct Connection {
    state: Mutex<State>,
    pub(super) news: Notify,
}

#[derive(Default)]
struct State {
    rooms: BTreeMap<RoomUri, Look>,
    closed: Option<u16>,
    /// Answers to messages that were held, in order; ids, never messages.
    answers: Vec<Outgoing>,
    /// Rooms in which a held message was refused and has not come again, each with that message.
    shut: BTreeMap<RoomUri, ClientMsgId>,
}

/// All connected devices.
#[derive(Default)]
pub(crate) struct Delivery {
    connections: Mutex<HashMap<DeviceUri, Arc<Connection>>>,
}

impl Connection {
    /// What to look at now; empty afterwards.
    pub(super) fn take(&self) -> BTreeMap<RoomUri, Look> {
        std::mem::take(&mut self.lock().rooms)
    }

    /// Answers to messages that were held; none are left afterwards.
    pub(super) fn take_answers(&self) -> Vec<Outgoing> {
        std::mem::take(&mut self.lock().answers)
    }

    /// The code the connection has to close with.
    pub(super) fn closed(&self) -> Option<u16> {
        self.lock().closed
    }

    fn look(&self, room: &RoomUri, look: Look) {
        let mut state = self.lock();
        let entry = state.rooms.entry(room.clone()).or_default();
        entry.membership |= look.membership;
        entry.orders |= look.orders;
        drop(state);
        self.news.notify_one();
    }

    fn tell(&self, room: &RoomUri, answers: Vec<Outgoing>, shut: Option<ClientMsgId>) {
        let mut state = self.lock();
        state.answers.extend(answers);
        if let Some(first) = shut {
            state.shut.entry(room.clone()).or_insert(first);
        }
        if state.answers.len() > ANSWERS_MAX {
            state.closed.get_or_insert(CLOSE_RATE);
        }
        drop(state);
        self.news.notify_one();
    }

    fn admits(&self, room: &RoomUri, first: Option<ClientMsgId>) -> bool {
        let mut state = self.lock();
        let admits = state.shut.get(room).is_none_or(|id| Some(*id) == first);
        if admits {
            state.shut.remove(room);
        }
        admits
    }

    fn reopen(&self, room: &RoomUri) {
        self.lock().shut.remove(room);
    }

    fn close(&self, code: u16) {
        self.lock().closed.get_or_insert(code);
        self.news.notify_one();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Delivery {
    /// New events in a room.
    pub(crate) fn wake(&self, devices: &[DeviceUri], room: &RoomUri) {
        self.look(devices, room, Look::default());
    }

    /// Devices that entered or left a room.
    pub(crate) fn wake_changed(&self, devices: &[DeviceUri], room: &RoomUri) {
        self.look(
            devices,
            room,
            Look {
                membership: true,
                orders: false,
            },
        );
    }

    /// New open orders in a room.
    pub(crate) fn wake_orders(&self, devices: &[DeviceUri], room: &RoomUri) {
        self.look(
            devices,
            room,
            Look {
                membership: false,
                orders: true,
            },
        );
    }

    /// Tells a connected device what became of messages that were held for it. `shut` is the first
    /// that it has to send again: until it does, nothing it sends in the room is let past.
    /// A device that is not connected sends what has no answer again by itself.
    pub(crate) fn tell(
        &self,
        device: &DeviceUri,
        room: &RoomUri,
        answers: Vec<Outgoing>,
        shut: Option<ClientMsgId>,
    ) {
        if let Some(connection) = self.lock().get(device) {
            connection.tell(room, answers, shut);
        }
    }

    /// Whether messages of a device, of which this is the first, may be taken in a room; the
    /// refused one opens it again.
    pub(crate) fn lane_admits(
        &self,
        device: &DeviceUri,
        room: &RoomUri,
        first: Option<ClientMsgId>,
    ) -> bool {
        let connections = self.lock();
        let connection = connections.get(device);
        connection.is_none_or(|connection| connection.admits(room, first))
    }

    /// The device has read the refusals in a room.
    pub(crate) fn reopen(&self, device: &DeviceUri, room: &RoomUri) {
        if let Some(connection) = self.lock().get(device) {
            connection.reopen(room);
        }
    }

    /// Ends a device's connection with a close code.
    pub(crate) fn close(&self, device: &DeviceUri, code: u16) {
        if let Some(connection) = self.lock().get(device) {
            connection.close(code);
        }
    }

    /// Registers a connection; an older one of the device is closed (SYNC-20).
    pub(super) fn register(&self, device: &DeviceUri) -> Arc<Connection> {
        let connection = Arc::new(Connection::default());
        if let Some(older) = self.lock().insert(device.clone(), Arc::clone(&connection)) {
            older.close(CLOSE_REPLACED);
        }
        connection
    }

    /// Forgets a connection, unless a newer one has taken its place.
    pub(super) fn forget(&self, device: &DeviceUri, connection: &Arc<Connection>) {
        let mut connections = self.lock();
        if connections
            .get(device)
            .is_some_and(|c| Arc::ptr_eq(c, connection))
        {
            connections.remove(device);
        }
    }

    fn look(&self, devices: &[DeviceUri], room: &RoomUri, look: Look) {
        let connections = self.lock();
        for connection in devices.iter().filter_map(|d| connections.get(d)) {
            connection.look(room, look);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<DeviceUri, Arc<Connection>>> {
        self.connections
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
