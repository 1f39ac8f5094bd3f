//! A device's WebSocket: hello, messages, acknowledgements as the client library sends them.

use std::net::SocketAddr;
use std::time::Duration;

use futures::{FutureExt, SinkExt, StreamExt};
use holm_protocol::RoomUri;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_rustls::TlsConnector;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

use crate::message::{Heard, heard};

/// Events after which a device acknowledges, and time after which it does.
const ACK_EVENTS: u64 = 64;
const ACK_AFTER: Duration = Duration::from_secs(1);

/// Anything a WebSocket can run over.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// A connected device of one room.
pub(crate) struct Line {
    socket: WebSocketStream<Box<dyn Stream>>,
    room: Option<RoomUri>,
    /// Number of the newest event.
    seq: u64,
    acked: u64,
    acked_at: Instant,
    /// Events that came twice, or after a gap.
    pub(crate) disorder: u64,
    /// Messages that the server says are in the log.
    pub(crate) sent: u64,
    /// Refusals.
    pub(crate) problems: u64,
}

/// How a device reaches its server.
#[derive(Clone)]
pub(crate) struct Way {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// Its name in the certificate.
    pub(crate) host: String,
    /// TLS, or none.
    pub(crate) tls: Option<TlsConnector>,
}

impl Way {
    async fn stream(&self) -> Box<dyn Stream> {
        let tcp = TcpStream::connect(self.address)
            .await
            .expect("a connection");
        tcp.set_nodelay(true).expect("a socket");
        match &self.tls {
            None => Box::new(tcp),
            Some(tls) => {
                let host = self.host.clone().try_into().expect("a host name");
                Box::new(tls.connect(host, tcp).await.expect("TLS"))
            }
        }
    }
}

impl Line {
    /// Connects and says hello; with a room, as one who has its first event.
    pub(crate) async fn open(way: &Way, token: &str, room: Option<&RoomUri>) -> Self {
        let scheme = if way.tls.is_some() { "wss" } else { "ws" };
        let url = format!("{scheme}://{}/client/v1/sync", way.host);
        let mut request = url.into_client_request().expect("a request");
        let headers = request.headers_mut();
        let bearer = format!("Bearer {token}").parse().expect("a header");
        headers.insert("authorization", bearer);
        let protocol = "holm.v1.json".parse().expect("a header");
        headers.insert("sec-websocket-protocol", protocol);
        let stream = way.stream().await;
        let opened = tokio_tungstenite::client_async(request, stream).await;
        let (socket, _response) = opened.expect("a WebSocket");
        let mut line = Self {
            socket,
            room: room.cloned(),
            seq: 1,
            acked: 1,
            acked_at: Instant::now(),
            disorder: 0,
            sent: 0,
            problems: 0,
        };
        let cursors = room.map_or(String::new(), |room| format!(r#""{room}":1"#));
        let hello = format!(r#"{{"type":"hello","cursors":{{{cursors}}}}}"#);
        line.say(hello).await;
        line.flush().await;
        line
    }

    /// Reads until the server says that all it had was sent.
    pub(crate) async fn caught_up(&mut self) {
        loop {
            let text = self.text().await;
            if text.contains("caught_up") {
                return;
            }
            assert!(!text.contains("problem"), "{text}");
        }
    }

    /// Queues a frame.
    pub(crate) async fn say(&mut self, frame: String) {
        self.socket
            .feed(Message::text(frame))
            .await
            .expect("written");
    }

    /// Writes what is queued.
    pub(crate) async fn flush(&mut self) {
        self.socket.flush().await.expect("written");
    }

    /// Waits for events; those that came together. May be dropped and asked again.
    pub(crate) async fn events(&mut self, into: &mut Vec<Heard>) {
        let text = self.text().await;
        self.take(&text, into);
        while let Some(text) = self.text().now_or_never() {
            self.take(&text, into);
        }
    }

    /// Acknowledges where it is time.
    pub(crate) async fn acknowledge(&mut self) {
        let Some(room) = &self.room else { return };
        let events = self.seq - self.acked;
        if events >= ACK_EVENTS || (events > 0 && self.acked_at.elapsed() >= ACK_AFTER) {
            let frame = format!(
                r#"{{"type":"ack","room":"{room}","delivered":{}}}"#,
                self.seq
            );
            (self.acked, self.acked_at) = (self.seq, Instant::now());
            self.say(frame).await;
            self.flush().await;
        }
    }

    fn take(&mut self, text: &str, into: &mut Vec<Heard>) {
        let room = self.room.as_ref();
        if let Some(event) = room.and_then(|room| heard(text, room)) {
            self.disorder += u64::from(event.seq != self.seq + 1);
            self.seq = event.seq;
            into.push(event);
        } else if text.starts_with(r#"{"type":"sent""#) {
            self.sent += 1;
        } else if text.starts_with(r#"{"type":"problem""#) {
            self.problems += 1;
            eprintln!("{text}");
        }
    }

    async fn text(&mut self) -> Utf8Bytes {
        loop {
            match self.socket.next().await.expect("a frame").expect("a frame") {
                Message::Text(text) => return text,
                Message::Close(frame) => panic!("the server closed: {frame:?}"),
                _ => {}
            }
        }
    }
}
