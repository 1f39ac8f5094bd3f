//! A follower takes what continues its copy, through the same checks as the hub (FED-5, LOG-6).
//!
//! It takes a room's events from the hub that the group names, alone. Nothing is believed:
//! chain, head, commit and admission are checked before the durable write, and the answer is the
//! cursor after it. A room that cannot go on is set aside with its reason; other rooms go on.

use bytes::Bytes;
use holm_protocol::bundle::CommitBody;
use holm_protocol::encoding::{decode, encode};
use holm_protocol::event::{ChainBreak, Position};
use holm_protocol::federation::LogPage;
use holm_protocol::limits::PAGE_EVENTS_MAX;
use holm_protocol::{Code, Event, EventKind, Problem, ServerName, SignedHead, SignedOrder};

use super::commit::{HEAVY_BYTES, check_claims, check_hub_stays, stage_problem};
use super::fold::Change;
use super::state::RoomState;
use super::task::RoomTask;
use super::witness::Heard;
use crate::HOP_TARGET;
use crate::homeserver::internal;
use crate::peer::{StoredFor, count};
use crate::ports::{Attachment, CrashPoint, Entry, LogHead, StoredOrder};

impl RoomTask {
    /// Takes a page of the hub's log; the cursor afterwards and what stopped it there.
    pub(super) async fn apply(
        &mut self,
        from: &ServerName,
        page: LogPage,
    ) -> (u64, Option<Problem>) {
        let taken = self.take_page(from, &page).await;
        let cursor = self.state.as_ref().map_or(0, |s| s.head.position.seq);
        let crash_points = &self.homeserver.ports.crash_points;
        crash_points.reached(CrashPoint::FollowBeforeAnswer);
        (cursor, taken.err())
    }

    async fn take_page(&mut self, from: &ServerName, page: &LogPage) -> Result<(), Problem> {
        if page.events.len() > PAGE_EVENTS_MAX {
            let text = format!("a page has at most {PAGE_EVENTS_MAX} events");
            return Err(Problem::new(Code::TooLarge, text));
        }
        match self.known_hub().await? {
            Some(hub) if hub != *from => {
                let text = format!("the hub of this room is {hub}");
                return Err(Problem::new(Code::NotHub, text));
            }
            Some(_) => {}
            None => self.begin_copy(from, page).await?,
        }
        self.state().await?;
        self.check_stopped()?;
        let events = read_events(page)?;
        if self.begins_anew(page, &events) {
            self.begin_copy(from, page).await?;
            self.state().await?;
        }
        let head = self.check_head(page, &events).await?;
        let carried = carried_heads(&events);
        let taken = self.take_events(page, events).await;
        if taken.as_ref().is_err_and(|p| p.code == Code::Fork) {
            let events: Vec<_> = read_events(page)?.into_iter().map(|(_, e)| e).collect();
            self.prove_by_page(&events, &head).await?;
        }
        let bytes = (head.head.seq, Bytes::from(encode(&head)));
        self.hear_page(head, carried).await;
        taken?;
        self.take_orders(page).await?;
        if let Some(state) = self.state.as_mut() {
            state.hub_head = Some(bytes);
        }
        self.keep_head(false).await;
        Ok(())
    }

    /// The room's hub, where this server has a copy.
    async fn known_hub(&self) -> Result<Option<ServerName>, Problem> {
        if let Some(state) = &self.state {
            return Ok(Some(state.hub.clone()));
        }
        let record = self.homeserver.ports.rooms.room(&self.room).await;
        Ok(record.map_err(|e| internal(&e))?.map(|r| r.hub))
    }

    fn check_stopped(&self) -> Result<(), Problem> {
        match self.state.as_ref().and_then(|s| s.stopped.clone()) {
            Some(why) => Err(Problem::new(Code::RoomStopped, why)),
            None => Ok(()),
        }
    }

    /// Re-entry: this server was out of the room, and the page begins with a new anchor.
    fn begins_anew(&self, page: &LogPage, events: &[(Bytes, Event)]) -> bool {
        let Some(state) = &self.state else {
            return false;
        };
        let first = events.first().map_or(0, |(_, e)| e.header.seq);
        let anchored = page
            .anchors
            .iter()
            .any(|a| a.seq == first && a.tree.is_some());
        anchored && first > state.head.position.seq + 1 && !state.has_server(self.homeserver.name())
    }

