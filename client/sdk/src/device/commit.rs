//! Changing a group: commits made here, submitted, met in the log (RM-3).
//!
//! Whoever loses the race for an epoch takes the winner from the log and makes the change anew on
//! top of it, under the same id (ROOM-15). Nothing is merged before the log shows it.

use std::collections::BTreeSet;
use std::sync::Arc;

use holm_client_types::room::CommitRequest;
use holm_mls::group_view;
use holm_mls::key_package::{read_key_package, validate};
use holm_protocol::aad::{Aad, ClientMsgId};
use holm_protocol::admission::{GroupView, due_orders};
use holm_protocol::federation::BundleJson;
use holm_protocol::{Code, Hash, RoomUri, SignedOrder, UserUri};
use tokio::time::Instant;

use super::patience::Patience;
use super::submit::{Claimed, Fate};
use super::{Device, Inner, on_task};
use crate::crash_points::CrashPoint;
use crate::error::SdkError;
use crate::event::{DeviceEvent, HopKind};
use crate::mls::commit::{Plan, make, ordered_removals};
use crate::mls::step::Step;
use crate::mls::{KeyPackage, group_id, refused};
use crate::replica::account::Account;
use crate::replica::pending::Pending;
use crate::replica::rooms::RoomRow;
use crate::replica::{orders, pending, rooms, trust};
use crate::timeline::RoomState;

/// What a caller is told whose change lost every epoch.
const ALWAYS_SECOND: &str = "other commits were first for two minutes; the change was not made";

/// What is to change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// Users come in, with all their devices.
    Add(Vec<UserUri>),
    /// A user goes.
    Remove(UserUri),
    /// Open orders are carried out.
    Orders,
    /// The own leaf gets new keys.
    Update,
}

impl Device {
    /// Adds users, all in one commit; those already in are left out. Returns the number of the
    /// commit's event once the device has met it in the log, or of the newest event where there
    /// was nothing to do.
    ///
    /// # Errors
    /// A refusal, a user without KeyPackages or under another identity key than before, or the
    /// server cannot be reached: then it may still happen.
    pub async fn add_users(&self, room: &RoomUri, users: &[UserUri]) -> Result<u64, SdkError> {
        let users: BTreeSet<_> = users.iter().cloned().collect();
        let change = Change::Add(users.into_iter().collect());
        self.change(room, change).await
    }

    /// Removes a user with all devices; the number of the commit's event.
    ///
    /// # Errors
    /// As for [`Device::add_users`]; also where the user is not in the room, or is oneself.
    pub async fn remove_user(&self, room: &RoomUri, user: &UserUri) -> Result<u64, SdkError> {
        if *user == self.inner.account()?.user {
            return Err(SdkError::Invalid("one leaves a room oneself".into()));
        }
        self.change(room, Change::Remove(user.clone())).await
    }

    /// Gives the device's leaf new keys, so that whoever had the old ones is shut out; the number
    /// of the commit's event.
    ///
    /// # Errors
    /// As for [`Device::add_users`].
    pub async fn update_keys(&self, room: &RoomUri) -> Result<u64, SdkError> {
        self.change(room, Change::Update).await
    }

    async fn change(&self, room: &RoomUri, change: Change) -> Result<u64, SdkError> {
        let (inner, room) = (Arc::clone(&self.inner), room.clone());
        on_task(
            &self.inner,
            async move { inner.change(&room, change).await },
        )
        .await
    }
}

/// A commit that is ready to be submitted.
pub(super) struct Ready {
    pub(super) hash: Hash,
    pub(super) request: CommitRequest,
}

