//! Changing a group: commits made here, submitted, met in the log (RM-3).
//!
//! Whoever loses the race for an epoch takes the winner from the log and makes the change anew on
//! top of it, under the same id. Nothing is merged before the log shows it.

use std::collections::BTreeSet;
use std::sync::Arc;

use holm_client_types::room::CommitRequest;
use holm_mls::group_view;
use holm_mls::key_package::{read_key_package, validate};
use holm_protocol::aad::{Aad, ClientMsgId};
use holm_protocol::admission::{GroupView, due_orders};
use holm_protocol::federation::BundleJson;
use holm_protocol::{Code, Hash, RoomUri, SignedOrder, UserUri};

use super::submit::Claimed;
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

/// Times a change is made anew before it is given up.
const REBASES_MAX: u32 = 24;

/// What is to change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// Users come in, with all their devices.
    Add(Vec<UserUri>),
    /// A user goes.
    Remove(UserUri),
    /// Open orders are carried out.
    Orders,
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

    async fn change(&self, room: &RoomUri, change: Change) -> Result<u64, SdkError> {
        let (inner, room) = (Arc::clone(&self.inner), room.clone());
        on_task(async move { inner.change(&room, change).await }).await
    }
}

/// A commit that is ready to be submitted.
struct Ready {
    hash: Hash,
    request: CommitRequest,
}

impl Inner {
    /// Makes a change and waits until the log shows it.
    pub(crate) async fn change(&self, room: &RoomUri, change: Change) -> Result<u64, SdkError> {
        let lock = self.commit_lock(room);
        let _one_at_a_time = lock.lock().await;
        self.bring_out_room(room).await?;
        self.settle_pending(room).await?;
        let id = ClientMsgId(self.ports.random());
        let mut claims_renewed = false;
        for _ in 0..REBASES_MAX {
            let claimed = self.claim_for(room, &change).await?;
            let ready = match self.prepare(room, &change, id, &claimed).await? {
                Ok(ready) => ready,
                Err(cursor) => return Ok(cursor),
            };
            self.ports.reached(CrashPoint::DeviceCommitBeforeSubmit);
            match self.submit(room, &ready.request).await {
                Ok(sent) => {
                    self.ports.reached(CrashPoint::DeviceCommitBeforeMeet);
                    self.meet(room, sent.seq).await?;
                    self.drop_claims(room, &claimed).await?;
                    self.hop(HopKind::CommitOrdered, || {
                        format!("commit ordered by the hub as event {} of {room}", sent.seq)
                    });
                    return Ok(sent.seq);
                }
                Err(error) if error.is_transient() => return Err(error),
                Err(error) => {
                    self.drop_pending(room, &ready.hash).await?;
                    self.before_rebase(room, error, &claimed, &mut claims_renewed)
                        .await?;
                }
            }
        }
        Err(SdkError::TimedOut("other commits were always first"))
    }

    /// Whether and when the change is made anew after a refusal.
    async fn before_rebase(
        &self,
        room: &RoomUri,
        error: SdkError,
        claimed: &[Claimed],
        claims_renewed: &mut bool,
    ) -> Result<(), SdkError> {
        match error.problem().map(|p| p.code) {
            Some(Code::WrongEpoch) => self.pull(room).await,
            Some(Code::OrdersOpen) => self.wait_for_order(room).await,
            Some(Code::UnclaimedKeyPackage | Code::InvalidKeyPackage) if !*claims_renewed => {
                *claims_renewed = true;
                self.drop_claims(room, claimed).await
            }
            _ => Err(error),
        }
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
        let plan = plan(&account, &view, change, packages, &open, (id, &row))?;
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
    Ok(Plan { adds, removes, aad })
}
