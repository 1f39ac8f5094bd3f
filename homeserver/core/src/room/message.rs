//! The hub takes messages: a batch is judged, numbered and appended as one (LOG-2, LOG-3, LOG-9).
//!
//! A repeated `client_msg_id` gets its first answer before anything else is looked at. A refusal
//! that the sender will repeat also refuses what the same sender sent after it in the batch, so
//! the sender's order stays (LOG-15).

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use holm_protocol::aad::ClientMsgId;
use holm_protocol::event::Position;
use holm_protocol::federation::Sent;
use holm_protocol::{Code, Event, EventHeader, EventKind, Hash, Problem, ServerName, UserUri};
use tokio::sync::oneshot;

use super::accept::{Circumstances, judge_message, read_message};
use super::command::Submission;
use super::state::RoomState;
use super::task::RoomTask;
use crate::HOP_TARGET;
use crate::homeserver::{Homeserver, internal};
use crate::peer::{StoredFor, count};
use crate::ports::{CrashPoint, Entry, LogHead};

type Verdict = Result<Sent, Problem>;

/// Messages that wait for one append.
#[derive(Default)]
pub(super) struct Batch {
    submissions: Vec<Submission>,
    replies: Vec<(usize, oneshot::Sender<Vec<Verdict>>)>,
}

/// What happens to one message of the batch.
enum Fate {
    /// Decided: an earlier answer, or a refusal.
    Known(Verdict),
    /// Becomes entry `index` of the append.
    Entry(usize, ClientMsgId),
}

/// The append a batch becomes.
#[derive(Default)]
struct Plan {
    fates: Vec<Fate>,
    entries: Vec<Entry>,
    positions: Vec<Position>,
    /// Entry of each id in this batch.
    in_batch: BTreeMap<Hash, usize>,
    /// Users of whom a message was refused that they will send again.
    held: BTreeSet<UserUri>,
    /// Whether nothing more is stored because of a server; asked once, so that of what it sends
    /// nothing later passes something earlier.
    refused: BTreeMap<ServerName, Option<Problem>>,
    stored_for: StoredFor,
}

impl Batch {
    /// Adds the messages of one sender.
    pub(super) fn add(&mut self, messages: Vec<Submission>, reply: oneshot::Sender<Vec<Verdict>>) {
        self.replies.push((messages.len(), reply));
        self.submissions.extend(messages);
    }

    fn answer(self, verdicts: Vec<Verdict>) {
        let mut verdicts = verdicts.into_iter();
        for (len, reply) in self.replies {
            drop(reply.send(verdicts.by_ref().take(len).collect()));
        }
    }

    fn refuse_all(self, problem: &Problem) {
        let verdicts = self
            .submissions
            .iter()
            .map(|_| Err(problem.clone()))
            .collect();
        self.answer(verdicts);
    }
}

impl RoomTask {
    /// Takes a batch to its end and answers every message of it.
    pub(super) async fn submit(&mut self, batch: Batch) {
        if batch.submissions.is_empty() {
            return batch.answer(Vec::new());
        }
        // The store refuses a repeated id by itself, so the first try asks for nothing. The second
        // looks every id up: after a repeat, a moved head or an unknown outcome.
        for look_up in [false, true] {
            let plan = match self.plan(&batch.submissions, look_up).await {
                Ok(plan) => plan,
                Err(problem) => return batch.refuse_all(&problem),
            };
            if let Some(verdicts) = self.carry_out(plan).await {
                return batch.answer(verdicts);
            }
        }
        let text = "the store could not take the message now; try again";
        batch.refuse_all(&Problem::new(Code::Unavailable, text).with_retry_after(1));
    }

    async fn plan(&mut self, submissions: &[Submission], look_up: bool) -> Result<Plan, Problem> {
        let homeserver = self.homeserver.clone();
        let state = self.state().await?;
        check_hub(state, &homeserver)?;
        let mut plan = Plan::default();
        for submission in submissions {
            let fate = plan.judge(state, &homeserver, submission, look_up).await?;
            plan.fates.push(fate);
        }
        Ok(plan)
    }

    /// Appends; `None` where an id is there already, the head had moved or the outcome is unknown.
    async fn carry_out(&mut self, mut plan: Plan) -> Option<Vec<Verdict>> {
        let Some(position) = plan.positions.last().copied() else {
            return Some(verdicts(plan.fates, &[]));
        };
        let head = LogHead {
            position,
            ..self.state.as_ref()?.head
        };
        let entries = std::mem::take(&mut plan.entries);
        let stored_for = std::mem::take(&mut plan.stored_for);
        match self.append(entries, head, stored_for).await {
            Ok(()) => {
                for position in &plan.positions {
                    tracing::debug!(target: HOP_TARGET, hop = "message_ordered",
                        "a ciphertext is now event {} of {}", position.seq, self.room);
                }
                self.wake_all(&[]);
                let crash_points = &self.homeserver.ports.crash_points;
                crash_points.reached(CrashPoint::AppendBeforeAnswer);
                Some(verdicts(plan.fates, &plan.positions))
            }
            Err(_told) => None,
        }
    }
}

