//! Acknowledgements in flight: one write at a time, the newest of each room (SYNC-6).
//!
//! Watermarks only grow, so what arrives while a write runs is merged: a thousand events cost a
//! device that acknowledges each of them a few writes.

use std::collections::BTreeMap;

use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use holm_protocol::{Problem, RoomUri};

use super::backend::Backend;

/// Rooms that wait; the socket is not read past it.
const WAITING_MAX: usize = 256;

/// The acknowledgements of one connection.
#[derive(Default)]
pub(crate) struct Acks {
    waiting: BTreeMap<RoomUri, (u64, u64)>,
    running: FuturesUnordered<BoxFuture<'static, Written>>,
}

/// A write that has ended.
pub(crate) type Written = (RoomUri, Result<(), Problem>);

impl Acks {
    /// Takes an acknowledgement; [`Acks::start`] writes it.
    pub(crate) fn push(&mut self, room: RoomUri, delivered: u64, read: u64) {
        let marks = self.waiting.entry(room).or_default();
        *marks = (marks.0.max(delivered), marks.1.max(read));
    }

    /// Begins the next write, unless one runs.
    pub(crate) fn start(&mut self, backend: &impl Backend) {
        if self.is_running() {
            return;
        }
        if let Some((room, (delivered, read))) = self.waiting.pop_first() {
            let write = backend.acknowledge(room.clone(), delivered, read);
            self.running
                .push(Box::pin(async move { (room, write.await) }));
        }
    }

    /// Waits for the write to end; `None` while none runs. May be dropped and asked again.
    pub(crate) async fn next(&mut self) -> Option<Written> {
        self.running.next().await
    }

    /// Whether the socket may be read for more.
    pub(crate) fn has_room(&self) -> bool {
        self.waiting.len() < WAITING_MAX
    }

    /// Whether a write is running.
    pub(crate) fn is_running(&self) -> bool {
        !self.running.is_empty()
    }
}
