//! Around a commit: claiming KeyPackages, submitting, meeting it in the log, dropping it.

use std::time::Duration;

use futures::{StreamExt, TryStreamExt};
use holm_client_types::key_package::ClaimRequest;
use holm_client_types::room::CommitRequest;
use holm_protocol::room_extension::Hub;
use holm_protocol::{Code, Hash, Problem, RoomUri, UserUri};
use tokio::time::{Instant, sleep, timeout};

use super::Inner;
use super::commit::{Change, Ready};
use super::patience::Patience;
use crate::error::SdkError;
use crate::event::HopKind;
use crate::mls::{group_id, refused};
use crate::replica::{damaged, pending, rooms};
use crate::timeline::RoomState;

/// Claims asked at once.
const CLAIMS_AT_ONCE: usize = 8;
/// Tries of one exchange before the caller is told.
const TRIES: u32 = 8;
/// Longest wait between tries.
const WAIT_MAX: Duration = Duration::from_secs(5);
/// How long an accepted commit may take to arrive: so many looks, so far apart.
const LOOKS: u32 = 60;
const LOOK: Duration = Duration::from_secs(1);

/// KeyPackages claimed of a user.
pub(super) struct Claimed {
    /// Whose.
    pub(super) user: UserUri,
    /// One a device, each an MLSMessage.
    pub(super) packages: Vec<Vec<u8>>,
}

/// What became of a commit.
#[derive(Debug)]
pub(super) enum Fate {
    /// It stands in the log under this number.
    Ordered(u64),
    /// It does not and never will.
    Refused(SdkError),
}

impl Inner {
    /// Claims packages of the users to be added who are not in yet; repeated claims get the same.
    pub(super) async fn claim_for(
        &self,
        room: &RoomUri,
        change: &Change,
    ) -> Result<Vec<Claimed>, SdkError> {
        let Change::Add(users) = change else {
            return Ok(Vec::new());
        };
        let hub = self.room_hub(room).await?;
        let present = self.present(room).await?;
        let missing = users.iter().filter(|user| !present.contains(user));
        let claims: Vec<_> = missing.map(|user| self.claim(room, user, &hub)).collect();
        futures::stream::iter(claims)
            .buffered(CLAIMS_AT_ONCE)
            .try_collect()
            .await
    }

    async fn present(&self, room: &RoomUri) -> Result<Vec<UserUri>, SdkError> {
        let mut state = self.lock().await;
        let reader = state.replica.reader();
        let row = rooms::find(reader, room).await?;
        let row = row.ok_or_else(|| SdkError::UnknownRoom(room.clone()))?;
        rooms::participants(reader, row.id).await
    }

    async fn claim(&self, room: &RoomUri, user: &UserUri, hub: &Hub) -> Result<Claimed, SdkError> {
        let claim_id = self.claim_id(room, user).await?;
        let hub = hub
            .server()
            .ok_or_else(|| SdkError::Invalid("the room names no hub".into()))?;
        let request = ClaimRequest {
            room: room.clone(),
            hub,
            claim_id: claim_id.to_vec().into(),
        };
        let answer = self
            .patiently(|| async { self.api()?.claim(user, &request).await })
            .await?;
        let packages: Vec<Vec<u8>> = answer
            .key_packages
            .into_iter()
            .map(|claimed| claimed.key_package.0.into())
            .collect();
        if packages.is_empty() {
            let why = format!("{} has no device that can be added", user.address());
            return Err(SdkError::Invalid(why));
        }
        self.hop(HopKind::KeyPackageClaimed, || {
            let server = user.domain();
            format!("KeyPackage of {} claimed from {server}", user.address())
        });
        Ok(Claimed {
            user: user.clone(),
            packages,
        })
    }

