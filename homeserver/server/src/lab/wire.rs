//! The wire to a server: a TCP proxy that can be cut like a network that drops packets.
//!
//! While a direction is cut, its bytes stop and nothing is closed or refused: connections are half
//! open, as they are behind a dead link or a forgetful NAT. Healing lets new connections pass;
//! those from before go on, or stay dead for ever.

use std::net::{Ipv4Addr, SocketAddr};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::LabError;

/// A proxy that passes bytes on as they are, and can be cut; it ends when dropped.
pub struct Wire {
    port: u16,
    state: watch::Sender<State>,
    waiting: Option<TcpListener>,
    task: Option<JoinHandle<()>>,
}

/// A direction of a wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From whoever connects to the server.
    ToServer,
    /// From the server to whoever connected.
    FromServer,
}

/// What becomes of connections that were open when a wire is healed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Older {
    /// What stood still goes on.
    GoOn,
    /// They never pass another byte, and nobody is told.
    StayDead,
}

#[derive(Clone, Copy, Default)]
struct State {
    cut_to: bool,
    cut_from: bool,
    /// Connections up to this number are dead.
    dead: u64,
    /// Connections up to this number are closed.
    closed: u64,
    /// Connections so far.
    count: u64,
}

impl State {
    fn passes(&self, direction: Direction, number: u64) -> bool {
        let cut = match direction {
            Direction::ToServer => self.cut_to,
            Direction::FromServer => self.cut_from,
        };
        !cut && number > self.dead
    }
}

impl Wire {
    /// Takes a free port of loopback.
    pub async fn bind() -> Result<Self, LabError> {
        let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        Ok(Self {
            port: socket.local_addr()?.port(),
            state: watch::Sender::default(),
            waiting: Some(socket),
            task: None,
        })
    }

    /// Hands connections on to `server` from now on.
    pub fn start(&mut self, server: SocketAddr) {
        if let Some(socket) = self.waiting.take() {
            self.task = Some(tokio::spawn(run(socket, server, self.state.clone())));
        }
    }

    /// The port it answers at.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Cuts both directions.
    pub fn cut(&self) {
        self.cut_one(Direction::ToServer);
        self.cut_one(Direction::FromServer);
    }

    /// Cuts one direction.
    pub fn cut_one(&self, direction: Direction) {
        self.state.send_modify(|state| match direction {
            Direction::ToServer => state.cut_to = true,
            Direction::FromServer => state.cut_from = true,
        });
    }

    /// Closes all connections there are at once, so that whoever had one comes back.
    pub fn hang_up(&self) {
        self.state.send_modify(|state| state.closed = state.count);
    }

    /// Lets bytes pass again.
    pub fn heal(&self, older: Older) {
        self.state.send_modify(|state| {
            (state.cut_to, state.cut_from) = (false, false);
            if older == Older::StayDead {
                state.dead = state.count;
            }
        });
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

async fn run(socket: TcpListener, server: SocketAddr, state: watch::Sender<State>) {
    while let Ok((stream, _)) = socket.accept().await {
        state.send_modify(|state| state.count += 1);
        let number = state.borrow().count;
        let state = state.subscribe();
        let mut closing = state.clone();
        tokio::spawn(async move {
            let hung_up = closing.wait_for(|state| number <= state.closed);
            let passed = tokio::select! {
                passed = pass(stream, server, state, number) => passed,
                _hung_up = hung_up => Ok(()),
            };
            if let Err(error) = passed {
                tracing::debug!(%error, "a connection of a wire ended early");
            }
        });
    }
}

async fn pass(
    stream: TcpStream,
    server: SocketAddr,
    state: watch::Receiver<State>,
    number: u64,
) -> std::io::Result<()> {
    let (from_peer, to_peer) = stream.into_split();
    let (from_server, to_server) = TcpStream::connect(server).await?.into_split();
    let to = copy(
        from_peer,
        to_server,
        state.clone(),
        Direction::ToServer,
        number,
    );
    let from = copy(from_server, to_peer, state, Direction::FromServer, number);
    tokio::try_join!(to, from)?;
    Ok(())
}

/// Copies until the end; while the direction is cut, neither bytes nor the end pass.
async fn copy(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut state: watch::Receiver<State>,
    direction: Direction,
    number: u64,
) -> std::io::Result<()> {
    let mut piece = vec![0; 16 * 1024];
    loop {
        let read = from.read(&mut piece).await;
        let passes = |state: &State| state.passes(direction, number);
        if state.wait_for(passes).await.is_err() {
            return Ok(());
        }
        match read? {
            0 => return to.shutdown().await,
            len => to.write_all(&piece[..len]).await?,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A wire to an echo server, and a connection over it.
    async fn echo() -> (Wire, TcpStream) {
        let server = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = server.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((stream, _)) = server.accept().await {
                let (mut from, mut to) = stream.into_split();
                tokio::spawn(async move { tokio::io::copy(&mut from, &mut to).await });
            }
        });
        let mut wire = Wire::bind().await.unwrap();
        wire.start(address);
        let stream = connect(&wire).await;
        (wire, stream)
    }

    async fn connect(wire: &Wire) -> TcpStream {
        let address = (Ipv4Addr::LOCALHOST, wire.port());
        TcpStream::connect(address).await.unwrap()
    }

    async fn says_and_hears(stream: &mut TcpStream, word: &[u8]) {
        stream.write_all(word).await.unwrap();
        let mut heard = vec![0; word.len()];
        stream.read_exact(&mut heard).await.unwrap();
        assert_eq!(heard, word);
    }

    #[tokio::test]
    async fn what_was_said_over_a_cut_wire_arrives_when_it_goes_on() {
        let (wire, mut stream) = echo().await;
        says_and_hears(&mut stream, b"before").await;
        wire.cut_one(Direction::FromServer);
        stream.write_all(b"meanwhile").await.unwrap();
        let mut heard = [0; 9];
        assert_eq!(
            stream.try_read(&mut heard).unwrap_err().kind(),
            std::io::ErrorKind::WouldBlock
        );
        wire.heal(Older::GoOn);
        stream.read_exact(&mut heard).await.unwrap();
        assert_eq!(&heard, b"meanwhile");
    }

    #[tokio::test]
    async fn after_hanging_up_old_connections_end_and_new_ones_pass() {
        let (wire, mut old) = echo().await;
        says_and_hears(&mut old, b"before").await;
        wire.hang_up();
        assert_eq!(old.read(&mut [0; 4]).await.unwrap(), 0);
        says_and_hears(&mut connect(&wire).await, b"new").await;
    }

    #[tokio::test]
    async fn after_healing_new_connections_pass_and_dead_ones_do_not() {
        let (wire, mut old) = echo().await;
        says_and_hears(&mut old, b"before").await;
        wire.cut();
        wire.heal(Older::StayDead);
        old.write_all(b"lost").await.unwrap();
        let mut new = connect(&wire).await;
        says_and_hears(&mut new, b"new").await;
        assert!(old.try_read(&mut [0; 4]).is_err());
    }
}
