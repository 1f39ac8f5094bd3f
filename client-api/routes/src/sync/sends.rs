//! Sends in flight: one ordered lane a room, bounded together (SYNC-4, SYNC-5, SYNC-13).
//!
//! A room's messages go to core in the order they came, one call at a time; what arrives while a
//! call runs goes with the next. After a refusal that the device will answer by sending again, the
//! messages behind it are refused too, in the lane and on their way here, so that the log never
//! shows a device's messages in another order than it wrote them; core does the same within one
//! call (LOG-15).

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use holm_client_types::frame::ServerFrame;
use holm_core::room::Verdict;
use holm_protocol::aad::{Aad, ClientMsgId};
use holm_protocol::mls_header::MlsHeader;
use holm_protocol::{Code, Problem, RoomUri};

use super::backend::Backend;
use super::lane_gate::LaneGate;

/// Messages of a connection that have no answer yet; the socket is not read past it.
const HELD_MAX: usize = 256;
/// Their bytes; one frame may lie over it.
const HELD_LEN_MAX: usize = 1_024 * 1_024;
/// Messages in one call to core.
const BATCH_MAX: usize = 64;
/// How long a call may take; its messages may stand in the log all the same.
const ANSWER_WAIT: Duration = Duration::from_mins(1);

/// The sends of one connection.
#[derive(Default)]
pub(crate) struct Sends {
    lanes: BTreeMap<RoomUri, Lane>,
    gate: LaneGate,
    /// Rooms whose refusals the device has read, to be told to core once no earlier call runs.
    opened: BTreeSet<RoomUri>,
    running: FuturesUnordered<BoxFuture<'static, Done>>,
    held: usize,
    held_len: usize,
}

/// Messages of one room, in order.
#[derive(Default)]
struct Lane {
    waiting: VecDeque<Message>,
    busy: bool,
}

struct Message {
    bytes: Bytes,
    /// What the answer names it by, where it can be read.
    id: Option<ClientMsgId>,
}

/// A call that has ended.
pub(crate) struct Done {
    room: RoomUri,
    ids: Vec<Option<ClientMsgId>>,
    len: usize,
    verdicts: Vec<Verdict>,
}

impl Sends {
    /// Takes a message, which [`Sends::start`] sends on its way, or refuses it behind another.
    pub(crate) fn push(&mut self, room: RoomUri, bytes: Bytes) -> Option<ServerFrame> {
        let id = client_msg_id(&bytes);
        if !self.gate.admits(&room, id) {
            return answer(&room, id, refused());
        }
        self.held += 1;
        self.held_len += bytes.len();
        let lane = self.lanes.entry(room).or_default();
        lane.waiting.push_back(Message { bytes, id });
        None
    }

    /// Begins a call for each room that has messages and no call running.
    pub(crate) fn start(&mut self, backend: &impl Backend) {
        let lanes = &self.lanes;
        let free = |room: &RoomUri| lanes.get(room).is_none_or(|lane| !lane.busy);
        for room in self.opened.extract_if(.., |room| free(room)) {
            backend.reopen(&room);
        }
        for (room, lane) in &mut self.lanes {
            if lane.busy || lane.waiting.is_empty() {
                continue;
            }
            lane.busy = true;
            let batch = lane.waiting.len().min(BATCH_MAX);
            let batch: Vec<_> = lane.waiting.drain(..batch).collect();
            self.running.push(call(backend, room.clone(), batch));
        }
    }

    /// Waits for a call to end; `None` while none runs. May be dropped and asked again.
    pub(crate) async fn next(&mut self) -> Option<Done> {
        self.running.next().await
    }

    /// The answers of a call that has ended; and where it refused a message that comes again, the
    /// barrier to be written behind them.
    pub(crate) fn finish(&mut self, done: Done) -> (Vec<ServerFrame>, Option<u64>) {
        self.held -= done.ids.len();
        self.held_len -= done.len;
        let answered: Vec<_> = done.ids.into_iter().zip(done.verdicts).collect();
        let comes_again = |(id, verdict): &(_, Verdict)| match verdict {
            Verdict::Refused(problem) => comes_again(problem).then_some(*id),
            Verdict::Sent(_) | Verdict::Held => None,
        };
        let first = answered.iter().find_map(comes_again);
        let behind = self.release(&done.room, first.is_some());
        let behind = behind.into_iter().map(|id| (id, refused()));
        let answered = answered.into_iter().chain(behind);
        let frames = answered.filter_map(|(id, verdict)| answer(&done.room, id, verdict));
        let frames = frames.collect();
        (frames, first.map(|id| self.gate.shut(done.room, id)))
    }

