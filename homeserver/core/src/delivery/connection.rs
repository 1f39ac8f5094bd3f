//! Connected devices and what each has to look at.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use holm_protocol::{DeviceUri, RoomUri};
use tokio::sync::Notify;

use super::CLOSE_REPLACED;

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

    /// Ends a device's connection with a close code.
    pub(crate) fn close(&self, device: &DeviceUri, code: u16) {
        if let Some(connection) = self.lock().get(device) {
            connection.close(code);
        }
    }

    /// Registers a connection; an older one of the device is closed.
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
