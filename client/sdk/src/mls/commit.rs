//! Making a commit: Adds and Removes by value, signed together with Welcome and GroupInfo.
//!
//! It stays pending until the log shows it (RM-3). What it does is judged by the same admission
//! before it leaves, so that a commit the room would refuse is never submitted.

use std::collections::BTreeSet;

use holm_mls::settings::context_extensions;
use holm_mls::view::{commit_view, group_view};
use holm_mls::{Provider, sign_bundle, signer};
use holm_protocol::aad::Aad;
use holm_protocol::admission::{GroupView, admit_commit};
use holm_protocol::bundle::Bundle;
use holm_protocol::document::VerifiedDocument;
use holm_protocol::order::SignedOrder;
use holm_protocol::room_extension::RoomExtension;
use openmls::group::MlsGroup;
use openmls::prelude::{KeyPackage, LeafNodeIndex, Sender};
use openmls_traits::OpenMlsProvider;

use super::refused;
use crate::error::SdkError;
use crate::replica::account::Account;

/// What a commit is to do.
pub(crate) struct Plan {
    /// Devices to add, each checked.
    pub(crate) adds: Vec<KeyPackage>,
    /// Leaves to remove.
    pub(crate) removes: BTreeSet<u32>,
    /// Whether the own leaf gets new keys, whatever else there is to do.
    pub(crate) update: bool,
    /// The room extension afterwards, where it changes.
    pub(crate) extension: Option<RoomExtension>,
    /// Its authenticated data.
    pub(crate) aad: Aad,
}

impl Plan {
    /// Whether nothing is left to do.
    pub(crate) fn is_empty(&self) -> bool {
        let is_same = self.extension.is_none() && !self.update;
        self.adds.is_empty() && self.removes.is_empty() && is_same
    }

    /// Names the hub's newest root, as its document leads on from the one named now (ROOM-17).
    pub(crate) fn follow_root(&mut self, view: &GroupView, document: &VerifiedDocument) {
        let steps = document.steps_from(&view.extension.hub.root);
        if steps.is_empty() {
            return;
        }
        self.aad.carry_successions(steps);
        let mut extension = view.extension.clone();
        extension.hub.root = document.root();
        self.extension = Some(extension);
    }
}

/// The leaves that `orders` remove, the committer's own left out.
pub(crate) fn ordered_removals(
    view: &GroupView,
    account: &Account,
    orders: &[SignedOrder],
) -> BTreeSet<u32> {
    let meant = |device| orders.iter().any(|o| o.order.subject.means(device));
    view.leaves
        .iter()
        .filter(|leaf| leaf.identity.device != account.device && meant(&leaf.identity.device))
        .map(|leaf| leaf.index)
        .collect()
}

/// Makes the commit and leaves it pending in the group.
pub(crate) fn make(
    group: &mut MlsGroup,
    provider: &Provider,
    account: &Account,
    plan: Plan,
    now_ms: u64,
) -> Result<Bundle, SdkError> {
    let signer = signer(&account.mls_key);
    group
        .clear_pending_commit(&provider.store)
        .map_err(refused)?;
    let orders = plan.aad.orders.iter().map(|o| o.order.clone()).collect();
    let successions = plan.aad.successions();
    group.set_aad(plan.aad.to_bytes());
    let mut builder = group
        .commit_builder()
        .propose_adds(plan.adds)
        .propose_removals(plan.removes.into_iter().map(LeafNodeIndex::new))
        .force_self_update(plan.update);
    if let Some(extension) = &plan.extension {
        builder = builder
            .propose_group_context_extensions(context_extensions(extension))
            .map_err(refused)?;
    }
    let made = builder
        .load_psks(&provider.store)
        .map_err(refused)?
        .create_group_info(true)
        .use_ratchet_tree_extension(false)
        .build(provider.rand(), provider.crypto(), &signer, |_| true)
        .map_err(refused)?
        .stage_commit(provider)
        .map_err(refused)?;
    let bundle = sign_bundle(made, &account.mls_key).map_err(refused)?;
    let staged = group
        .pending_commit()
        .ok_or_else(|| SdkError::Mls("the commit is not pending".into()))?;
    let before = group_view(group.public_group()).map_err(refused)?;
    let sender = Sender::Member(group.own_leaf_index());
    let mut view = commit_view(group.public_group(), staged, &sender, orders).map_err(refused)?;
    view.successions = successions;
    admit_commit(&before, &view, now_ms)
        .map_err(|refusal| SdkError::Invalid(refusal.to_string()))?;
    match bundle.is_within_limit() {
        true => Ok(bundle),
        false => Err(SdkError::Invalid("the commit would be too large".into())),
    }
}
