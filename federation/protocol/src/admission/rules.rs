//! The rules, one function each, in the order they are judged.

use std::collections::{BTreeMap, BTreeSet};

use super::{Admitted, CommitView, Committer, ContextExtension, GroupView, Leaf, NewLeaf, Refusal};
use crate::identity::DeviceIdentity;
use crate::limits::{COMMIT_ADDS_MAX, ROOM_DEVICES_MAX, ROOM_USERS_MAX, USER_DEVICES_MAX};
use crate::name::ServerName;
use crate::order::Order;
use crate::room_extension::{ROOM_EXTENSION_TYPE, Role, RoomExtension};
use crate::signing::PublicKey;
use crate::uri::{DeviceUri, UserUri};

/// Type of the required_capabilities extension (RFC 9420 §17.3).
const REQUIRED_CAPABILITIES_TYPE: u16 = 3;
/// Its one allowed content: extension 0xF0A0, no proposal types, credential type basic.
const REQUIRED_CAPABILITIES: [u8; 7] = [0x02, 0xF0, 0xA0, 0x00, 0x02, 0x00, 0x01];

/// Judges a commit that MLS found valid, at `now_ms` (ADM-1 to ADM-12).
///
/// # Errors
/// The first rule that refuses it.
pub fn admit_commit(
    group: &GroupView,
    commit: &CommitView,
    now_ms: u64,
) -> Result<Admitted, Refusal> {
    if commit.other_proposals {
        return Err(Refusal::Proposal);
    }
    check_leaves_exist(group, commit)?;
    new_leaves(commit).try_for_each(|leaf| check_certificate(leaf, now_ms))?;
    match commit.committer {
        Committer::Member(index) => check_member(group, commit, index)?,
        Committer::External => check_external(group, commit)?,
    }
    let extension = commit
        .extensions
        .as_deref()
        .map(read_extensions)
        .transpose()?;
    let after = leaves_after(group, commit);
    check_tree(group, &after)?;
    check_limits(commit, &after)?;
    Ok(outcome(group, commit, extension))
}

/// Judges the group a room begins with: its creator alone, as owner, under this hub (ADM-12).
///
/// # Errors
/// [`Refusal::Creation`], or the rule on the creator's leaf or the extensions that refuses it.
pub fn admit_creation(
    group: &GroupView,
    extensions: &[ContextExtension],
    creator: &DeviceUri,
    (hub, root): (&ServerName, &PublicKey),
    now_ms: u64,
) -> Result<(), Refusal> {
    let extension = read_extensions(extensions)?;
    let [leaf] = group.leaves.as_slice() else {
        return Err(Refusal::Creation);
    };
    leaf.identity
        .check(&leaf.mls_key, now_ms)
        .map_err(Refusal::Identity)?;
    let fits = leaf.identity.device == *creator
        && (group.generation, group.epoch) == (0, 0)
        && extension.hub.server().as_ref() == Some(hub)
        && (extension.hub.term, extension.hub.root) == (1, *root)
        && extension.role(&creator.user()) == Role::Owner
        && group.room.server() == *hub;
    if fits { Ok(()) } else { Err(Refusal::Creation) }
}

/// The first open order that a member's commit leaves undone; external commits are exempt (ORD-3).
pub fn unfulfilled_order<'a>(
    group: &GroupView,
    commit: &CommitView,
    open: &'a [Order],
) -> Option<&'a Order> {
    let Committer::Member(_) = commit.committer else {
        return None;
    };
    let stays = |leaf: &Leaf| !commit.removes.contains(&leaf.index);
    open.iter().find(|order| {
        let meant = |leaf: &&Leaf| order.subject.means(&leaf.identity.device);
        group.leaves.iter().filter(meant).any(stays)
    })
}

fn new_leaves(commit: &CommitView) -> impl Iterator<Item = &NewLeaf> {
    commit.adds.iter().chain(&commit.path_leaf)
}

fn check_leaves_exist(group: &GroupView, commit: &CommitView) -> Result<(), Refusal> {
    let distinct: BTreeSet<_> = commit.removes.iter().collect();
    let known = commit
        .removes
        .iter()
        .all(|index| group.leaf(*index).is_some());
    match known && distinct.len() == commit.removes.len() {
        true => Ok(()),
        false => Err(Refusal::UnknownLeaf),
    }
}

/// Every leaf is certified by its user's identity key (ADM-3).
fn check_certificate(leaf: &NewLeaf, now_ms: u64) -> Result<(), Refusal> {
    leaf.identity
        .check(&leaf.mls_key, now_ms)
        .map_err(Refusal::Identity)
}

fn check_member(group: &GroupView, commit: &CommitView, index: u32) -> Result<(), Refusal> {
    let own = group.leaf(index).ok_or(Refusal::UnknownLeaf)?;
    if commit
        .path_leaf
        .as_ref()
        .is_some_and(|leaf| !is_same_device(&leaf.identity, own))
    {
        return Err(Refusal::IdentityChanged);
    }
    let (user, policy) = (own.identity.user(), &group.extension.policy);
    let role = group.extension.role(&user);
    check_adds(group, commit, role, &user)?;
    let mut removed = commit.removes.iter().filter_map(|i| group.leaf(*i));
    if !removed.all(|leaf| may_remove(group, commit, &user, role, leaf)) {
        return Err(Refusal::RemoveNotAllowed);
    }
    match commit.extensions.is_some() && role < policy.change {
        true => Err(Refusal::ChangeNotAllowed),
        false => Ok(()),
    }
}

