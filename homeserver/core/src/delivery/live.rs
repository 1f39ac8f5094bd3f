//! An event as its readers share it: the exact bytes once, and the text that carries them once.
//!
//! A room of 500 devices gets the same frame 500 times. What the client API writes is kept beside
//! the bytes, so that the first reader makes it and the others copy it (SYNC-3).

use std::sync::{Arc, OnceLock};

use bytes::Bytes;

/// An event's exact bytes, shared.
#[derive(Clone, Debug)]
pub struct LiveEvent {
    bytes: Bytes,
    carried: Arc<OnceLock<Bytes>>,
}

impl LiveEvent {
    /// The exact bytes.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// What carries the event to a device, made by the first who asks. All readers of a room have
    /// to ask for the same.
    pub fn carried(&self, make: impl FnOnce(&Bytes) -> Bytes) -> Bytes {
        self.carried.get_or_init(|| make(&self.bytes)).clone()
    }
}

impl From<Bytes> for LiveEvent {
    fn from(bytes: Bytes) -> Self {
        Self {
            bytes,
            carried: Arc::default(),
        }
    }
}

impl PartialEq for LiveEvent {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl Eq for LiveEvent {}
