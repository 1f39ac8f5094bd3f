//! A TLS proxy in front of a server, as an administrator may have one, that writes down what
//! passes: for the proof that no content does.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::fs::File;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use super::{CertificateFiles, LabError};
use crate::listener::Certificate;

/// A recording TLS proxy; it ends when dropped.
pub struct RecordingProxy {
    port: u16,
    waiting: Option<(TcpListener, TlsAcceptor)>,
    task: Option<JoinHandle<()>>,
}

impl RecordingProxy {
    /// Takes a free port of loopback.
    pub(super) async fn bind(files: &CertificateFiles) -> Result<Self, LabError> {
        let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let certificate = Certificate::load(&files.cert, &files.key);
        let certificate = Arc::new(certificate.map_err(std::io::Error::other)?);
        // HTTP/1.1 alone, so that what is written down can be read.
        let acceptor = certificate.acceptor(&[b"http/1.1"])?;
        Ok(Self {
            port: socket.local_addr()?.port(),
            waiting: Some((socket, acceptor)),
            task: None,
        })
    }

    /// Hands connections on to `server` from now on; what passes goes to `folder`.
    pub(super) fn start(&mut self, server: SocketAddr, folder: PathBuf) -> Result<(), LabError> {
        std::fs::create_dir_all(&folder)?;
        if let Some((socket, acceptor)) = self.waiting.take() {
            self.task = Some(tokio::spawn(run(socket, acceptor, server, folder)));
        }
        Ok(())
    }

    /// The port it answers at.
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for RecordingProxy {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

async fn run(socket: TcpListener, acceptor: TlsAcceptor, server: SocketAddr, folder: PathBuf) {
    let mut number = 0_u64;
    while let Ok((stream, _)) = socket.accept().await {
        number += 1;
        let (acceptor, base) = (acceptor.clone(), folder.join(format!("{number:06}")));
        tokio::spawn(async move {
            if let Err(error) = pass(stream, acceptor, server, &base).await {
                tracing::debug!(%error, "a recorded connection ended early");
            }
        });
    }
}

async fn pass(
    stream: TcpStream,
    acceptor: TlsAcceptor,
    server: SocketAddr,
    base: &Path,
) -> std::io::Result<()> {
    let (from_peer, to_peer) = tokio::io::split(acceptor.accept(stream).await?);
    let (from_server, to_server) = TcpStream::connect(server).await?.into_split();
    let requests = File::create(base.with_extension("requests")).await?;
    let answers = File::create(base.with_extension("answers")).await?;
    tokio::try_join!(
        copy(from_peer, to_server, requests),
        copy(from_server, to_peer, answers)
    )?;
    Ok(())
}

/// Copies until the end, each piece to the file first: what passed is written down.
async fn copy(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut record: File,
) -> std::io::Result<()> {
    let mut piece = vec![0; 16 * 1024];
    loop {
        let len = from.read(&mut piece).await?;
        if len == 0 {
            return to.shutdown().await;
        }
        record.write_all(&piece[..len]).await?;
        record.flush().await?;
        to.write_all(&piece[..len]).await?;
    }
}
