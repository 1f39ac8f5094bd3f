//! Accepting connections, whatever the operating system answers.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};

const BACKOFF_MIN: Duration = Duration::from_millis(5);
const BACKOFF_MAX: Duration = Duration::from_secs(1);

/// The next connection. Errors of one connection are skipped; errors of the machine, such as no
/// free file descriptor, are logged and waited out.
pub(super) async fn accept(socket: &TcpListener) -> (TcpStream, SocketAddr) {
    let mut backoff = BACKOFF_MIN;
    loop {
        match socket.accept().await {
            Ok((stream, peer)) => {
                // Small frames go out at once; a failure only costs latency.
                let _ = stream.set_nodelay(true);
                return (
                    stream,
                    SocketAddr::new(peer.ip().to_canonical(), peer.port()),
                );
            }
            Err(e) if is_of_one_connection(e.kind()) => {}
            Err(error) => {
                tracing::warn!(%error, ?backoff, "no connection can be accepted for now");
                tokio::time::sleep(backoff).await;
                backoff = (backoff * 2).min(BACKOFF_MAX);
            }
        }
    }
}

fn is_of_one_connection(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::ConnectionRefused | ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset
    )
}
