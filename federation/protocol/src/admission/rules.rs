//! The rules on a commit, in the order they are judged.

use std::collections::BTreeSet;

use super::change::{check_change, only_follows_root};
use super::extensions::read_extensions;
use super::tree::TreeAfter;
use super::{Admitted, CommitView, Committer, GroupView, Leaf, NewLeaf, Refusal};
use crate::identity::DeviceIdentity;
use crate::limits::COMMIT_ADDS_MAX;
use crate::room_extension::{Role, RoomExtension};
use crate::uri::{DeviceUri, UserUri};

/// Judges a commit that MLS found valid, at `time_ms` (ADM-1 to ADM-14).
///
/// The time is that of the commit's event, by the hub's clock, so that followers and devices come
/// to the same verdict whenever they read it; a hub that judges before it appends takes the time
/// it will write.
///
/// # Errors
/// The first rule that refuses it.
pub fn admit_commit(
    group: &GroupView,
    commit: &CommitView,
    time_ms: u64,
) -> Result<Admitted, Refusal> {
    if commit.other_proposals {
        return Err(Refusal::Proposal);
    }
    check_leaves_exist(group, commit)?;
    new_leaves(commit).try_for_each(|leaf| check_certificate(leaf, time_ms))?;
    match commit.committer {
        Committer::Member(index) => check_member(group, commit, index)?,
        Committer::External => check_external(group, commit)?,
    }
    let extension = commit
        .extensions
        .as_deref()
        .map(read_extensions)
        .transpose()?;
    let after = TreeAfter::new(group, commit);
    if let (Some(new), Committer::Member(index)) = (&extension, commit.committer) {
        check_change(group, commit, index, new, &after)?;
    }
    after.check(extension.as_ref().unwrap_or(&group.extension))?;
    if commit.adds.len() > COMMIT_ADDS_MAX {
        Err(Refusal::Limit)
    } else {
        Ok(outcome(group, commit, extension))
    }
}

/// The leaves a commit brings.
pub(super) fn new_leaves(commit: &CommitView) -> impl Iterator<Item = &NewLeaf> {
    commit.adds.iter().chain(&commit.path_leaf)
}

fn check_leaves_exist(group: &GroupView, commit: &CommitView) -> Result<(), Refusal> {
    let removes: BTreeSet<u32> = commit.removes.iter().copied().collect();
    let leaves: BTreeSet<u32> = group.leaves.iter().map(|leaf| leaf.index).collect();
    if removes.is_subset(&leaves) && removes.len() == commit.removes.len() {
        Ok(())
    } else {
        Err(Refusal::UnknownLeaf)
    }
}

/// Every leaf is certified by its user's identity key (ADM-3).
fn check_certificate(leaf: &NewLeaf, time_ms: u64) -> Result<(), Refusal> {
    leaf.identity
        .check(&leaf.mls_key, time_ms)
        .map_err(Refusal::Identity)
}

fn check_member(group: &GroupView, commit: &CommitView, index: u32) -> Result<(), Refusal> {
    let own = group.leaf(index).ok_or(Refusal::UnknownLeaf)?;
    let is_other = |leaf: &NewLeaf| !is_same_device(&leaf.identity, own);
    if commit.path_leaf.as_ref().is_some_and(is_other) {
        return Err(Refusal::IdentityChanged);
    }
    let user = own.identity.user();
    let role = group.extension.role(&user);
    check_adds(group, commit, role, &user)?;
    let may_remove = Removal {
        group,
        commit,
        committer: own,
        user: &user,
        role,
    };
    let mut removed = commit.removes.iter().filter_map(|i| group.leaf(*i));
    if !removed.all(|leaf| may_remove.allows(leaf)) {
        return Err(Refusal::RemoveNotAllowed);
    }
    let changes = commit.extensions.is_some() && !only_follows_root(group, commit);
    if changes && role < group.extension.policy.change {
        Err(Refusal::ChangeNotAllowed)
    } else {
        Ok(())
    }
}

/// The leaf a member's path brings keeps device and identity; the MLS key may change (ADM-6).
fn is_same_device(new: &DeviceIdentity, own: &Leaf) -> bool {
    new.device == own.identity.device && new.identity_key == own.identity.identity_key
}

/// Adding devices of other users needs the policy's role (ADM-7).
fn check_adds(
    group: &GroupView,
    commit: &CommitView,
    role: Role,
    committer: &UserUri,
) -> Result<(), Refusal> {
    let mut users = commit.adds.iter().map(|add| add.identity.user());
    if role < group.extension.policy.add && users.any(|user| user != *committer) {
        Err(Refusal::AddNotAllowed)
    } else {
        Ok(())
    }
}

/// Who removes, and with what right.
struct Removal<'a> {
    group: &'a GroupView,
    commit: &'a CommitView,
    committer: &'a Leaf,
    user: &'a UserUri,
    role: Role,
}

impl Removal<'_> {
    /// Own devices but the committing one, those of users with no higher role where policy allows
    /// it, and those that an order in the commit means (ADM-8, ORD-5).
    fn allows(&self, leaf: &Leaf) -> bool {
        let target = leaf.identity.user();
        if leaf.index == self.committer.index {
            return false;
        }
        let extension = &self.group.extension;
        target == *self.user
            || (self.role >= extension.policy.remove && self.role >= extension.role(&target))
            || self.commit.orders.iter().any(|order| {
                order.room == self.group.room
                    && order.generation == self.group.generation
                    && order.subject.means(&leaf.identity.device)
            })
    }
}

/// An external commit enters one device and removes at most its own former leaf (ADM-9).
fn check_external(group: &GroupView, commit: &CommitView) -> Result<(), Refusal> {
    let entering = commit.path_leaf.as_ref().ok_or(Refusal::External)?;
    if !commit.adds.is_empty() || commit.extensions.is_some() || commit.removes.len() > 1 {
        return Err(Refusal::External);
    }
    let is_former =
        |leaf: &Leaf| is_same_device(&entering.identity, leaf) && entering.mls_key == leaf.mls_key;
    let user = entering.identity.user();
    let is_sibling = |leaf: &Leaf| {
        leaf.identity.identity_key == entering.identity.identity_key && leaf.identity.user() == user
    };
    let allowed = match commit.removes.first() {
        Some(index) => group.leaf(*index).is_some_and(is_former),
        None => group.leaves.iter().any(is_sibling),
    };
    if allowed {
        Ok(())
    } else {
        Err(Refusal::External)
    }
}

fn outcome(group: &GroupView, commit: &CommitView, extension: Option<RoomExtension>) -> Admitted {
    let entering = match commit.committer {
        Committer::External => commit.path_leaf.as_ref().map(|l| l.identity.device.clone()),
        Committer::Member(_) => None,
    };
    let removed: Vec<DeviceUri> = commit
        .removes
        .iter()
        .filter_map(|index| group.leaf(*index).map(|l| l.identity.device.clone()))
        .filter(|device| entering.as_ref() != Some(device))
        .collect();
    let added = commit
        .adds
        .iter()
        .map(|l| l.identity.device.clone())
        .chain(entering)
        .collect();
    Admitted {
        added,
        closes_window: !removed.is_empty(),
        removed,
        extension,
    }
}
