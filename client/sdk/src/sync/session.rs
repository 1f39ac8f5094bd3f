//! One connection from hello to its end (SYNC-1 to SYNC-7).
//!
//! One loop turns between the socket, the outbox, work beside it and timers. What has come is
//! taken in one step a room where it can be, and acknowledged only after that step is durable.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use holm_client_types::frame::{DeviceFrame, ServerFrame};
use holm_protocol::aad::ClientMsgId;
use holm_protocol::{Base64Url, Event, Problem, RoomUri, SignedHead};
use tokio::time::{Instant, sleep_until};

use super::lanes::{Fate, Lanes};
use super::socket::Socket;
use super::welcome::WelcomeFrame;
use super::work::{Task, Works};
use crate::device::{Inner, held};
use crate::error::SdkError;
use crate::event::{DeviceEvent, HopKind};
use crate::replica::rooms;
use crate::timeline::RoomState;

/// Acknowledged at most this often, unless [`ACK_EVENTS`] have come.
const ACK_EVERY: Duration = Duration::from_secs(1);
/// Acknowledged at once after this many events.
const ACK_EVENTS: usize = 64;
/// Replaced key state stays in the database's write-ahead log for about this long.
const WIPE_EVERY: Duration = Duration::from_mins(1);
/// Silence after which the server is asked for a sign of life, and after which it counts as gone.
const SILENCE: (Duration, Duration) = (Duration::from_secs(20), Duration::from_mins(1));

/// A connection.
pub(super) struct Session {
    inner: Arc<Inner>,
    socket: Socket,
    lanes: Lanes,
    works: Works,
    caught_up: bool,
    /// Something may have become ready to leave since it was looked for.
    mail: bool,
    /// Old key state is wiped from the disk then.
    wipe_at: Instant,
    /// Events taken since the last acknowledgement, by room.
    taken: BTreeMap<RoomUri, usize>,
    ack_at: Instant,
    pinged: bool,
}

/// Events of one room that came together.
#[derive(Default)]
struct Arrived {
    events: Vec<Event>,
    heads: Vec<SignedHead>,
}

impl Session {
    /// Connects and says hello.
    pub(super) async fn open(inner: &Arc<Inner>) -> Result<Self, SdkError> {
        let (mut socket, found) = Socket::open(inner).await?;
        let cursors = inner.cursors().await?;
        inner.release_held().await?;
        socket.send([DeviceFrame::Hello { cursors }]).await?;
        inner.hop(HopKind::ServerFound, || found);
        inner.tell(DeviceEvent::Connected);
        Ok(Self {
            works: Works::at_start(inner).await?,
            inner: Arc::clone(inner),
            socket,
            lanes: Lanes::default(),
            caught_up: false,
            mail: true,
            wipe_at: Instant::now() + WIPE_EVERY,
            taken: BTreeMap::new(),
            ack_at: Instant::now() + ACK_EVERY,
            pinged: false,
        })
    }

    /// Serves the connection until it ends; why it did.
    pub(super) async fn serve(&mut self) -> SdkError {
        loop {
            if let Err(error) = self.turn().await {
                self.socket.close().await;
                return error;
            }
        }
    }

    /// Whether everything that was waiting came over this connection.
    pub(super) fn has_caught_up(&self) -> bool {
        self.caught_up
    }

    async fn turn(&mut self) -> Result<(), SdkError> {
        let now = Instant::now();
        self.works.start(&self.inner, now);
        self.mail |= self.lanes.opens(now);
        if self.caught_up && std::mem::take(&mut self.mail) {
            self.send_mail().await?;
        }
        let deadline = self.deadline(now);
        tokio::select! {
            frames = self.socket.next() => self.take_all(frames?).await,
            () = self.inner.wake.notified() => {
                self.mail = true;
                Ok(())
            }
            done = self.works.next() => {
                self.mail = true;
                self.works.finish(&self.inner, done, Instant::now());
                Ok(())
            }
            () = sleep_until(deadline) => self.on_time(Instant::now()).await,
        }
    }

    /// The next moment at which something is due.
    fn deadline(&self, now: Instant) -> Instant {
        let unsaid = !self.taken.is_empty() || !held(&self.inner.marked).is_empty();
        let ack = unsaid.then_some(self.ack_at);
        let silence = if self.pinged { SILENCE.1 } else { SILENCE.0 };
        let silent = self.socket.heard + silence;
        [self.works.next_due(), self.lanes.next_opening(now), ack]
            .into_iter()
            .flatten()
            .fold(silent, Instant::min)
    }