/// The leaf a member's path brings keeps device and identity; the MLS key may change (ADM-6).
fn is_same_device(new: &DeviceIdentity, own: &Leaf) -> bool {
    new.device == own.identity.device && new.identity_key == own.identity.identity_key
}

/// Adds: role, bans (ADM-7). A user's own further devices enter by external commit.
fn check_adds(
    group: &GroupView,
    commit: &CommitView,
    role: Role,
    committer: &UserUri,
) -> Result<(), Refusal> {
    for add in &commit.adds {
        let user = add.identity.user();
        if user != *committer && role < group.extension.policy.add {
            return Err(Refusal::AddNotAllowed);
        }
        if group.extension.bans.contains(&user) {
            return Err(Refusal::Banned);
        }
    }
    Ok(())
}

/// Removes: own devices, by role over a lower role, or by an order carried in the commit (ADM-8).
fn may_remove(
    group: &GroupView,
    commit: &CommitView,
    committer: &UserUri,
    role: Role,
    leaf: &Leaf,
) -> bool {
    let target = leaf.identity.user();
    let ordered = |order: &Order| {
        order.room == group.room
            && order.generation == group.generation
            && order.subject.means(&leaf.identity.device)
    };
    target == *committer
        || (role >= group.extension.policy.remove && role >= group.extension.role(&target))
        || commit.orders.iter().any(ordered)
}

/// An external commit enters one device and removes at most its own former leaf (ADM-9).
fn check_external(group: &GroupView, commit: &CommitView) -> Result<(), Refusal> {
    let entering = commit.path_leaf.as_ref().ok_or(Refusal::External)?;
    if !commit.adds.is_empty() || commit.extensions.is_some() || commit.removes.len() > 1 {
        return Err(Refusal::External);
    }
    let is_former =
        |leaf: &Leaf| is_same_device(&entering.identity, leaf) && entering.mls_key == leaf.mls_key;
    let is_sibling = |leaf: &Leaf| {
        leaf.identity.user() == entering.identity.user()
            && leaf.identity.identity_key == entering.identity.identity_key
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

/// The set is exactly required_capabilities and the room extension, both well formed (ADM-2).
fn read_extensions(extensions: &[ContextExtension]) -> Result<RoomExtension, Refusal> {
    let find = |kind| {
        extensions
            .iter()
            .find(|e| e.kind == kind)
            .map(|e| e.data.as_slice())
    };
    let required = find(REQUIRED_CAPABILITIES_TYPE).ok_or(Refusal::Extensions)?;
    let room = find(ROOM_EXTENSION_TYPE).ok_or(Refusal::Extensions)?;
    match extensions.len() == 2 && required == REQUIRED_CAPABILITIES {
        true => RoomExtension::from_bytes(room).map_err(|_malformed| Refusal::Extensions),
        false => Err(Refusal::Extensions),
    }
}

fn leaves_after(group: &GroupView, commit: &CommitView) -> Vec<DeviceIdentity> {
    let replaced = match (&commit.path_leaf, commit.committer) {
        (Some(_), Committer::Member(index)) => Some(index),
        _ => None,
    };
    let stays =
        |leaf: &&Leaf| !commit.removes.contains(&leaf.index) && Some(leaf.index) != replaced;
    let kept = group
        .leaves
        .iter()
        .filter(stays)
        .map(|leaf| leaf.identity.clone());
    kept.chain(new_leaves(commit).map(|leaf| leaf.identity.clone()))
        .collect()
}

/// One leaf a device, one identity key a user, no certificate older than a removal
/// (ADM-4, ADM-5, ADM-10).
fn check_tree(group: &GroupView, after: &[DeviceIdentity]) -> Result<(), Refusal> {
    let mut seen: BTreeMap<UserUri, (PublicKey, u32)> = BTreeMap::new();
    for leaf in &group.leaves {
        let entry = (
            leaf.identity.identity_key,
            leaf.identity.certificate.generation,
        );
        let newest = seen.entry(leaf.identity.user()).or_insert(entry);
        newest.1 = newest.1.max(entry.1);
    }
    let known: BTreeSet<_> = group.leaves.iter().map(|l| &l.identity).collect();
    let mut devices = BTreeSet::new();
    for leaf in after {
        if !devices.insert(&leaf.device) {
            return Err(Refusal::DuplicateDevice);
        }
        let generation = leaf.certificate.generation;
        let (key, newest) = *seen
            .entry(leaf.user())
            .or_insert((leaf.identity_key, generation));
        if key != leaf.identity_key {
            return Err(Refusal::IdentityChanged);
        }
        if generation < newest && !known.contains(leaf) {
            return Err(Refusal::Generation);
        }
    }
    Ok(())
}

fn check_limits(commit: &CommitView, after: &[DeviceIdentity]) -> Result<(), Refusal> {
    let mut devices_of: BTreeMap<UserUri, usize> = BTreeMap::new();
    for leaf in after {
        *devices_of.entry(leaf.user()).or_default() += 1;
    }
    let within = commit.adds.len() <= COMMIT_ADDS_MAX
        && after.len() <= ROOM_DEVICES_MAX
        && devices_of.len() <= ROOM_USERS_MAX
        && devices_of.values().all(|n| *n <= USER_DEVICES_MAX);
    if within { Ok(()) } else { Err(Refusal::Limit) }
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
