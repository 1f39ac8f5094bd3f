//! What the admission function looks at, free of any MLS library's types.

use crate::document::Succession;
use crate::identity::DeviceIdentity;
use crate::order::Order;
use crate::room_extension::RoomExtension;
use crate::signing::PublicKey;
use crate::uri::{DeviceUri, RoomUri, UserUri};

/// A leaf of the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaf {
    /// Its index.
    pub index: u32,
    /// Who it is.
    pub identity: DeviceIdentity,
    /// Its signature key.
    pub mls_key: PublicKey,
}

/// A leaf a commit brings: by an Add, or as the committer's own in its path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewLeaf {
    /// Who it is.
    pub identity: DeviceIdentity,
    /// Its signature key.
    pub mls_key: PublicKey,
}

/// The group before the commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupView {
    /// The room.
    pub room: RoomUri,
    /// The room's generation.
    pub generation: u32,
    /// The MLS epoch within the generation.
    pub epoch: u64,
    /// Content of the room extension.
    pub extension: RoomExtension,
    /// All leaves, by index.
    pub leaves: Vec<Leaf>,
}

/// Who commits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Committer {
    /// The member at this leaf.
    Member(u32),
    /// A device that enters by this commit.
    External,
}

/// An extension of the group context, as bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContextExtension {
    /// Its type.
    pub kind: u16,
    /// Its content.
    pub data: Vec<u8>,
}

/// A commit, after MLS found it valid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitView {
    /// Who commits.
    pub committer: Committer,
    /// Leaves added.
    pub adds: Vec<NewLeaf>,
    /// Indices of leaves removed.
    pub removes: Vec<u32>,
    /// The committer's own new leaf, where the commit has a path.
    pub path_leaf: Option<NewLeaf>,
    /// The whole new set of context extensions, where the commit changes it.
    pub extensions: Option<Vec<ContextExtension>>,
    /// Whether it has a proposal by reference or of another type.
    pub other_proposals: bool,
    /// The orders in its authenticated data whose signature and room were verified.
    pub orders: Vec<Order>,
    /// The successions of the hub's root in its authenticated data, not yet verified (ADM-14).
    pub successions: Vec<Succession>,
}

/// What an admitted commit changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Admitted {
    /// Devices that enter.
    pub added: Vec<DeviceUri>,
    /// Devices that go; the committer's own former leaf not counted.
    pub removed: Vec<DeviceUri>,
    /// The room extension afterwards, where it changed.
    pub extension: Option<RoomExtension>,
    /// Whether messages of earlier epochs are refused from now on (LOG-13).
    pub closes_window: bool,
}

impl GroupView {
    /// The leaf at `index`.
    pub fn leaf(&self, index: u32) -> Option<&Leaf> {
        self.leaves.iter().find(|l| l.index == index)
    }

    /// The leaf of `device`.
    pub fn device(&self, device: &DeviceUri) -> Option<&Leaf> {
        self.leaves.iter().find(|l| l.identity.device == *device)
    }

    /// Whether `user` has a leaf.
    pub fn has_user(&self, user: &UserUri) -> bool {
        self.leaves.iter().any(|l| l.identity.user() == *user)
    }
}