    async fn on_time(&mut self, now: Instant) -> Result<(), SdkError> {
        if now >= self.socket.heard + SILENCE.1 {
            return Err(SdkError::TimedOut("the server has gone silent"));
        }
        if now >= self.socket.heard + SILENCE.0 && !self.pinged {
            self.pinged = true;
            self.socket.send([DeviceFrame::Ping]).await?;
        }
        if now >= self.ack_at {
            self.acknowledge(now).await?;
        }
        Ok(())
    }

    /// Takes frames in order; events of one room together.
    async fn take_all(&mut self, frames: Vec<ServerFrame>) -> Result<(), SdkError> {
        self.pinged = false;
        let mut arrived: BTreeMap<RoomUri, Arrived> = BTreeMap::new();
        for frame in frames {
            match frame {
                ServerFrame::Event { room, event, head } => {
                    let of_room = arrived.entry(room).or_default();
                    of_room.events.push(decoded_event(event.as_slice())?);
                    if let Some(head) = head {
                        of_room.heads.push(decoded_head(head.as_slice())?);
                    }
                }
                other => {
                    self.take_arrived(std::mem::take(&mut arrived)).await?;
                    self.take_other(other).await?;
                }
            }
        }
        self.take_arrived(arrived).await?;
        if self.taken.values().sum::<usize>() >= ACK_EVENTS {
            self.acknowledge(Instant::now()).await?;
        }
        Ok(())
    }

    async fn take_arrived(&mut self, arrived: BTreeMap<RoomUri, Arrived>) -> Result<(), SdkError> {
        for (room, Arrived { events, heads }) in arrived {
            let taken = self.inner.take_events(&room, &events, &heads).await?;
            self.mail |= taken.committed || !taken.own.is_empty();
            for id in &taken.own {
                self.lanes.accepted(&room, *id);
            }
            if taken.gap {
                self.fill_gap(&room).await?;
            }
            if taken.new_root {
                // All rooms of that hub have to follow, this one among them.
                for room in self.inner.active_rooms().await? {
                    self.plan_orders(&room).await?;
                }
            } else if taken.committed {
                self.plan_orders(&room).await?;
            }
            *self.taken.entry(room).or_default() += events.len();
        }
        Ok(())
    }

    /// A room whose missing events are refused for good stops; the others go on.
    async fn fill_gap(&mut self, room: &RoomUri) -> Result<(), SdkError> {
        match self.inner.pull(room).await {
            Err(error @ SdkError::Refused(_)) if !error.is_transient() => {
                let why = format!("events are missing: {error}");
                self.inner.stop_room(room, &why).await
            }
            outcome => outcome,
        }
    }

    async fn take_other(&mut self, frame: ServerFrame) -> Result<(), SdkError> {
        self.mail = true;
        match frame {
            ServerFrame::Welcome {
                room,
                event,
                welcome,
                interim,
            } => {
                let frame = WelcomeFrame {
                    room: &room,
                    event: event.as_slice(),
                    welcome: welcome.as_slice(),
                    interim,
                };
                self.inner.take_welcome(frame).await?;
                self.works.add(Task::KeyPackages, Instant::now());
                *self.taken.entry(room).or_default() += 1;
                Ok(())
            }
            ServerFrame::Sent {
                room,
                client_msg_id,
                seq,
                time,
            } => {
                self.lanes.accepted(&room, client_msg_id);
                let place = (seq, time);
                self.inner.message_sent(&room, client_msg_id, place).await
            }
            ServerFrame::Held {
                room,
                client_msg_id,
            } => {
                self.lanes.accepted(&room, client_msg_id);
                self.inner.message_held(&room, client_msg_id).await
            }
            ServerFrame::Order { room, order } => self.take_order(room, &order).await,
            ServerFrame::CaughtUp => self.on_caught_up().await,
            ServerFrame::Problem {
                room,
                client_msg_id,
                problem,
            } => self.take_refusal(room.zip(client_msg_id), problem).await,
            ServerFrame::Pong | ServerFrame::Event { .. } => Ok(()),
        }
    }

    async fn take_order(&mut self, room: RoomUri, order: &Base64Url) -> Result<(), SdkError> {
        if let Err(error) = self.inner.take_order(&room, order.as_slice()).await {
            // It comes again with the next connection, or with the next refusal.
            tracing::warn!(%room, %error, "an order was not taken");
        }
        self.plan_orders(&room).await
    }

