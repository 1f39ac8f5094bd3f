//! One connection from hello to close (SYNC-1, SYNC-8 to SYNC-15).
//!
//! One loop turns between the wire, the sends, the acknowledgements and the feed. Everything in
//! flight is bounded: past a bound the socket is not read, and the next batch is fetched only
//! when the last has been written, so a slow device costs a cursor and not memory.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::{FutureExt, StreamExt};
use holm_client_types::frame::{self, DeviceFrame, FrameError, ServerFrame, close};
use holm_core::delivery::Outgoing;
use holm_protocol::{Code, Problem, RoomUri};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{sleep_until, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_util::sync::CancellationToken;

use super::acks::{Acks, Written};
use super::backend::{Backend, Feed};
use super::outgoing;
use super::sends::{Done, Sends, comes_again};
use super::wire::{End, Event, Wire};
use crate::refusal::malformed;

/// How long a device may take to say hello (SYNC-8).
const HELLO_WAIT: Duration = Duration::from_secs(10);
/// Frames taken from the socket before turning to other work.
const FRAMES_AT_ONCE: usize = 64;

/// Runs a connection to its end, or until the server stops (SYNC-14).
pub(crate) async fn serve<S, B>(socket: WebSocketStream<S>, backend: B, stop: CancellationToken)
where
    S: AsyncRead + AsyncWrite + Unpin,
    B: Backend,
{
    let mut wire = Wire::new(socket);
    let end = tokio::select! {
        biased;
        () = stop.cancelled() => End::Close(close::RESTART, "the server stops; come back"),
        end = run(&mut wire, backend) => end,
    };
    wire.close(end).await;
}

async fn run<S, B>(wire: &mut Wire<S>, backend: B) -> End
where
    S: AsyncRead + AsyncWrite + Unpin,
    B: Backend,
{
    let feed = match begin(wire, &backend).await {
        Ok(feed) => feed,
        Err(end) => return end,
    };
    let mut session = Session {
        wire,
        backend,
        feed,
        sends: Sends::default(),
        acks: Acks::default(),
    };
    loop {
        if let Err(end) = session.turn().await {
            return end;
        }
    }
}

/// Hello, then the connection to the device's rooms (SYNC-1, SYNC-8).
async fn begin<S, B>(wire: &mut Wire<S>, backend: &B) -> Result<Feed, End>
where
    S: AsyncRead + AsyncWrite + Unpin,
    B: Backend,
{
    let cursors = timeout(HELLO_WAIT, hello(wire))
        .await
        .map_err(|_elapsed| End::Close(close::NO_HELLO, "no hello in time"))??;
    backend
        .connect(cursors)
        .await
        .map_err(|problem| ended(wire, problem))
}

async fn hello<S>(wire: &mut Wire<S>) -> Result<BTreeMap<RoomUri, u64>, End>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    loop {
        match wire.next(true).await {
            Event::Frame(text) => match frame::read(text.as_bytes()) {
                Ok(DeviceFrame::Hello { cursors }) => return Ok(cursors),
                Ok(_) | Err(FrameError::UnknownType(_)) => {
                    return Err(bad_frame(wire, "the first frame has to be hello"));
                }
                Err(FrameError::Malformed(error)) => return Err(bad_frame(wire, error)),
            },
            Event::Flushed | Event::Passed(_) => {}
            Event::Ended(end) => return Err(end),
        }
    }
}

/// A connection after its hello.
struct Session<'a, S, B> {
    wire: &'a mut Wire<S>,
    backend: B,
    feed: Feed,
    sends: Sends,
    acks: Acks,
}

