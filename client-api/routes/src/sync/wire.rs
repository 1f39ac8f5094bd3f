//! Frames in and out of one WebSocket (SYNC-11, LIM-7).
//!
//! One place polls both directions, so neither waits for the other: a device that sends much and
//! reads late cannot lock itself up with a server that does the same.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures::{SinkExt, StreamExt};
use holm_client_types::frame::{ServerFrame, close};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};

use super::heartbeat::{Due, Heartbeat};
use super::outgoing::frame_text;

/// A WebSocket with what waits to be written to it.
pub(crate) struct Wire<S> {
    socket: WebSocketStream<S>,
    queued: VecDeque<Message>,
    unflushed: bool,
    /// Reading failed, so what still comes is no WebSocket any more.
    broken: bool,
    heartbeat: Heartbeat,
}

/// What happened on the wire.
#[derive(Debug)]
pub(crate) enum Event {
    /// A text frame came.
    Frame(Utf8Bytes),
    /// The device has read everything that was written before the barrier of this number.
    Passed(u64),
    /// Everything queued has been written.
    Flushed,
    /// There will be no more frames.
    Ended(End),
}

/// How a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// With a close frame of ours.
    Close(u16, &'static str),
    /// The device closed it, or it broke.
    Gone,
}

/// Frames that may wait to be written before the socket is read for more.
const QUEUED_MAX: usize = 256;
/// How long a device may take to answer our close frame.
const CLOSE_WAIT: Duration = Duration::from_secs(5);

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    /// A socket that has just been opened.
    pub(crate) fn new(socket: WebSocketStream<S>) -> Self {
        Self {
            socket,
            queued: VecDeque::new(),
            unflushed: false,
            broken: false,
            heartbeat: Heartbeat::new(Instant::now()),
        }
    }

    /// Queues a frame; [`Wire::next`] writes it.
    pub(crate) fn push(&mut self, frame: &ServerFrame) {
        self.push_text(frame_text(frame));
    }

    /// Queues the text of a frame.
    pub(crate) fn push_text(&mut self, text: Utf8Bytes) {
        self.queued.push_back(Message::Text(text));
    }

    /// Queues a ping whose answer, [`Event::Passed`], shows that what stands before it was read.
    pub(crate) fn push_barrier(&mut self, number: u64) {
        let payload = number.to_be_bytes().to_vec();
        self.queued.push_back(Message::Ping(payload.into()));
    }

    /// Writes what is queued, and waits for a frame if `read`. May be dropped and asked again.
    pub(crate) async fn next(&mut self, read: bool) -> Event {
        poll_fn(|context| self.poll(context, read)).await
    }

    /// Pings, or ends the connection, when that is due. A device we do not read is not silent.
    pub(crate) fn beat(&mut self, reads: bool) -> Result<(), End> {
        let now = Instant::now();
        if !reads {
            self.heartbeat.heard(now);
        }
        match self.heartbeat.check(now) {
            Due::Nothing => {}
            Due::Ping => self.queued.push_back(Message::Ping(Vec::new().into())),
            Due::Close => return Err(End::Close(close::NO_HELLO, "no sign of life")),
        }
        Ok(())
    }

    /// Ends the connection: writes what is queued and the close frame, then waits for the
    /// device's.
    pub(crate) async fn close(mut self, end: End) {
        if timeout(CLOSE_WAIT, self.finish(end)).await.is_err() {
            tracing::debug!(?end, "the device did not close in time");
        }
    }

    /// When [`Wire::beat`] has something to do.
    pub(crate) fn deadline(&self) -> Instant {
        self.heartbeat.deadline()
    }

    /// Whether everything has been written.
    pub(crate) fn is_idle(&self) -> bool {
        self.queued.is_empty() && !self.unflushed
    }

    /// Whether more frames may be answered.
    pub(crate) fn has_room(&self) -> bool {
        self.queued.len() < QUEUED_MAX
    }

    fn poll(&mut self, context: &mut Context<'_>, read: bool) -> Poll<Event> {
        if !self.is_idle() {
            let written = self.poll_write(context);
            self.heartbeat.writing(!self.is_idle(), Instant::now());
            match written {
                Poll::Ready(Ok(())) => return Poll::Ready(Event::Flushed),
                Poll::Ready(Err(error)) => return Poll::Ready(Event::Ended(self.failed(&error))),
                Poll::Pending => {}
            }
        }
        match read {
            true => self.poll_read(context),
            false => Poll::Pending,
        }
    }

    fn poll_write(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        while !self.queued.is_empty() {
            ready!(self.socket.poll_ready_unpin(context))?;
            if let Some(message) = self.queued.pop_front() {
                self.socket.start_send_unpin(message)?;
            }
            self.unflushed = true;
            self.heartbeat.progress();
        }
        ready!(self.socket.poll_flush_unpin(context))?;
        self.unflushed = false;
        Poll::Ready(Ok(()))
    }

    fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<Event> {
        loop {
            let message = match ready!(self.socket.poll_next_unpin(context)) {
                Some(Ok(message)) => message,
                Some(Err(error)) => return Poll::Ready(Event::Ended(self.failed(&error))),
                None => return Poll::Ready(Event::Ended(End::Gone)),
            };
            self.heartbeat.heard(Instant::now());
            return Poll::Ready(match message {
                Message::Text(text) => Event::Frame(text),
                Message::Binary(_) => Event::Ended(End::Close(close::NOT_TEXT, "frames are text")),
                Message::Close(_) => Event::Ended(End::Gone),
                Message::Pong(payload) => match payload.as_ref().try_into() {
                    Ok(number) => Event::Passed(u64::from_be_bytes(number)),
                    Err(_) => continue,
                },
                Message::Ping(_) | Message::Frame(_) => continue,
            });
        }
    }

    /// How the connection ends after an error of the WebSocket layer.
    fn failed(&mut self, error: &Error) -> End {
        self.broken = true;
        match error {
            Error::Capacity(_) => End::Close(close::TOO_LARGE, "the frame is over the limit"),
            Error::Utf8(_) => End::Close(close::NOT_UTF8, "the frame is not UTF-8"),
            Error::Protocol(_) => End::Close(close::PROTOCOL, "not a WebSocket frame"),
            _ => End::Gone,
        }
    }

    async fn finish(&mut self, end: End) {
        let End::Close(code, reason) = end else {
            // Writes the answer to the device's close frame, if that is why.
            self.socket.flush().await.ok();
            return self.drain().await;
        };
        self.queued.push_back(Message::Close(Some(CloseFrame {
            code: code.into(),
            reason: reason.into(),
        })));
        if poll_fn(|context| self.poll_write(context)).await.is_err() {
            return;
        }
        if self.broken {
            return self.drain().await;
        }
        while let Some(Ok(_)) = self.socket.next().await {}
    }

    /// Reads and drops what the device is still sending, or the close frame would be lost with
    /// the connection.
    async fn drain(&mut self) {
        let stream = self.socket.get_mut();
        let mut scratch = [0; 1_024];
        if stream.shutdown().await.is_ok() {
            while matches!(stream.read(&mut scratch).await, Ok(1..)) {}
        }
    }
}