    async fn take_refusal(
        &mut self,
        message: Option<(RoomUri, ClientMsgId)>,
        problem: Problem,
    ) -> Result<(), SdkError> {
        let Some((room, id)) = message else {
            tracing::warn!(%problem, "the server refused a frame");
            return Ok(());
        };
        match self.lanes.refused(&room, id, &problem, Instant::now()) {
            Fate::Again => self.inner.message_released(&room, id).await,
            Fate::Failed => self.inner.message_failed(&room, id, problem).await,
        }
    }

    async fn on_caught_up(&mut self) -> Result<(), SdkError> {
        self.caught_up = true;
        for room in self.inner.active_rooms().await? {
            self.plan_orders(&room).await?;
        }
        self.acknowledge(Instant::now()).await?;
        self.inner.tell(DeviceEvent::CaughtUp);
        Ok(())
    }

    /// Plans to carry out a room's open orders when this device's turn has come.
    async fn plan_orders(&mut self, room: &RoomUri) -> Result<(), SdkError> {
        if let Some(wait) = self.inner.order_wait(room).await? {
            self.works
                .add(Task::Orders(room.clone()), Instant::now() + wait);
        }
        Ok(())
    }

    /// Sends what may leave now.
    async fn send_mail(&mut self) -> Result<(), SdkError> {
        for room in self.inner.rooms_with_mail().await? {
            let Some(opening) = self.lanes.opening(&room, Instant::now()) else {
                continue;
            };
            let waived = self.works.orders_waived(&room);
            let sealed = self.inner.seal_waiting(&room, opening, waived).await?;
            if sealed.orders_first {
                // With something to say, this device waits for no rank.
                self.works.add(Task::Orders(room.clone()), Instant::now());
                self.works.start(&self.inner, Instant::now());
            }
            let mut frames = Vec::with_capacity(sealed.ready.len());
            for (id, place, frame) in sealed.ready {
                self.lanes.sent(&room, id, place);
                self.inner.hop(HopKind::CiphertextSent, || {
                    format!("ciphertext sent for {room}; its keys were stored first")
                });
                frames.push(frame);
            }
            if !frames.is_empty() {
                self.socket.send(frames).await?;
            }
        }
        Ok(())
    }

    /// Tells the server up to where this device has each room durably.
    async fn acknowledge(&mut self, now: Instant) -> Result<(), SdkError> {
        self.ack_at = now + ACK_EVERY;
        let mut acks = Vec::new();
        let mut rooms = std::mem::take(&mut *held(&self.inner.marked));
        rooms.extend(std::mem::take(&mut self.taken).into_keys());
        for room in rooms {
            if let Some((delivered, read)) = self.inner.to_acknowledge(&room).await? {
                acks.push(DeviceFrame::Ack {
                    room,
                    delivered,
                    read,
                });
            }
        }
        if !acks.is_empty() {
            self.socket.send(acks).await?;
        }
        if now >= self.wipe_at {
            self.wipe_at = now + WIPE_EVERY;
            self.inner.wipe().await?;
        }
        Ok(())
    }
}

impl Inner {
    /// Wipes what the database's log still has of replaced keys (REL-4).
    async fn wipe(&self) -> Result<(), SdkError> {
        self.lock().await.replica.wipe().await
    }

    /// From where the device reads in each of its rooms.
    async fn cursors(&self) -> Result<BTreeMap<RoomUri, u64>, SdkError> {
        let mut state = self.lock().await;
        let rows = rooms::all(state.replica.reader()).await?;
        let at_server = rows.into_iter().filter(|r| r.state != RoomState::Creating);
        Ok(at_server.map(|r| (r.uri, r.position.seq)).collect())
    }

    async fn active_rooms(&self) -> Result<Vec<RoomUri>, SdkError> {
        let mut state = self.lock().await;
        let rows = rooms::all(state.replica.reader()).await?;
        let active = rows.into_iter().filter(|r| r.state == RoomState::Active);
        Ok(active.map(|r| r.uri).collect())
    }

    async fn to_acknowledge(&self, room: &RoomUri) -> Result<Option<(u64, u64)>, SdkError> {
        let mut state = self.lock().await;
        let row = rooms::find(state.replica.reader(), room).await?;
        Ok(row.map(|row| (row.position.seq, row.read)))
    }
}

fn decoded_event(bytes: &[u8]) -> Result<Event, SdkError> {
    Event::from_bytes(bytes).map_err(|e| SdkError::Answer(e.to_string()))
}

fn decoded_head(bytes: &[u8]) -> Result<SignedHead, SdkError> {
    holm_protocol::encoding::decode(bytes).map_err(|e| SdkError::Answer(e.to_string()))
}