    /// The page's head is the hub's, and fits the events (HEAD-2).
    async fn check_head(
        &mut self,
        page: &LogPage,
        events: &[(Bytes, Event)],
    ) -> Result<SignedHead, Problem> {
        let invalid = |why: &str| Problem::new(Code::InvalidHead, why);
        let signed: SignedHead =
            decode(page.head.as_slice()).map_err(|e| invalid(&e.to_string()))?;
        let homeserver = self.homeserver.clone();
        let state = self.state().await?;
        let head = state.verified_head(&homeserver, &signed).await;
        let head = head.ok_or_else(|| invalid("the head is not signed by the room's hub"))?;
        if let Some((_, last)) = events.last() {
            let (seq, hash) = (last.header.seq, last.hash());
            if head.seq < seq || (head.seq == seq && head.hash != hash) {
                return Err(invalid("the head does not reach the events beside it"));
            }
        }
        Ok(signed)
    }

    /// Takes events in order: commits one by one, what lies between them in one append.
    async fn take_events(
        &mut self,
        page: &LogPage,
        events: Vec<(Bytes, Event)>,
    ) -> Result<(), Problem> {
        let room = self.room.clone();
        let mut run = Run::from(self.state().await?.head.position);
        for (bytes, event) in events {
            if event.header.seq <= run.position.seq {
                continue;
            }
            let position = match run.position.check_next(&room, &event) {
                Ok(position) => position,
                Err(broken) => {
                    self.store_run(run).await?;
                    return Err(self.chain_problem(&broken).await);
                }
            };
            if event.header.kind == EventKind::COMMIT {
                self.store_run(run).await?;
                self.take_commit(page, bytes, &event, position).await?;
                run = Run::from(position);
            } else {
                run.add(event.header.kind, bytes, position);
            }
        }
        self.store_run(run).await
    }

    async fn store_run(&mut self, run: Run) -> Result<(), Problem> {
        if run.entries.is_empty() {
            return Ok(());
        }
        let state = self.state.as_ref().ok_or_else(super::registry::stopping)?;
        self.homeserver.check_stored(&state.hub)?;
        let head = LogHead {
            position: run.position,
            ..state.head
        };
        let mut stored_for = StoredFor::new();
        count(&mut stored_for, &state.hub, &run.entries);
        let positions = run.positions;
        if self.append(run.entries, head, stored_for).await.is_err() {
            let text = "the store could not take the events now";
            return Err(Problem::new(Code::Unavailable, text).with_retry_after(1));
        }
        self.note_stored(&positions);
        tracing::debug!(target: HOP_TARGET, hop = "ciphertext_followed",
            "event {} continues the chain of {} and is stored", head.position.seq, self.room);
        self.wake_all(&[]);
        Ok(())
    }

    async fn take_commit(
        &mut self,
        page: &LogPage,
        bytes: Bytes,
        event: &Event,
        position: Position,
    ) -> Result<(), Problem> {
        let homeserver = self.homeserver.clone();
        let state = self.state().await?;
        homeserver.check_stored(&state.hub)?;
        let read = CommitBody::from_bytes(event.body.as_slice());
        let body = match read {
            Ok(body) => body,
            Err(error) => return Err(self.stop(position.seq, &error.to_string()).await),
        };
        let orders = state
            .verified_orders(&homeserver, body.commit.as_slice())
            .await;
        let (len, time) = (event.body.as_slice().len(), event.header.time);
        let stage = move |state: &mut RoomState| {
            let staged = state.group.stage(&body, orders, time);
            staged.map(|staged| (body, staged))
        };
        let staged = self.work_on_state(len >= HEAVY_BYTES, stage).await?;
        let state = self.state().await?;
        let (body, staged) = match staged {
            Ok(staged) => staged,
            Err(error) => {
                let problem = stage_problem(&error);
                return Err(self.stop(position.seq, &problem.to_string()).await);
            }
        };
        if let Err(problem) = check_hub_stays(state, &staged) {
            return Err(self.stop(position.seq, &problem.detail).await);
        }
        check_claims(state, &homeserver, &staged).await?;
        let change = Change::before(state, homeserver.name(), &staged, position.seq);
        let interim = state.group.interim_hash();
        let attachment = match change.servers_joining.contains(homeserver.name()) {
            true => Some(welcome_of(
                page,
                position.seq,
                &body,
                interim,
                homeserver.name(),
            )?),
            false => None,
        };
        let entry = Entry {
            seq: position.seq,
            kind: EventKind::COMMIT,
            event: bytes,
            idempotency_key: None,
            attachment,
        };
        self.append_commit(entry, position, staged, change).await?;
        self.note_stored(&[position]);
        Ok(())
    }