impl<S: AsyncRead + AsyncWrite + Unpin, B: Backend> Session<'_, S, B> {
    /// Does the next thing that can be done.
    async fn turn(&mut self) -> Result<(), End> {
        self.sends.start(&self.backend);
        self.acks.start(&self.backend);
        let (reads, deadline) = (self.may_read(), self.wire.deadline());
        tokio::select! {
            event = self.wire.next(reads) => self.take_all(event),
            Some(done) = self.sends.next(), if self.sends.is_running() => {
                self.answer(done);
                Ok(())
            }
            Some(written) = self.acks.next(), if self.acks.is_running() => {
                self.written(written);
                Ok(())
            }
            batch = self.feed.next(), if self.wire.is_idle() => self.deliver(batch),
            () = sleep_until(deadline) => self.wire.beat(reads),
        }
    }

    /// Takes an event and the frames that wait behind it, so that the messages of a burst go to
    /// core together.
    fn take_all(&mut self, first: Event) -> Result<(), End> {
        self.take(first)?;
        for _ in 1..FRAMES_AT_ONCE {
            if !self.may_read() {
                break;
            }
            match self.wire.next(true).now_or_never() {
                Some(event) => self.take(event)?,
                None => break,
            }
        }
        Ok(())
    }

    fn take(&mut self, event: Event) -> Result<(), End> {
        match event {
            Event::Frame(text) => self.obey(text.as_bytes()),
            Event::Passed(barrier) => {
                self.sends.passed(barrier);
                Ok(())
            }
            Event::Flushed => Ok(()),
            Event::Ended(end) => Err(end),
        }
    }

    fn obey(&mut self, text: &[u8]) -> Result<(), End> {
        match frame::read_device(text) {
            Ok(DeviceFrame::Send { room, message }) => {
                if let Some(refusal) = self.sends.push(room, message.0) {
                    self.wire.push(&refusal);
                }
            }
            Ok(DeviceFrame::Ack {
                room,
                delivered,
                read,
            }) => self.acks.push(room, delivered, read),
            Ok(DeviceFrame::Ping) => self.wire.push(&ServerFrame::Pong),
            Ok(DeviceFrame::Hello { .. }) => return Err(bad_frame(self.wire, "hello comes once")),
            Err(FrameError::Malformed(error)) => return Err(bad_frame(self.wire, error)),
            Err(FrameError::UnknownType(name)) => self.wire.push(&unknown_frame(&name)),
        }
        Ok(())
    }

    fn answer(&mut self, done: Done) {
        let (frames, barrier) = self.sends.finish(done);
        for frame in frames {
            self.wire.push(&frame);
        }
        if let Some(number) = barrier {
            self.wire.push_barrier(number);
        }
    }

    fn written(&mut self, (room, result): Written) {
        if let Err(problem) = result {
            self.wire.push(&ServerFrame::Problem {
                room: Some(room),
                client_msg_id: None,
                problem,
            });
        }
    }

    fn deliver(&mut self, batch: Option<Result<Vec<Outgoing>, Problem>>) -> Result<(), End> {
        let batch = match batch {
            Some(Ok(batch)) => batch,
            Some(Err(problem)) => return Err(ended(self.wire, problem)),
            None => return Err(End::Close(close::INTERNAL, "the feed ended")),
        };
        let mut refused = BTreeMap::new();
        for outgoing in batch {
            if let Outgoing::Refused {
                room,
                client_msg_id,
                problem,
            } = &outgoing
                && comes_again(problem)
            {
                refused.entry(room.clone()).or_insert(*client_msg_id);
            }
            let text = outgoing::text(outgoing)
                .map_err(|code| End::Close(code, "the device's session ended"))?;
            self.wire.push_text(text);
        }
        for (room, first) in refused {
            let (frames, barrier) = self.sends.held_refused(room, first);
            for frame in &frames {
                self.wire.push(frame);
            }
            self.wire.push_barrier(barrier);
        }
        Ok(())
    }

    fn may_read(&self) -> bool {
        self.wire.has_room() && self.sends.has_room() && self.acks.has_room()
    }
}

/// A frame that breaks the rules: a problem, then 4400 (SYNC-9).
fn bad_frame<S>(wire: &mut Wire<S>, why: impl std::fmt::Display) -> End
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    wire.push(&problem_frame(malformed("the frame", why)));
    End::Close(close::BAD_FRAME, "malformed frame")
}

/// The homeserver cannot go on with this device.
fn ended<S>(wire: &mut Wire<S>, problem: Problem) -> End
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let code = match problem.status {
        401 => close::TOKEN,
        403 => close::DEVICE,
        429 => close::RATE,
        400..500 => close::BAD_FRAME,
        _ => close::INTERNAL,
    };
    wire.push(&problem_frame(problem));
    End::Close(code, "see the problem frame")
}

fn unknown_frame(name: &str) -> ServerFrame {
    let name: String = name.chars().take(64).collect();
    let detail = format!("the frame type {name:?} is not known here; it was ignored");
    problem_frame(Problem::new(Code::UnknownFrame, detail))
}

fn problem_frame(problem: Problem) -> ServerFrame {
    ServerFrame::Problem {
        room: None,
        client_msg_id: None,
        problem,
    }
}