    async fn claim_id(&self, room: &RoomUri, user: &UserUri) -> Result<[u8; 16], SdkError> {
        let mut state = self.lock().await;
        let mut step = state.step().await?;
        let row = rooms::find(&mut step.tx, room).await?;
        let row = row.ok_or_else(|| SdkError::UnknownRoom(room.clone()))?;
        let fresh = self.ports.random();
        let id = pending::claim_id(&mut step.tx, row.id, user, fresh).await?;
        step.commit().await?;
        Ok(id)
    }

    pub(super) async fn drop_claims(
        &self,
        room: &RoomUri,
        claimed: &[Claimed],
    ) -> Result<(), SdkError> {
        if claimed.is_empty() {
            return Ok(());
        }
        let mut state = self.lock().await;
        let mut step = state.step().await?;
        if let Some(row) = rooms::find(&mut step.tx, room).await? {
            for claim in claimed {
                pending::drop_claim(&mut step.tx, row.id, &claim.user).await?;
            }
        }
        step.commit().await
    }

    /// Submits the same bytes until it is known what became of them, from an answer or from the
    /// log (ROOM-16). `may_be_there`: they may have been submitted before.
    ///
    /// That the device is out of the room is no word on a commit made before it was: only the log
    /// has that.
    ///
    /// # Errors
    /// Patience is at its end: the commit stays pending and may still win.
    pub(super) async fn submit(
        &self,
        room: &RoomUri,
        commit: &Ready,
        mut may_be_there: bool,
        patience: &mut Patience,
    ) -> Result<Fate, SdkError> {
        loop {
            let error = match self.api()?.commit(room, &commit.request).await {
                Ok(sent) => return Ok(Fate::Ordered(sent.seq)),
                Err(error) => error,
            };
            // A failing server may have passed the commit on before it failed.
            let is_refusal = error.problem().is_some_and(|p| p.status < 500);
            let is_known = is_refusal && !error.is_transient();
            if is_known && !may_be_there {
                return Ok(Fate::Refused(error));
            }
            may_be_there = true;
            if let Some(fate) = self.fate_in_log(room, &commit.hash).await? {
                return Ok(fate);
            }
            match error.problem().map(|p| p.code) {
                // The session is over, which says nothing of the commit.
                Some(Code::Unauthenticated | Code::TokenRevoked) => return Err(error),
                Some(Code::Forbidden | Code::NotFound) => patience.wait(error, &self.ports).await?,
                _ if is_known => return Ok(Fate::Refused(error)),
                _ => patience.wait(error, &self.ports).await?,
            }
        }
    }

    /// What the log says of a commit: it stands there, or another one of its epoch does.
    async fn fate_in_log(&self, room: &RoomUri, hash: &Hash) -> Result<Option<Fate>, SdkError> {
        let pulled = self.pull(room).await;
        pulled.or_else(|e| if e.is_transient() { Ok(()) } else { Err(e) })?;
        let mut state = self.lock().await;
        let reader = state.replica.reader();
        let Some(row) = rooms::find(reader, room).await? else {
            return Ok(None);
        };
        let pending = pending::get(reader, row.id).await?;
        let is_open = row.state.takes_messages() || row.state == RoomState::Leaving;
        if is_open && pending.is_some_and(|pending| pending.hash == *hash) {
            return Ok(None);
        }
        let other = || Problem::new(Code::WrongEpoch, "the log has another commit of this epoch");
        Ok(Some(match self.own_commit(room, hash) {
            Some(seq) => Fate::Ordered(seq),
            None => Fate::Refused(SdkError::Refused(other())),
        }))
    }

    /// Asks again while the refusal is one that passes.
    async fn patiently<T, F>(&self, ask: impl Fn() -> F) -> Result<T, SdkError>
    where
        F: Future<Output = Result<T, SdkError>>,
    {
        let mut wait = Duration::from_millis(200);
        for _ in 1..TRIES {
            match ask().await {
                Err(error) if error.is_transient() => {
                    let asked = error.problem().and_then(|p| p.retry_after);
                    let wait = asked.map_or(wait, Duration::from_secs).min(WAIT_MAX);
                    sleep(wait + Duration::from_millis(self.ports.below(100))).await;
                }
                outcome => return outcome,
            }
            wait = (wait * 2).min(WAIT_MAX);
        }
        ask().await
    }

