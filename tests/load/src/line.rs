//! A device's WebSocket: hello, messages, acknowledgements as the client library sends them.

use std::time::Duration;

use futures::{FutureExt, SinkExt, StreamExt};
use holm_protocol::RoomUri;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

use crate::message::{Heard, heard};
use crate::way::{Socket, Way};

/// Events after which a device acknowledges, and time after which it does.
const ACK_EVENTS: u64 = 64;
const ACK_AFTER: Duration = Duration::from_secs(1);

/// A connected device of one room.
pub(crate) struct Line {
    socket: Socket,
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

impl Line {
    /// Connects and says hello; with a room, as one who has its first event.
    pub(crate) async fn open(way: &Way, token: &str, room: Option<&RoomUri>) -> Self {
        let opened = Self::try_open(way, token, room.map(|room| (room, 1))).await;
        opened.expect("a connection")
    }

    /// Connects and says hello; with a room, as one who has its events up to a number.
    pub(crate) async fn try_open(
        way: &Way,
        token: &str,
        room: Option<(&RoomUri, u64)>,
    ) -> Result<Self, String> {
        let seq = room.map_or(1, |(_, seq)| seq);
        let mut line = Self {
            socket: way.upgrade(token).await?,
            room: room.map(|(room, _)| room.clone()),
            seq,
            acked: seq,
            acked_at: Instant::now(),
            disorder: 0,
            sent: 0,
            problems: 0,
        };
        let cursors = room.map_or(String::new(), |(room, seq)| format!(r#""{room}":{seq}"#));
        let hello = format!(r#"{{"type":"hello","cursors":{{{cursors}}}}}"#);
        let socket = &mut line.socket;
        let sent = socket.send(Message::text(hello)).await;
        sent.map_err(|e| e.to_string())?;
        Ok(line)
    }

    /// Reads until the server says that all it had was sent.
    pub(crate) async fn caught_up(&mut self) {
        self.try_caught_up().await.expect("all there was");
    }

    /// Reads until the server says that all it had was sent, or hangs up.
    pub(crate) async fn try_caught_up(&mut self) -> Result<(), String> {
        let mut events = Vec::new();
        loop {
            let text = self.try_text().await?;
            if text.starts_with(r#"{"type":"caught_up""#) {
                return Ok(());
            }
            if text.starts_with(r#"{"type":"problem""#) {
                return Err(text.to_string());
            }
            self.take(&text, &mut events);
        }
    }

    /// Reads until the server hangs up.
    pub(crate) async fn ended(&mut self) {
        let mut events = Vec::new();
        while let Ok(text) = self.try_text().await {
            self.take(&text, &mut events);
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
        self.try_text().await.expect("a frame")
    }

    async fn try_text(&mut self) -> Result<Utf8Bytes, String> {
        loop {
            let frame = self.socket.next().await.ok_or("the connection ended")?;
            match frame.map_err(|e| e.to_string())? {
                Message::Text(text) => return Ok(text),
                Message::Close(frame) => return Err(format!("the server closed: {frame:?}")),
                _ => {}
            }
        }
    }
}