impl Plan {
    /// What happens to one message; an earlier answer comes before any refusal (LOG-9).
    async fn judge(
        &mut self,
        state: &RoomState,
        homeserver: &Homeserver,
        one: &Submission,
        look_up: bool,
    ) -> Result<Fate, Problem> {
        let read = match read_message(&one.message) {
            Ok(read) => read,
            Err(problem) => return Ok(Fate::Known(Err(problem))),
        };
        let id = read.aad.client_msg_id;
        let key = id.idempotency_key(&one.user);
        if let Some(index) = self.in_batch.get(&key) {
            return Ok(Fate::Entry(*index, id));
        }
        let judged = match self.held.contains(&one.user) {
            true => Err(previous_refused()),
            false => judge_message(&read.header, &circumstances(one, state)),
        };
        let judged = judged.and_then(|()| self.check_stored(homeserver, &one.user));
        if look_up || judged.is_err() {
            let earlier = homeserver.ports.log.find(state.group.room(), key).await;
            if let Some((seq, time)) = earlier.map_err(|e| internal(&e))? {
                return Ok(Fate::Known(Ok(Sent {
                    client_msg_id: id,
                    seq,
                    time,
                })));
            }
        }
        Ok(match judged {
            Ok(()) => {
                let here = (state, homeserver.name());
                let index = self.push(here, one, key, homeserver.now_ms());
                self.in_batch.insert(key, index);
                Fate::Entry(index, id)
            }
            Err(problem) => {
                if matches!(problem.code, Code::EpochTooOld | Code::WrongEpoch) {
                    self.held.insert(one.user.clone());
                }
                Fate::Known(Err(problem))
            }
        })
    }

    /// Whether more is stored because of the sender's server (FED-25).
    fn check_stored(&mut self, homeserver: &Homeserver, user: &UserUri) -> Result<(), Problem> {
        let check = || homeserver.check_stored(&user.server()).err();
        let refused = self.refused.entry(user.server()).or_insert_with(check);
        refused.clone().map_or(Ok(()), Err)
    }

    /// Numbers a message after the ones before it.
    fn push(
        &mut self,
        (state, own): (&RoomState, &ServerName),
        one: &Submission,
        key: Hash,
        now_ms: u64,
    ) -> usize {
        let last = self
            .positions
            .last()
            .copied()
            .unwrap_or(state.head.position);
        let header = EventHeader {
            room: state.group.room().clone(),
            seq: last.seq + 1,
            time: now_ms.max(last.time),
            kind: EventKind::MESSAGE,
            prev: last.hash,
        };
        let event = Event::new(header, one.message.to_vec());
        self.positions.push(Position::after(&event));
        let entry = Entry {
            seq: event.header.seq,
            kind: EventKind::MESSAGE,
            event: Bytes::from(event.to_bytes()),
            idempotency_key: Some(key),
            attachment: None,
        };
        if let Some(payer) = state.payer(own, one.user.server()) {
            count(&mut self.stored_for, &payer, [&entry]);
        }
        self.entries.push(entry);
        self.entries.len() - 1
    }
}

fn circumstances<'a>(one: &'a Submission, state: &'a RoomState) -> Circumstances<'a> {
    Circumstances {
        user: &one.user,
        device: one.device.as_ref(),
        group: state.group.view(),
        epoch_floor: state.head.epoch_floor,
        orders: &state.orders,
    }
}

/// This server is the room's hub and the room goes on.
pub(super) fn check_hub(state: &RoomState, homeserver: &Homeserver) -> Result<(), Problem> {
    if !state.is_hub(homeserver.name()) {
        let text = format!("the hub of this room is {}", state.hub);
        return Err(Problem::new(Code::NotHub, text));
    }
    match &state.stopped {
        Some(why) => Err(Problem::new(Code::RoomStopped, why.clone())),
        None => Ok(()),
    }
}

fn verdicts(fates: Vec<Fate>, positions: &[Position]) -> Vec<Verdict> {
    let verdict = |fate| match fate {
        Fate::Known(verdict) => verdict,
        Fate::Entry(index, client_msg_id) => positions
            .get(index)
            .map(|p| Sent {
                client_msg_id,
                seq: p.seq,
                time: p.time,
            })
            .ok_or_else(super::registry::stopping),
    };
    fates.into_iter().map(verdict).collect()
}

fn previous_refused() -> Problem {
    let text = "a message of this sender before it was refused; send it again after that one";
    Problem::new(Code::PreviousRefused, text)
}
