//! Counting connections, in all and by address.
//!
//! A slot lives in the connection's stream, so that a WebSocket counts as long as it is open.

use std::collections::BTreeMap;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::config::Connections;

/// The connections that may be open.
pub(super) struct Slots {
    free: Arc<Semaphore>,
    max: u32,
    by_address: Arc<Mutex<BTreeMap<IpAddr, u32>>>,
    per_address_max: u32,
}

/// The right to one connection, given back when dropped.
pub(super) struct Slot {
    _permit: OwnedSemaphorePermit,
    address: IpAddr,
    by_address: Arc<Mutex<BTreeMap<IpAddr, u32>>>,
}

/// A stream that holds its slot.
pub(super) struct Counted<S> {
    stream: S,
    _slot: Slot,
}

impl Slots {
    pub(super) fn new(caps: &Connections) -> Self {
        let max = caps.max.max(1);
        Self {
            free: Arc::new(Semaphore::new(usize::try_from(max).unwrap_or(usize::MAX))),
            max,
            by_address: Arc::default(),
            per_address_max: match caps.per_address_max {
                0 => u32::MAX,
                n => n,
            },
        }
    }

    /// Waits until a connection may be accepted; before that it waits in the system's queue.
    pub(super) async fn wait_for_one(&self) {
        drop(self.free.acquire().await);
    }

    /// A slot for a connection from `address`, unless it has too many.
    pub(super) fn take(&self, address: IpAddr) -> Option<Slot> {
        let permit = Arc::clone(&self.free).try_acquire_owned().ok()?;
        let mut by_address = self
            .by_address
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let open = by_address.entry(address).or_default();
        if *open >= self.per_address_max {
            return None;
        }
        *open += 1;
        Some(Slot {
            _permit: permit,
            address,
            by_address: Arc::clone(&self.by_address),
        })
    }

    /// Waits until no connection is open.
    pub(super) async fn all_free(&self) {
        drop(self.free.acquire_many(self.max).await);
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut by_address = self
            .by_address
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        match by_address.get_mut(&self.address) {
            Some(open) if *open > 1 => *open -= 1,
            _ => drop(by_address.remove(&self.address)),
        }
    }
}

impl<S> Counted<S> {
    pub(super) fn new(stream: S, slot: Slot) -> Self {
        Self {
            stream,
            _slot: slot,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Counted<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Counted<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