    /// Waits until the device has taken the event `seq`; asks for it where nobody pushes it.
    pub(super) async fn meet(&self, room: &RoomUri, seq: u64) -> Result<(), SdkError> {
        let mut progress = self.progress.subscribe();
        for look in 0..LOOKS {
            progress.mark_unchanged();
            let (cursor, state) = self.cursor(room).await?;
            if cursor >= seq {
                return Ok(());
            }
            if !matches!(state, RoomState::Active | RoomState::Leaving) {
                return Err(SdkError::RoomClosed(format!("{state:?}")));
            }
            // Where nothing is connected nobody pushes, and it is asked for at once.
            let at_once = look == 0 && self.running.try_lock().is_ok();
            let wait = if at_once { Duration::ZERO } else { LOOK };
            if timeout(wait, progress.changed()).await.is_err() {
                let pulled = self.pull(room).await;
                pulled.or_else(|e| if e.is_transient() { Ok(()) } else { Err(e) })?;
            }
        }
        Err(SdkError::TimedOut("the commit did not arrive"))
    }

    /// Waits until something has come, the hub's order perhaps, or a while.
    pub(super) async fn wait_for_progress(&self) {
        let mut progress = self.progress.subscribe();
        let _moved = timeout(Duration::from_secs(2), progress.changed()).await;
    }

    async fn cursor(&self, room: &RoomUri) -> Result<(u64, RoomState), SdkError> {
        let mut state = self.lock().await;
        let row = rooms::find(state.replica.reader(), room).await?;
        let row = row.ok_or_else(|| SdkError::UnknownRoom(room.clone()))?;
        Ok((row.position.seq, row.state))
    }

    /// Drops a pending commit that was refused, unless another one is pending.
    pub(super) async fn drop_pending(&self, room: &RoomUri, hash: &Hash) -> Result<(), SdkError> {
        let mut state = self.lock().await;
        let mut step = state.step().await?;
        let Some(row) = rooms::find(&mut step.tx, room).await? else {
            return Ok(());
        };
        let kept = pending::get(&mut step.tx, row.id).await?;
        if kept.is_none_or(|kept| kept.hash != *hash) {
            return Ok(());
        }
        pending::clear(&mut step.tx, row.id).await?;
        let provider = step.provider;
        let group = step.group(&group_id(room, row.generation)).await?;
        group
            .clear_pending_commit(&provider.store)
            .map_err(refused)?;
        step.commit().await
    }

    /// A commit left from before a restart: submitted again as it was, or dropped.
    pub(super) async fn settle_pending(
        &self,
        room: &RoomUri,
        patience: &mut Patience,
    ) -> Result<(), SdkError> {
        let kept = {
            let mut state = self.lock().await;
            let reader = state.replica.reader();
            match rooms::find(reader, room).await? {
                Some(row) => pending::get(reader, row.id).await?,
                None => None,
            }
        };
        let Some(kept) = kept else {
            return Ok(());
        };
        let request: CommitRequest = holm_protocol::json::from_slice(&kept.request)
            .map_err(|_invalid| damaged("pending_commit.request"))?;
        let hash = kept.hash;
        let ready = Ready { hash, request };
        match self.submit(room, &ready, true, patience).await? {
            Fate::Ordered(seq) => self.meet(room, seq).await,
            Fate::Refused(_) => self.drop_pending(room, &hash).await,
        }
    }

    /// The pending commit of a room is settled by whoever holds its lock.
    pub(crate) async fn settle_alone(&self, room: &RoomUri) -> Result<(), SdkError> {
        let lock = self.commit_lock(room);
        let _one_at_a_time = lock.lock().await;
        let mut patience = Patience::new(Instant::now());
        self.settle_pending(room, &mut patience).await
    }
}
