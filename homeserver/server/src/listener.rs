//! The one public listener: HTTP/1.1 and HTTP/2 over TLS, or plain behind a proxy.
//!
//! What a stranger can hold is bounded before anything is parsed: connections in all and by
//! address, time for the TLS handshake and for a request's head, and buffers. Running out of file
//! descriptors slows the loop down and does not end it.

mod accept;
mod connection;
mod slots;
mod tls;

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use crate::config::Connections;
use slots::Slots;
pub use tls::{Certificate, TlsError};

/// How a connection is protected.
#[derive(Clone)]
pub enum Security {
    /// Not at all; a proxy in front does it.
    Plain,
    /// By TLS.
    Tls(TlsAcceptor),
}

/// A bound listener.
pub struct Listener {
    socket: TcpListener,
    security: Security,
    slots: Slots,
}

/// How long open connections may take to end when the server stops.
const DRAIN: Duration = Duration::from_secs(5);

impl Listener {
    /// Takes over a bound socket.
    pub fn new(socket: TcpListener, security: Security, caps: &Connections) -> Self {
        Self {
            socket,
            security,
            slots: Slots::new(caps),
        }
    }

    /// The address it is bound to.
    pub fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Serves `router` until `stop`; then ends idle connections at once, and waits for the others.
    pub async fn serve(self, router: Router, stop: CancellationToken) {
        while let Some((stream, peer)) = stop.run_until_cancelled(self.next()).await {
            let Some(slot) = self.slots.take(peer.ip()) else {
                tracing::debug!(%peer, "too many connections from one address");
                continue;
            };
            let (security, router, stop) = (self.security.clone(), router.clone(), stop.clone());
            tokio::spawn(async move {
                let served = connection::serve(stream, peer, slot, security, router, stop).await;
                if let Err(error) = served {
                    tracing::debug!(%peer, %error, "a connection ended early");
                }
            });
        }
        drop(self.socket);
        if tokio::time::timeout(DRAIN, self.slots.all_free())
            .await
            .is_err()
        {
            tracing::warn!("connections were still open after {DRAIN:?}; they are cut");
        }
    }

    async fn next(&self) -> (tokio::net::TcpStream, SocketAddr) {
        self.slots.wait_for_one().await;
        accept::accept(&self.socket).await
    }
}

#[cfg(test)]
mod tests;
