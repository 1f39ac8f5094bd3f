//! The hub takes a commit: the first valid one of an epoch wins (LOG-10, LOG-13, ROOM-8, ORD-3).
//!
//! Everything is checked before anything is written: MLS, bundle, admission, open orders, Welcome.
//! The append then is the decision; group state and fold follow it.

use bytes::Bytes;
use holm_mls::public_room::{StageError, StagedRoomCommit};
use holm_protocol::admission::{unfulfilled_order, unopened_order};
use holm_protocol::bundle::Bundle;
use holm_protocol::event::Position;
use holm_protocol::federation::Sent;
use holm_protocol::limits::MESSAGE_EPOCHS_BEHIND_MAX;
use holm_protocol::{Code, Event, EventHeader, EventKind, Order, Problem, RoomUri, UserUri};

use super::accept::is_ordered_out;
use super::fold::Change;
use super::message::check_hub;
use super::spacing::read_commit;
use super::state::RoomState;
use super::task::RoomTask;
use crate::HOP_TARGET;
use crate::homeserver::{Homeserver, internal};
use crate::peer::{StoredFor, count};
use crate::ports::{Attachment, CrashPoint, Entry, LogHead};

/// Leaves from which on a group's cryptography is kept off the async threads.
const HEAVY_LEAVES: usize = 128;
/// Bytes of a bundle from which on it is.
pub(super) const HEAVY_BYTES: usize = 64 * 1_024;

impl RoomTask {
    /// Judges a commit of `user`, whose server answers for it, and appends it.
    pub(super) async fn commit(&mut self, user: &UserUri, bundle: Bundle) -> Result<Sent, Problem> {
        let (_, id) = read_commit(&bundle.commit)?;
        let homeserver = self.homeserver.clone();
        let state = self.state().await?;
        check_hub(state, &homeserver)?;
        homeserver.check_stored(&user.server())?;
        let now_ms = homeserver.now_ms().max(state.head.position.time);
        let orders = state.verified_orders(&homeserver, &bundle.commit).await;
        let (bundle, staged) = self.stage(bundle, orders, now_ms).await?;
        let state = self.state().await?;
        judge(state, &homeserver, user, &staged).await?;
        let (event, mut change) = next_event(state, &homeserver, &bundle, &staged, now_ms);
        let position = Position::after(&event);
        let attachment = bundle.welcome.map(|welcome| Attachment {
            welcome: welcome.into(),
            interim: state.group.interim_hash(),
            servers: std::mem::take(&mut change.servers_joining),
        });
        let entry = Entry {
            seq: position.seq,
            kind: EventKind::COMMIT,
            event: Bytes::from(event.to_bytes()),
            idempotency_key: Some(id.idempotency_key(user)),
            attachment,
        };
        self.append_commit(entry, position, staged, change).await?;
        let crash_points = &homeserver.ports.crash_points;
        crash_points.reached(CrashPoint::AppendBeforeAnswer);
        Ok(Sent {
            client_msg_id: id,
            seq: position.seq,
            time: position.time,
        })
    }

    /// MLS, bundle and admission.
    async fn stage(
        &mut self,
        bundle: Bundle,
        orders: Vec<Order>,
        now_ms: u64,
    ) -> Result<(Bundle, StagedRoomCommit), Problem> {
        let bytes = bundle.commit.len() + bundle.welcome.as_ref().map_or(0, Vec::len);
        let stage = move |state: &mut RoomState| {
            let staged = state.group.stage(&bundle.body(), orders, now_ms)?;
            let welcome = bundle.welcome.as_deref();
            state.group.check_welcome(&staged, welcome)?;
            Ok((bundle, staged))
        };
        let staged = self.work_on_state(bytes >= HEAVY_BYTES, stage).await?;
        staged.map_err(|error| stage_problem(&error))
    }