    /// A message that was held is refused and comes again: the answers of what waits behind it,
    /// and the barrier to be written after them (SYNC-17).
    pub(crate) fn held_refused(
        &mut self,
        room: RoomUri,
        first: ClientMsgId,
    ) -> (Vec<ServerFrame>, u64) {
        let behind = self.empty(&room).into_iter();
        let frames = behind.filter_map(|id| answer(&room, id, refused()));
        (frames.collect(), self.gate.shut_held(room, first))
    }

    /// The device has read what was written before this barrier.
    pub(crate) fn passed(&mut self, barrier: u64) {
        self.opened.extend(self.gate.passed(barrier));
    }

    /// Whether the socket may be read for more.
    pub(crate) fn has_room(&self) -> bool {
        self.held < HELD_MAX && self.held_len < HELD_LEN_MAX
    }

    /// Whether a call is running.
    pub(crate) fn is_running(&self) -> bool {
        !self.running.is_empty()
    }

    /// Frees a lane; where it is held up, empties it and says what was in it.
    fn release(&mut self, room: &RoomUri, held_up: bool) -> Vec<Option<ClientMsgId>> {
        let behind = match held_up {
            true => self.empty(room),
            false => Vec::new(),
        };
        if let Some(lane) = self.lanes.get_mut(room) {
            lane.busy = false;
            if lane.waiting.is_empty() {
                self.lanes.remove(room);
            }
        }
        behind
    }

    /// Empties a lane and says what was in it.
    fn empty(&mut self, room: &RoomUri) -> Vec<Option<ClientMsgId>> {
        let Some(lane) = self.lanes.get_mut(room) else {
            return Vec::new();
        };
        let behind: Vec<_> = lane.waiting.drain(..).collect();
        self.held -= behind.len();
        self.held_len -= behind.iter().map(|m| m.bytes.len()).sum::<usize>();
        behind.into_iter().map(|message| message.id).collect()
    }
}

fn call(backend: &impl Backend, room: RoomUri, batch: Vec<Message>) -> BoxFuture<'static, Done> {
    let ids: Vec<_> = batch.iter().map(|m| m.id).collect();
    let messages: Vec<_> = batch.into_iter().map(|m| m.bytes).collect();
    let len = messages.iter().map(Bytes::len).sum();
    let verdicts = backend.send(room.clone(), messages);
    Box::pin(async move {
        let verdicts = tokio::time::timeout(ANSWER_WAIT, verdicts)
            .await
            .unwrap_or_else(|_elapsed| vec![Verdict::Refused(no_answer()); ids.len()]);
        Done {
            room,
            ids,
            len,
            verdicts,
        }
    })
}

/// The answer; none for a message without an id, which is never held.
fn answer(room: &RoomUri, id: Option<ClientMsgId>, verdict: Verdict) -> Option<ServerFrame> {
    let room = room.clone();
    Some(match verdict {
        Verdict::Sent(sent) => ServerFrame::Sent {
            room,
            client_msg_id: sent.client_msg_id,
            seq: sent.seq,
            time: sent.time,
        },
        Verdict::Held => ServerFrame::Held {
            room,
            client_msg_id: id?,
        },
        Verdict::Refused(problem) => ServerFrame::Problem {
            room: Some(room),
            client_msg_id: id,
            problem,
        },
    })
}

fn refused() -> Verdict {
    Verdict::Refused(previous_refused())
}

/// The id in a message's authenticated data (LOG-7).
fn client_msg_id(message: &[u8]) -> Option<ClientMsgId> {
    let header = MlsHeader::read(message)?;
    Some(Aad::from_bytes(header.aad).ok()?.client_msg_id)
}

/// Whether a device sends a message with this refusal again.
pub(crate) fn comes_again(problem: &Problem) -> bool {
    let code = matches!(
        problem.code,
        Code::EpochTooOld | Code::WrongEpoch | Code::PreviousRefused
    );
    code || problem.status == 429 || problem.status >= 500
}

fn previous_refused() -> Problem {
    Problem::new(
        Code::PreviousRefused,
        "a message before this one was refused; send this one again after that one",
    )
}

fn no_answer() -> Problem {
    Problem::new(
        Code::Unavailable,
        "no answer in time; send it again under the same id",
    )
    .with_retry_after(5)
}