impl Inner {
    /// Makes a change and waits until the log shows it. Whoever loses an epoch makes it anew on
    /// top of the winner, until it is in the log, makes no sense any more, or two minutes are over
    /// (ROOM-15).
    pub(crate) async fn change(&self, room: &RoomUri, change: Change) -> Result<u64, SdkError> {
        let lock = self.commit_lock(room);
        let _one_at_a_time = lock.lock().await;
        self.bring_out_room(room).await?;
        let mut patience = Patience::new(Instant::now());
        self.settle_pending(room, &mut patience).await?;
        let id = ClientMsgId(self.ports.random());
        let (mut claims_renewed, mut has_lost) = (false, false);
        loop {
            let claimed = self.claim_for(room, &change).await?;
            let prepared = self.prepare(room, &change, id, &claimed).await;
            let ready = match prepared.map_err(|e| told_why(e, has_lost))? {
                Ok(ready) => ready,
                Err(cursor) => return Ok(cursor),
            };
            self.ports.reached(CrashPoint::DeviceCommitBeforeSubmit);
            match self.submit(room, &ready, false, &mut patience).await? {
                Fate::Ordered(seq) => {
                    self.ports.reached(CrashPoint::DeviceCommitBeforeMeet);
                    self.meet(room, seq).await?;
                    self.drop_claims(room, &claimed).await?;
                    self.hop(HopKind::CommitOrdered, || {
                        format!("commit ordered by the hub as event {seq} of {room}")
                    });
                    return Ok(seq);
                }
                Fate::Refused(error) => {
                    self.drop_pending(room, &ready.hash).await?;
                    match error.problem().map(|p| p.code) {
                        Some(Code::UnclaimedKeyPackage | Code::InvalidKeyPackage)
                            if !claims_renewed =>
                        {
                            claims_renewed = true;
                            self.drop_claims(room, &claimed).await?;
                        }
                        code => {
                            has_lost |= code == Some(Code::WrongEpoch);
                            self.before_rebase(room, error, &mut patience).await?;
                        }
                    }
                }
            }
        }
    }

    /// Waits and catches up, where the refusal means that the change is to be made anew.
    async fn before_rebase(
        &self,
        room: &RoomUri,
        error: SdkError,
        patience: &mut Patience,
    ) -> Result<(), SdkError> {
        match error.problem().map(|p| (p.code, p.epoch)) {
            Some((Code::WrongEpoch, epoch)) => {
                self.hop(HopKind::CommitOvertaken, || {
                    format!("another commit was first in {room}; made again on top of it")
                });
                let waited = patience.wait(error, &self.ports).await;
                waited.map_err(|_lost| SdkError::TimedOut(ALWAYS_SECOND))?;
                if self.room_epoch(room).await?.epoch >= epoch.unwrap_or(u64::MAX) {
                    return Ok(());
                }
            }
            Some((Code::OrdersOpen, _)) => {
                patience.wait(error, &self.ports).await?;
                self.wait_for_progress().await;
            }
            _ => return Err(error),
        }
        let pulled = self.pull(room).await;
        pulled.or_else(|e| if e.is_transient() { Ok(()) } else { Err(e) })
    }

    /// Makes the commit and keeps it pending; the cursor where there is nothing to do.
    async fn prepare(
        &self,
        room: &RoomUri,
        change: &Change,
        id: ClientMsgId,
        claimed: &[Claimed],
    ) -> Result<Result<Ready, u64>, SdkError> {
        let account = self.account()?;
        let now_ms = self.now_ms();
        let mut state = self.lock().await;
        let mut step = state.step().await?;
        let row = open_room(&mut step, room).await?;
        let open = orders::open(&mut step.tx, row.id).await?;
        let provider = step.provider;
        let mls_id = group_id(room, row.generation);
        let group = step.group(&mls_id).await?;
        let view = group_view(group.public_group()).map_err(refused)?;
        let packages = self.checked(&mut step, &row, &view, claimed).await?;
        let mut plan = plan(&account, &view, change, packages, &open, (id, &row))?;
        if let Some(document) = self.leads_on(&view.extension.hub) {
            plan.follow_root(&view, &document);
        }
        if plan.is_empty() {
            step.commit().await?;
            return Ok(Err(row.position.seq));
        }
        let group = step.group(&mls_id).await?;
        let bundle = make(group, provider, &account, plan, now_ms)?;
        let hash = Hash::sha256(&bundle.commit);
        let request = CommitRequest::from(BundleJson::from(bundle));
        let json = serde_json::to_vec(&request).map_err(|e| SdkError::Invalid(e.to_string()))?;
        let kept = Pending {
            hash,
            request: json,
        };
        pending::set(&mut step.tx, row.id, &kept).await?;
        step.commit().await?;
        Ok(Ok(Ready { hash, request }))
    }