    /// Works on the room's state; away from the async threads where the group or the work is
    /// large, so that other rooms go on meanwhile. Work that panics costs the state in memory.
    pub(super) async fn work_on_state<T: Send + 'static>(
        &mut self,
        is_heavy: bool,
        work: impl FnOnce(&mut RoomState) -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let mut state = self.state.take().ok_or_else(super::registry::stopping)?;
        if !is_heavy && state.group.view().leaves.len() < HEAVY_LEAVES {
            let result = work(&mut state);
            self.state = Some(state);
            return Ok(result);
        }
        let work = move || {
            let result = work(&mut state);
            (state, result)
        };
        let done = self.homeserver.compute(work).await;
        let (state, result) = done.ok_or_else(super::registry::stopping)?;
        self.state = Some(state);
        Ok(result)
    }

    /// Appends a staged commit's entry, then merges and folds it.
    pub(super) async fn append_commit(
        &mut self,
        entry: Entry,
        position: Position,
        staged: StagedRoomCommit,
        change: Change,
    ) -> Result<(), Problem> {
        let state = self.state.as_ref().ok_or_else(super::registry::stopping)?;
        let head = head_after(&state.head, position, &staged);
        let told = entry.clone();
        let mut stored_for = StoredFor::new();
        if let Some(payer) = state.payer(self.homeserver.name(), staged.committer.server()) {
            count(&mut stored_for, &payer, [&entry]);
        }
        if self.append(vec![entry], head, stored_for).await.is_err() {
            let text = "the store could not take the commit now; look at the log and try again";
            return Err(Problem::new(Code::Unavailable, text).with_retry_after(1));
        }
        self.reached(CrashPoint::CommitBeforeFold, CrashPoint::FollowBeforeFold);
        let state = self.state.as_ref().ok_or_else(super::registry::stopping)?;
        tell_commit(state.is_hub(self.homeserver.name()), &told, &self.room);
        let adds = staged.view.adds.len();
        let merge = move |state: &mut RoomState| state.group.merge(staged);
        match self.work_on_state(adds >= HEAVY_LEAVES, merge).await {
            Ok(Ok(())) => self.fold(change).await,
            // The log has it; loading the room replays it and says what is wrong.
            failed => {
                tracing::error!(room = %self.room, ?failed, "an appended commit did not merge");
                self.state = None;
            }
        }
        Ok(())
    }
}

/// Tells the hop, for those who watch.
fn tell_commit(is_hub: bool, entry: &Entry, room: &RoomUri) {
    let (hop, what) = match is_hub {
        true => ("commit_ordered", "passes every check here and is now"),
        false => ("commit_followed", "passes every check here too, as"),
    };
    tracing::debug!(target: HOP_TARGET, hop, "a commit {what} event {} of {room}", entry.seq);
}

/// The head after a commit: epoch and, after a removal, the window move (LOG-12, LOG-13).
fn head_after(head: &LogHead, position: Position, staged: &StagedRoomCommit) -> LogHead {
    let epoch = head.epoch + 1;
    let epoch_floor = match staged.admitted.closes_window {
        true => epoch,
        false => head
            .epoch_floor
            .max(epoch.saturating_sub(MESSAGE_EPOCHS_BEHIND_MAX)),
    };
    LogHead {
        position,
        epoch,
        epoch_floor,
        commit_seq: position.seq,
        ..*head
    }
}

