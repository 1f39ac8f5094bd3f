//! Where a server's copy of a group begins: a GroupInfo and a tree, verified together.

use std::collections::{BTreeMap, BTreeSet};

use holm_protocol::admission::{GroupView, Leaf, Refusal};
use holm_protocol::encoding::decode;
use holm_protocol::limits::{BUNDLE_LEN_MAX, TREE_LEN_MAX};
use holm_protocol::uri::RoomUri;
use openmls::prelude::{Extensions, GroupContext, ProposalStore, PublicGroup, RatchetTreeIn};
use openmls_rust_crypto::RustCrypto;

use super::{PublicRoom, StageError};
use crate::bundle::check_extensions;
use crate::group_info::ReadGroupInfo;
use crate::settings::{self, CIPHERSUITE};
use crate::store::StagedStore;
use crate::view::{context_extensions, group_view};

impl PublicRoom {
    /// Begins to follow the group of `room` at the state of a GroupInfo, as MLSMessage without
    /// tree, and its tree (ROOM-1, ROOM-4, ROOM-5).
    ///
    /// OpenMLS checks lifetimes against the system's clock: a tree with a leaf that was never
    /// renewed and has expired is refused.
    ///
    /// # Errors
    /// [`StageError::Invalid`] or [`StageError::Refused`], with the first check that fails.
    pub fn start(room: &RoomUri, group_info: &[u8], tree: &[u8]) -> Result<Self, StageError> {
        if tree.len() > TREE_LEN_MAX || group_info.len() > BUNDLE_LEN_MAX {
            return Err(StageError::invalid("tree or GroupInfo is over its limit"));
        }
        let info = ReadGroupInfo::read(group_info)?.verifiable;
        check_extensions(&info)?;
        if info.ciphersuite() != CIPHERSUITE {
            return Err(StageError::invalid("a group of another suite"));
        }
        let tree: RatchetTreeIn = decode(tree).map_err(StageError::invalid)?;
        let (crypto, store) = (RustCrypto::default(), StagedStore::new());
        let (group, _info) =
            PublicGroup::from_external(&crypto, &store, tree, info, ProposalStore::new())
                .map_err(StageError::invalid)?;
        store.accept();
        let view = group_view(&group)?;
        if view.room != *room {
            return Err(StageError::invalid("the group is another room's"));
        }
        check_context(&group, &view)?;
        check_leaves(&view)?;
        Ok(Self {
            crypto,
            store,
            group,
            view,
            group_info: group_info.to_vec(),
        })
    }
}

/// Exactly the two extensions, required_capabilities as every room has it (ROOM-2).
fn check_context(group: &PublicGroup, view: &GroupView) -> Result<(), Refusal> {
    let sorted = |extensions: &Extensions<GroupContext>| {
        let mut all = context_extensions(extensions);
        all.sort_by_key(|extension| extension.kind);
        all
    };
    let expected = settings::context_extensions(&view.extension);
    if sorted(group.group_context().extensions()) == sorted(&expected) {
        Ok(())
    } else {
        Err(Refusal::Extensions)
    }
}

/// Every leaf is certified, each device has one, each user one identity key (ADM-3 to ADM-5).
/// Certificates of members may have expired since: whether they are in time is asked at entry.
fn check_leaves(view: &GroupView) -> Result<(), Refusal> {
    let (mut devices, mut keys) = (BTreeSet::new(), BTreeMap::new());
    for leaf in &view.leaves {
        check_certificate(leaf)?;
        if !devices.insert(&leaf.identity.device) {
            return Err(Refusal::DuplicateDevice);
        }
        let known = keys
            .entry(leaf.identity.user())
            .or_insert(leaf.identity.identity_key);
        if *known != leaf.identity.identity_key {
            return Err(Refusal::IdentityChanged);
        }
    }
    Ok(())
}

fn check_certificate(leaf: &Leaf) -> Result<(), Refusal> {
    let issued_ms = leaf.identity.certificate.issued.saturating_mul(1_000);
    leaf.identity
        .check(&leaf.mls_key, issued_ms)
        .map_err(Refusal::Identity)
}