    /// The claimed packages of users who are not in yet, each checked.
    async fn checked(
        &self,
        step: &mut Step<'_>,
        row: &RoomRow,
        view: &GroupView,
        claimed: &[Claimed],
    ) -> Result<Vec<KeyPackage>, SdkError> {
        let mut packages = Vec::new();
        for claim in claimed.iter().filter(|c| !view.has_user(&c.user)) {
            for bytes in &claim.packages {
                let read = read_key_package(bytes, self.now_ms())
                    .map_err(|e| SdkError::Invalid(format!("{}: {e}", claim.user.address())))?;
                if read.identity.user() != claim.user {
                    let why = format!("a KeyPackage of {} is another's", claim.user.address());
                    return Err(SdkError::Invalid(why));
                }
                let trusted = trust::trusted_key(&mut step.tx, &claim.user).await?;
                if trusted.is_some_and(|key| key != read.identity.identity_key) {
                    let what = format!(
                        "{} has another identity key than before; not added",
                        claim.user.address()
                    );
                    self.tell(DeviceEvent::Alarm {
                        room: row.uri.clone(),
                        what: what.clone(),
                    });
                    return Err(SdkError::Invalid(what));
                }
                packages.push(validate(bytes, &step.provider.crypto).map_err(refused)?);
            }
        }
        Ok(packages)
    }
}

/// What the caller is told where a change cannot be made; after a lost race, that others were first.
fn told_why(error: SdkError, has_lost: bool) -> SdkError {
    match error {
        SdkError::Invalid(why) | SdkError::RoomClosed(why) if has_lost => SdkError::Overtaken(why),
        other => other,
    }
}

/// The room, where commits can be made.
async fn open_room(step: &mut Step<'_>, room: &RoomUri) -> Result<RoomRow, SdkError> {
    let row = rooms::find(&mut step.tx, room).await?;
    let row = row.ok_or_else(|| SdkError::UnknownRoom(room.clone()))?;
    match row.state {
        RoomState::Active => Ok(row),
        state => Err(SdkError::RoomClosed(format!("{state:?}"))),
    }
}

/// What the commit does: the change, and the due orders with it (ORD-3, ORD-4, ORD-7).
fn plan(
    account: &Account,
    view: &GroupView,
    change: &Change,
    adds: Vec<KeyPackage>,
    open: &[SignedOrder],
    (id, row): (ClientMsgId, &RoomRow),
) -> Result<Plan, SdkError> {
    let orders: Vec<_> = open.iter().map(|signed| signed.order.clone()).collect();
    let asked = due_orders(view, &orders);
    let is_due = |signed: &&SignedOrder| asked.contains(&&signed.order);
    let due: Vec<_> = open.iter().filter(is_due).cloned().collect();
    let mut removes = ordered_removals(view, account, &due);
    if let Change::Remove(user) = change {
        let leaves = view.leaves.iter().filter(|l| l.identity.user() == *user);
        let of_user: Vec<_> = leaves.map(|l| l.index).collect();
        if of_user.is_empty() {
            return Err(SdkError::Invalid(format!(
                "{} is not in the room",
                user.address()
            )));
        }
        removes.extend(of_user);
    }
    let mut aad = Aad::new(id);
    aad.head = row.signed_head();
    aad.orders = due;
    Ok(Plan {
        adds,
        removes,
        update: *change == Change::Update,
        extension: None,
        aad,
    })
}
