//! A way to a peer on which everything takes long.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

/// How a way is slow.
#[derive(Clone, Copy)]
pub(super) enum Slow {
    /// What comes back comes late.
    Late,
    /// What goes there is read little by little.
    Narrow,
}

/// How late; a handshake still ends in time.
const LATE: Duration = Duration::from_secs(2);
/// Bytes read at a time, and the rest after them: 16 KiB a second.
const PIECE: usize = 4 * 1024;
const REST: Duration = Duration::from_millis(250);

/// Opens a slow way to a port of this machine, until the program ends; its own port.
pub(super) async fn open(to: u16, slow: Slow) -> u16 {
    let socket = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = socket.local_addr().expect("an address").port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = socket.accept().await {
            tokio::spawn(async move {
                // A connection that breaks is one more trouble of a slow peer.
                let _ = pass(stream, to, slow).await;
            });
        }
    });
    port
}

async fn pass(stream: TcpStream, to: u16, slow: Slow) -> std::io::Result<()> {
    let (from_hub, to_hub) = stream.into_split();
    let (from_peer, to_peer) = TcpStream::connect(("127.0.0.1", to)).await?.into_split();
    let (there, back) = match slow {
        Slow::Late => (Duration::ZERO, LATE),
        Slow::Narrow => (REST, Duration::ZERO),
    };
    tokio::try_join!(
        copy(from_hub, to_peer, there),
        copy(from_peer, to_hub, back)
    )?;
    Ok(())
}

async fn copy(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    rest: Duration,
) -> std::io::Result<()> {
    let mut piece = vec![0; PIECE];
    loop {
        let len = from.read(&mut piece).await?;
        if len == 0 {
            return to.shutdown().await;
        }
        sleep(rest).await;
        to.write_all(&piece[..len]).await?;
    }
}
