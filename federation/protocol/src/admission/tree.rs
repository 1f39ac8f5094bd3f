//! The rules on the leaves that stand in the tree after a commit.

use std::collections::{BTreeMap, BTreeSet};

use super::{CommitView, Committer, GroupView, NewLeaf, Refusal};
use crate::identity::DeviceIdentity;
use crate::limits::{ROOM_DEVICES_MAX, ROOM_USERS_MAX, USER_DEVICES_MAX};
use crate::room_extension::{Role, RoomExtension};
use crate::signing::PublicKey;
use crate::uri::UserUri;

/// The leaves after a commit, by how they come to stand there, each with its user.
pub(super) struct TreeAfter<'a> {
    before: Vec<(UserUri, &'a DeviceIdentity)>,
    kept: Vec<(UserUri, &'a DeviceIdentity)>,
    new: Vec<(UserUri, &'a DeviceIdentity)>,
    /// The identity that the committer's new leaf takes over unchanged from its former one.
    unchanged: Option<&'a DeviceIdentity>,
}

impl<'a> TreeAfter<'a> {
    pub(super) fn new(group: &'a GroupView, commit: &'a CommitView) -> Self {
        let former = match commit.committer {
            Committer::Member(index) => Some(index),
            Committer::External => commit.removes.first().copied(),
        };
        let path = commit.path_leaf.as_ref().map(|leaf| &leaf.identity);
        let former = former.filter(|_| path.is_some());
        let removes: BTreeSet<u32> = commit.removes.iter().copied().chain(former).collect();
        let before: Vec<_> = group
            .leaves
            .iter()
            .map(|l| with_user(&l.identity))
            .collect();
        let kept = group.leaves.iter().zip(&before);
        let kept = kept.filter(|(leaf, _)| !removes.contains(&leaf.index));
        let own = former.and_then(|index| group.leaf(index));
        Self {
            kept: kept.map(|(_, entry)| entry.clone()).collect(),
            new: super::rules::new_leaves(commit)
                .map(|NewLeaf { identity, .. }| with_user(identity))
                .collect(),
            unchanged: path.filter(|new| own.is_some_and(|leaf| leaf.identity == **new)),
            before,
        }
    }

    /// Whether an owner by `extension` has a leaf.
    pub(super) fn has_owner(&self, extension: &RoomExtension) -> bool {
        self.after()
            .any(|(user, _)| extension.role(user) == Role::Owner)
    }

    /// All rules on the tree, under the extension in force after the commit.
    pub(super) fn check(&self, extension: &RoomExtension) -> Result<(), Refusal> {
        self.check_devices()?;
        self.check_identity_keys()?;
        self.check_generations()?;
        self.check_bans(extension)?;
        self.check_limits()
    }

    fn after(&self) -> impl Iterator<Item = &(UserUri, &'a DeviceIdentity)> {
        self.kept.iter().chain(&self.new)
    }

    /// One leaf a device (ADM-4).
    fn check_devices(&self) -> Result<(), Refusal> {
        let mut devices = BTreeSet::new();
        if self.after().all(|(_, leaf)| devices.insert(&leaf.device)) {
            Ok(())
        } else {
            Err(Refusal::DuplicateDevice)
        }
    }

    /// One identity key a user, also across the commit (ADM-5).
    fn check_identity_keys(&self) -> Result<(), Refusal> {
        let mut keys: BTreeMap<&UserUri, PublicKey> = BTreeMap::new();
        let mut leaves = self.before.iter().chain(&self.new);
        if leaves
            .all(|(user, leaf)| *keys.entry(user).or_insert(leaf.identity_key) == leaf.identity_key)
        {
            Ok(())
        } else {
            Err(Refusal::IdentityChanged)
        }
    }

    /// No certificate enters that is older than a removal; a committer may keep its own (ADM-10).
    fn check_generations(&self) -> Result<(), Refusal> {
        let mut highest: BTreeMap<&UserUri, u32> = BTreeMap::new();
        for (user, leaf) in self.before.iter().chain(&self.new) {
            let seen = highest.entry(user).or_default();
            *seen = leaf.certificate.generation.max(*seen);
        }
        let is_old = |(user, leaf): &(UserUri, &DeviceIdentity)| {
            let highest = highest.get(user).copied().unwrap_or_default();
            leaf.certificate.generation < highest && self.unchanged != Some(*leaf)
        };
        if self.new.iter().any(is_old) {
            Err(Refusal::Generation)
        } else {
            Ok(())
        }
    }

    /// No banned user has a leaf (ADM-13).
    fn check_bans(&self, extension: &RoomExtension) -> Result<(), Refusal> {
        let bans: BTreeSet<&UserUri> = extension.bans.iter().collect();
        if self.after().any(|(user, _)| bans.contains(user)) {
            Err(Refusal::Banned)
        } else {
            Ok(())
        }
    }

    /// Users, devices, devices a user (LIM-1 to LIM-3).
    fn check_limits(&self) -> Result<(), Refusal> {
        let mut devices_of: BTreeMap<&UserUri, usize> = BTreeMap::new();
        for (user, _) in self.after() {
            *devices_of.entry(user).or_default() += 1;
        }
        let within = self.after().count() <= ROOM_DEVICES_MAX
            && devices_of.len() <= ROOM_USERS_MAX
            && devices_of.values().all(|n| *n <= USER_DEVICES_MAX);
        if within { Ok(()) } else { Err(Refusal::Limit) }
    }
}

fn with_user(identity: &DeviceIdentity) -> (UserUri, &DeviceIdentity) {
    (identity.user(), identity)
}