    /// Orders that hold are kept and told; others are refused (ORD-2).
    async fn take_orders(&mut self, page: &LogPage) -> Result<(), Problem> {
        let mut news = false;
        for order in &page.orders {
            let homeserver = self.homeserver.clone();
            let room = self.room.clone();
            let state = self.state().await?;
            let malformed = |e: holm_protocol::encoding::Malformed| {
                Problem::new(Code::Malformed, format!("an order: {e}"))
            };
            let signed: SignedOrder = decode(order.as_slice()).map_err(malformed)?;
            let known = |o: &SignedOrder| o.order.subject == signed.order.subject;
            let view = state.group.view();
            let open = view
                .leaves
                .iter()
                .any(|l| signed.order.subject.means(&l.identity.device));
            if !open || state.orders.iter().any(known) {
                continue;
            }
            if state.verified_order(&homeserver, &signed).await.is_none() {
                let text = "an order is not signed by the room's hub";
                return Err(Problem::new(Code::SignatureInvalid, text));
            }
            let stored = StoredOrder {
                subject: signed.order.subject.clone(),
                bytes: order.0.clone(),
            };
            let kept = homeserver.ports.rooms.add_order(&room, &stored).await;
            kept.map_err(|e| internal(&e))?;
            state.orders.push(signed);
            news = true;
        }
        if news {
            self.announce_orders();
        }
        Ok(())
    }

    async fn chain_problem(&mut self, broken: &ChainBreak) -> Problem {
        match broken {
            ChainBreak::Gap { .. } => Problem::new(Code::Gap, broken.to_string()),
            ChainBreak::Room => Problem::new(Code::BadRequest, broken.to_string()),
            ChainBreak::Time(seq) => self.stop(*seq, &broken.to_string()).await,
            ChainBreak::Fork(seq) => {
                let stopped = self.stop(*seq, &broken.to_string()).await;
                Problem::new(Code::Fork, stopped.detail)
            }
        }
    }

    /// Sets the room aside with its reason; nothing of the event is applied.
    async fn stop(&mut self, seq: u64, why: &str) -> Problem {
        let why = format!("event {seq} cannot be applied: {why}");
        tracing::error!(
            room = %self.room, seq, reason = %why,
            "the room is set aside; its hub or a member's client is at fault, \
             look at the event and take the matter up with the hub's operator"
        );
        let stopped = self
            .homeserver
            .ports
            .rooms
            .set_stopped(&self.room, Some(&why))
            .await;
        if let Err(error) = stopped {
            tracing::error!(room = %self.room, %error, "the reason could not be stored");
        }
        if let Some(state) = self.state.as_mut() {
            state.stopped = Some(why.clone());
        }
        Problem::new(Code::RoomStopped, why)
    }
}

/// Events between two commits, checked and waiting for one append.
struct Run {
    entries: Vec<Entry>,
    /// Of each entry.
    positions: Vec<Position>,
    position: Position,
}

impl From<Position> for Run {
    fn from(position: Position) -> Self {
        Self {
            entries: Vec::new(),
            positions: Vec::new(),
            position,
        }
    }
}

impl Run {
    fn add(&mut self, kind: EventKind, event: Bytes, position: Position) {
        self.position = position;
        self.positions.push(position);
        self.entries.push(Entry {
            seq: position.seq,
            kind,
            event,
            idempotency_key: None,
            attachment: None,
        });
    }
}

/// The heads that events carry, each once.
fn carried_heads(events: &[(Bytes, Event)]) -> Vec<Heard> {
    let mut carried: Vec<Heard> = Vec::new();
    for (_, event) in events {
        let Some(head) = event.carried_head() else {
            continue;
        };
        let carrier = Some(event.header.seq);
        let heard = Heard { head, carrier };
        let is_known = carried.last().is_some_and(|last| last.head == heard.head);
        if !is_known || heard.carried_too_early().is_some() {
            carried.push(heard);
        }
    }
    carried
}

/// The events of a page, each with its exact bytes.
fn read_events(page: &LogPage) -> Result<Vec<(Bytes, Event)>, Problem> {
    let read = |bytes: &holm_protocol::Base64Url| {
        let event = Event::from_bytes(bytes.as_slice())
            .map_err(|e| Problem::new(Code::Malformed, format!("an event: {e}")))?;
        Ok((bytes.0.clone(), event))
    };
    page.events.iter().map(read).collect()
}

/// The Welcome that belongs to the commit `seq`, by the hash its committer signed (LOG-14).
pub(super) fn welcome_of(
    page: &LogPage,
    seq: u64,
    body: &CommitBody,
    interim: holm_protocol::Hash,
    own: &ServerName,
) -> Result<Attachment, Problem> {
    let anchor = page.anchors.iter().find(|a| a.seq == seq);
    let Some(anchor) = anchor.filter(|a| body.has_welcome(a.welcome.as_slice())) else {
        let text = format!("the Welcome of event {seq} is missing or not the one signed");
        return Err(Problem::new(Code::InvalidCommit, text));
    };
    Ok(Attachment {
        welcome: anchor.welcome.0.clone(),
        interim,
        servers: vec![own.clone()],
    })
}