/// What only the hub checks: the sender's server, orders, KeyPackages of its own users.
async fn judge(
    state: &RoomState,
    homeserver: &Homeserver,
    user: &UserUri,
    staged: &StagedRoomCommit,
) -> Result<(), Problem> {
    if staged.committer.user() != *user {
        let text = format!("the commit is of {}, not of {user}", staged.committer);
        return Err(Problem::new(Code::NotYourUser, text));
    }
    check_hub_stays(state, staged)?;
    if is_ordered_out(&state.orders, user, Some(&staged.committer)) {
        let text = "the committer is being removed from the room";
        return Err(Problem::new(Code::Forbidden, text));
    }
    let open: Vec<_> = state.orders.iter().map(|o| o.order.clone()).collect();
    if let Some(order) = unfulfilled_order(state.group.view(), &staged.view, &open) {
        let text = format!(
            "the commit has to carry out the removal of {:?}",
            order.subject
        );
        return Err(Problem::new(Code::OrdersOpen, text));
    }
    // Signed orders stay valid for ever; one that was carried out removes nobody again (ORD-6).
    if let Some(order) = unopened_order(&staged.view, &open) {
        let text = format!("no removal of {:?} is open", order.subject);
        return Err(Problem::new(Code::CommitForbidden, text));
    }
    check_wanted(homeserver, staged)?;
    check_claims(state, homeserver, staged).await
}

/// Nobody is added whose server the operator does not want (FED-22).
fn check_wanted(homeserver: &Homeserver, staged: &StagedRoomCommit) -> Result<(), Problem> {
    let mut added = staged.view.adds.iter().map(|leaf| leaf.identity.user());
    match added.find(|user| homeserver.ports.peers.is_unwanted(&user.server())) {
        None => Ok(()),
        Some(user) => {
            let text = format!("the hub does not deal with the server of {user}");
            Err(Problem::new(Code::PeerBlocked, text))
        }
    }
}

/// A room stays with its hub: moving one is admitted by the rules and not built yet. The hub's
/// root may change, as admission has judged (ADM-14).
pub(super) fn check_hub_stays(state: &RoomState, staged: &StagedRoomCommit) -> Result<(), Problem> {
    let hub = &state.group.view().extension.hub;
    let moves = staged
        .admitted
        .extension
        .as_ref()
        .is_some_and(|e| (&e.hub.domain, e.hub.term) != (&hub.domain, hub.term));
    match moves {
        true => {
            let text = "a room cannot be moved to another hub yet";
            Err(Problem::new(Code::CommitForbidden, text))
        }
        false => Ok(()),
    }
}

/// An added device of this server came by a KeyPackage claimed for this room (FED-9).
pub(super) async fn check_claims(
    state: &RoomState,
    homeserver: &Homeserver,
    staged: &StagedRoomCommit,
) -> Result<(), Problem> {
    let own = homeserver.name();
    let adds = staged.view.adds.iter().zip(&staged.key_package_references);
    for (leaf, reference) in adds.filter(|(l, _)| l.identity.device.domain() == own.as_str()) {
        let claimed = homeserver.ports.key_packages.claimed_for(*reference).await;
        let claimed = claimed.map_err(|e| internal(&e))?;
        let device = &leaf.identity.device;
        let fits = claimed.is_some_and(|(d, room, hub)| {
            d == *device && room == *state.group.room() && hub == state.hub
        });
        if !fits {
            let text = format!("the KeyPackage of {device} was not claimed for this room");
            return Err(Problem::new(Code::UnclaimedKeyPackage, text));
        }
    }
    Ok(())
}

fn next_event(
    state: &RoomState,
    homeserver: &Homeserver,
    bundle: &Bundle,
    staged: &StagedRoomCommit,
    now_ms: u64,
) -> (Event, Change) {
    let last = state.head.position;
    let header = EventHeader {
        room: state.group.room().clone(),
        seq: last.seq + 1,
        time: now_ms,
        kind: EventKind::COMMIT,
        prev: last.hash,
    };
    let change = Change::before(state, homeserver.name(), staged, header.seq);
    (Event::new(header, bundle.body().to_bytes()), change)
}

/// The problem of a commit that is not taken.
pub(super) fn stage_problem(error: &StageError) -> Problem {
    let text = error.to_string();
    match error {
        StageError::WrongEpoch { current } => {
            Problem::new(Code::WrongEpoch, text).with_epoch(*current)
        }
        StageError::Invalid(_) => Problem::new(Code::InvalidCommit, text),
        StageError::Refused(_) => Problem::new(Code::CommitForbidden, text),
    }
}
