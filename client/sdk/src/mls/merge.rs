//! Taking a commit from the log: checked by every rule, merged only then.
//!
//! Own and foreign commits pass the same admission and the same bundle check (ADM-1 to ADM-11,
//! ROOM-8). One that fails is evidence; the room stops and says why, and nothing was merged.

use holm_mls::view::{commit_view, group_view};
use holm_mls::{Provider, check_bundle, external_pub, signer, wire_bytes};
use holm_protocol::aad::Aad;
use holm_protocol::admission::{Admitted, CommitView, Committer, GroupView, admit_commit};
use holm_protocol::bundle::CommitBody;
use holm_protocol::document::Succession;
use holm_protocol::head::SignedHead;
use holm_protocol::identity::DeviceIdentity;
use holm_protocol::mls_header::MlsHeader;
use holm_protocol::order::{Order, SignedOrder};
use holm_protocol::{DeviceUri, PublicKey};
use openmls::group::{MlsGroup, StagedCommit};
use openmls::prelude::{MlsMessageIn, ProcessedMessageContent, Sender};
use openmls_traits::OpenMlsProvider;

use crate::replica::account::Account;

/// What a merged commit changed.
pub(crate) struct Merged {
    /// Whose commit it was.
    pub(crate) by: DeviceUri,
    /// Whether it was the own pending commit.
    pub(crate) own: bool,
    /// Devices that came and went.
    pub(crate) admitted: Admitted,
    /// Identities of the leaves it brought.
    pub(crate) brought: Vec<DeviceIdentity>,
    /// Whether this device was removed.
    pub(crate) removed_self: bool,
    /// The root key of the hub, where the room names another from now on.
    pub(crate) new_root: Option<PublicKey>,
    /// Whether the committer's GroupInfo names another external key than the group has (ROOM-10).
    pub(crate) lies: bool,
    /// The newest head the committer knew.
    pub(crate) head: Option<SignedHead>,
    /// All leaves afterwards.
    pub(crate) after: GroupView,
}

/// Checks and merges a commit event's body, whose event has the hub's time `time_ms`.
///
/// # Errors
/// Why it is not admitted; nothing was merged.
pub(crate) fn merge(
    group: &mut MlsGroup,
    provider: &Provider,
    account: &Account,
    body: &CommitBody,
    time_ms: u64,
    verify: &dyn Fn(&SignedOrder) -> Option<Order>,
) -> Result<Merged, String> {
    let commit = body.commit.as_slice();
    let aad = read_header(group, commit)?;
    let orders = aad.orders.iter().filter_map(verify).collect();
    let successions = aad.successions();
    let message: MlsMessageIn =
        holm_protocol::encoding::decode(commit).map_err(|e| e.to_string())?;
    let message = message
        .try_into_protocol_message()
        .map_err(|e| e.to_string())?;
    let processed = group
        .process_message(provider, message)
        .map_err(|e| e.to_string())?;
    let sender = processed.sender().clone();
    let before = group_view(group.public_group()).map_err(|e| e.to_string())?;
    let judged = |group: &MlsGroup, staged: &StagedCommit| {
        judge(
            group,
            provider,
            (staged, &sender),
            body,
            &before,
            (orders, successions),
            time_ms,
        )
    };
    let (view, admitted, removed_self, own) = match processed.into_content() {
        ProcessedMessageContent::StagedCommitMessage(staged) => {
            let (view, admitted) = judged(group, &staged)?;
            let removed_self = staged.self_removed();
            group
                .merge_staged_commit(provider, *staged)
                .map_err(|e| e.to_string())?;
            (view, admitted, removed_self, false)
        }
        ProcessedMessageContent::OwnPendingCommit => {
            let staged = group.pending_commit().ok_or("no commit is pending")?;
            let (view, admitted) = judged(group, staged)?;
            group
                .merge_pending_commit(provider)
                .map_err(|e| e.to_string())?;
            (view, admitted, false, true)
        }
        _ => return Err("not a commit".into()),
    };
    let by = committer(&before, &view).ok_or("the committer has no leaf")?;
    let root = admitted.extension.as_ref().map(|e| e.hub.root);
    let lies = !removed_self && has_other_external_key(group, provider, account, body)?;
    let after = group_view(group.public_group()).map_err(|e| e.to_string())?;
    Ok(Merged {
        by,
        own,
        admitted,
        brought: brought(view),
        removed_self,
        new_root: root.filter(|root| *root != before.extension.hub.root),
        lies,
        head: aad.head,
        after,
    })
}

/// Group and epoch are compared before anything is decrypted.
fn read_header(group: &MlsGroup, commit: &[u8]) -> Result<Aad, String> {
    let header = MlsHeader::read(commit)
        .filter(MlsHeader::is_commit)
        .ok_or("not a commit")?;
    if header.group_id != group.group_id().as_slice() {
        return Err("a commit of another group".into());
    }
    if header.epoch != group.epoch().as_u64() {
        let (found, now) = (header.epoch, group.epoch());
        return Err(format!(
            "a commit of epoch {found} while the group is in {now}"
        ));
    }
    Aad::from_bytes(header.aad).map_err(|e| e.to_string())
}

fn judge(
    group: &MlsGroup,
    provider: &Provider,
    (staged, sender): (&StagedCommit, &Sender),
    body: &CommitBody,
    before: &GroupView,
    (orders, successions): (Vec<Order>, Vec<Succession>),
    time_ms: u64,
) -> Result<(CommitView, Admitted), String> {
    let public = group.public_group();
    let mut view = commit_view(public, staged, sender, orders).map_err(|e| e.to_string())?;
    view.successions = successions;
    let admitted = admit_commit(before, &view, time_ms).map_err(|e| e.to_string())?;
    if staged.self_removed() {
        // The epoch it leads to is closed to this device, so its context cannot be compared.
        let key = committer_key(before, &view).ok_or("the committer has no leaf")?;
        return match body.is_signed_by(&key) {
            true => Ok((view, admitted)),
            false => Err("the bundle is not signed by its committer".into()),
        };
    }
    check_bundle(&provider.crypto, public, staged, sender, body).map_err(|e| e.to_string())?;
    Ok((view, admitted))
}

/// The key of the committer's leaf after the commit, which signs the bundle.
fn committer_key(before: &GroupView, view: &CommitView) -> Option<PublicKey> {
    let path_key = view.path_leaf.as_ref().map(|leaf| leaf.mls_key);
    path_key.or_else(|| match view.committer {
        Committer::Member(index) => before.leaf(index).map(|leaf| leaf.mls_key),
        Committer::External => None,
    })
}

fn committer(before: &GroupView, view: &CommitView) -> Option<DeviceUri> {
    match view.committer {
        Committer::Member(index) => before.leaf(index).map(|l| l.identity.device.clone()),
        Committer::External => view.path_leaf.as_ref().map(|l| l.identity.device.clone()),
    }
}

fn brought(view: CommitView) -> Vec<DeviceIdentity> {
    let leaves = view.adds.into_iter().chain(view.path_leaf);
    leaves.map(|leaf| leaf.identity).collect()
}

fn has_other_external_key(
    group: &MlsGroup,
    provider: &Provider,
    account: &Account,
    body: &CommitBody,
) -> Result<bool, String> {
    let own = group
        .export_group_info(provider.crypto(), &signer(&account.mls_key), false)
        .map_err(|e| e.to_string())?;
    Ok(external_pub(&wire_bytes(&own)) != external_pub(body.group_info.as_slice()))
}
