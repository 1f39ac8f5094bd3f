//! A TLS connection on which bytes go out as they are.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::response::Response;
use crate::client_role::fault::{Check, During, ensure, fault, wrong};
use crate::client_role::site::Door;

/// How long the server may take for a step before the case fails; nothing is waited for on purpose.
pub(crate) const PATIENCE: Duration = Duration::from_secs(45);

/// Bytes read at once.
const READ_LEN: usize = 16 * 1_024;
/// Bytes of a response's head at most.
const HEAD_LEN_MAX: usize = 64 * 1_024;
/// Bytes of a response's body at most.
const BODY_LEN_MAX: usize = 16 * 1_024 * 1_024;

/// A connection to the server under test.
pub(crate) struct Connection {
    stream: TlsStream<TcpStream>,
    /// Read and not yet taken.
    pub(super) unread: Vec<u8>,
    patience: Duration,
}

impl Connection {
    /// Connects with HTTP/1.1.
    pub(crate) async fn open(door: &Door) -> Check<Self> {
        let socket = TcpSocket::new_v4().during("a socket")?;
        Self::over(door, socket).await
    }

    /// Connects over a socket that was set up for the purpose.
    pub(crate) async fn over(door: &Door, socket: TcpSocket) -> Check<Self> {
        let connecting = timeout(PATIENCE, socket.connect(door.address)).await;
        let stream = connecting.during("connecting")?.during("connecting")?;
        stream.set_nodelay(true).during("connecting")?;
        let connector = TlsConnector::from(door.tls.clone());
        let handshake = connector.connect(door.host_name.clone(), stream);
        let handshake = timeout(PATIENCE, handshake).await;
        let stream = handshake.during("TLS handshake")?.during("TLS handshake")?;
        Ok(Self {
            stream,
            unread: Vec::new(),
            patience: PATIENCE,
        })
    }

    /// The same for a wait of the protocol's own, which is added to the patience.
    pub(crate) fn patient(mut self, more: Duration) -> Self {
        self.patience = PATIENCE + more;
        self
    }

    /// Writes bytes; the server has to take them.
    pub(crate) async fn write(&mut self, bytes: &[u8]) -> Check {
        let patience = self.patience;
        let writing = async {
            self.stream.write_all(bytes).await?;
            self.stream.flush().await
        };
        let written = timeout(patience, writing).await;
        written.during("writing")?.during("writing")
    }

    /// Writes what the server still takes of bytes that it may refuse at any point.
    pub(crate) async fn offer(&mut self, bytes: &[u8]) -> bool {
        self.write(bytes).await.is_ok()
    }

    /// Ends our side.
    pub(crate) async fn half_close(&mut self) -> Check {
        self.stream.shutdown().await.during("closing")
    }

    /// Reads a response, of a request with the method given.
    pub(crate) async fn response(&mut self, method: &str) -> Check<Response> {
        let head = self.head().await?;
        let mut response = parse_head(&head)?;
        let bodiless = method == "HEAD" || matches!(response.status, 100..=199 | 204 | 304);
        if !bodiless {
            response.body = self.body(&response).await?;
        }
        Ok(response)
    }

    /// Waits for the server to close; what it wrote before.
    pub(crate) async fn rest(&mut self) -> Check<Vec<u8>> {
        while self.fill().await? {
            let len = self.unread.len();
            ensure(len <= BODY_LEN_MAX, || "an endless answer".to_owned())?;
        }
        Ok(std::mem::take(&mut self.unread))
    }

    /// Takes exactly so many bytes; `None` where the server closed before.
    pub(super) async fn take(&mut self, len: usize) -> Check<Option<Vec<u8>>> {
        while self.unread.len() < len {
            if !self.fill().await? {
                return Ok(None);
            }
        }
        let rest = self.unread.split_off(len);
        Ok(Some(std::mem::replace(&mut self.unread, rest)))
    }

    async fn head(&mut self) -> Check<Vec<u8>> {
        loop {
            let end = self.unread.windows(4).position(|w| w == b"\r\n\r\n");
            if let Some(end) = end {
                let rest = self.unread.split_off(end + 4);
                return Ok(std::mem::replace(&mut self.unread, rest));
            }
            ensure(self.unread.len() <= HEAD_LEN_MAX, || {
                "an endless head".to_owned()
            })?;
            if !self.fill().await? {
                return fault("the server closed the connection without an answer");
            }
        }
    }

    async fn body(&mut self, response: &Response) -> Check<Vec<u8>> {
        if let Some(len) = response.header("content-length") {
            let len: usize = len.parse().during("content-length of the answer")?;
            ensure(len <= BODY_LEN_MAX, || format!("an answer of {len} bytes"))?;
            let body = self.take(len).await?;
            return body.ok_or_else(|| wrong("the answer was cut off"));
        }
        match response.header("transfer-encoding") {
            Some(_) => self.chunks().await,
            None => self.rest().await,
        }
    }

    async fn chunks(&mut self) -> Check<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let line = self.line().await?;
            let len = usize::from_str_radix(line.trim(), 16).during("a chunk's length")?;
            ensure(body.len() + len <= BODY_LEN_MAX, || {
                "an endless answer".to_owned()
            })?;
            let cut = || wrong("the answer was cut off");
            let chunk = self.take(len + 2).await?.ok_or_else(cut)?;
            if len == 0 {
                return Ok(body);
            }
            body.extend_from_slice(&chunk[..len]);
        }
    }

    async fn line(&mut self) -> Check<String> {
        loop {
            if let Some(end) = self.unread.iter().position(|b| *b == b'\n') {
                let rest = self.unread.split_off(end + 1);
                let line = std::mem::replace(&mut self.unread, rest);
                return String::from_utf8(line).during("a line of the answer");
            }
            if !self.fill().await? {
                return fault("the answer was cut off");
            }
        }
    }

    /// Reads more; whether there was more.
    async fn fill(&mut self) -> Check<bool> {
        self.unread.reserve(READ_LEN);
        let read = timeout(self.patience, self.stream.read_buf(&mut self.unread)).await;
        let read = read.during("the server neither answers nor closes")?;
        // A connection that was reset has ended as well.
        Ok(matches!(read, Ok(1..)))
    }
}

fn parse_head(head: &[u8]) -> Check<Response> {
    let text = String::from_utf8_lossy(head);
    let mut lines = text.split("\r\n");
    let status = lines.next().unwrap_or_default();
    let version_one = status.strip_prefix("HTTP/1.");
    let status = version_one.and_then(|s| s.get(2..5));
    let Some(status) = status.and_then(|s| s.parse().ok()) else {
        return fault(format!("no answer of HTTP/1: {}", text.escape_debug()));
    };
    let header = |line: &str| {
        let (name, value) = line.split_once(':')?;
        Some((name.to_ascii_lowercase(), value.trim().to_owned()))
    };
    Ok(Response {
        status,
        headers: lines.filter_map(header).collect(),
        body: Vec::new(),
    })
}
