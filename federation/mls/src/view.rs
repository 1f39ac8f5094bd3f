//! OpenMLS's groups and commits, read into the views that admission judges (spec 05 §5).
//!
//! Admission knows no MLS library, so that hub, followers and devices decide alike, in any
//! language. This is the one place where OpenMLS's types become its views.

use holm_protocol::admission::{CommitView, Committer, ContextExtension, GroupView, Leaf, NewLeaf};
use holm_protocol::encoding::{decode, encode};
use holm_protocol::identity::DeviceIdentity;
use holm_protocol::order::Order;
use holm_protocol::room_extension::{ROOM_EXTENSION_TYPE, RoomExtension};
use holm_protocol::signing::PublicKey;
use holm_protocol::uri::RoomUri;
use openmls::prelude::{
    BasicCredential, Credential, Extensions, GroupContext, LeafNode, LeafNodeIndex, Proposal,
    ProposalOrRefType, PublicGroup, QueuedProposal, Sender, StagedCommit,
};
use thiserror::Error;
use tls_codec::{TlsDeserializeBytes, TlsSize, VLBytes};

/// Why a group or commit has no view: it is not of the form a room's has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ViewError {
    /// The group id is not a room's URI with a generation (ROOM-1).
    #[error("the group id names no room")]
    GroupId,
    /// The context holds no room extension that can be read (ROOM-5).
    #[error("the group context holds no usable room extension")]
    Extension,
    /// A leaf's credential is no device's identity (ROOM-4).
    #[error("a leaf's credential is not a device's identity")]
    Credential,
    /// A leaf's signature key is no Ed25519 key.
    #[error("a leaf's signature key has not 32 bytes")]
    SignatureKey,
    /// The commit is by somebody who can't commit, or by a leaf the tree does not have.
    #[error("the commit is by neither a member nor an entering device")]
    Sender,
}

/// The group as admission sees it.
///
/// # Errors
/// The first part that is not of a room's form.
pub fn group_view(group: &PublicGroup) -> Result<GroupView, ViewError> {
    let context = group.group_context();
    let (room, generation) =
        RoomUri::from_group_id(context.group_id().as_slice()).ok_or(ViewError::GroupId)?;
    let content = context
        .extensions()
        .unknown(ROOM_EXTENSION_TYPE)
        .ok_or(ViewError::Extension)?;
    let leaves = group
        .treesync()
        .full_leaves()
        .map(|(index, leaf)| view_leaf(index, leaf));
    Ok(GroupView {
        room,
        generation,
        epoch: context.epoch().as_u64(),
        extension: RoomExtension::from_bytes(&content.0).map_err(|_cause| ViewError::Extension)?,
        leaves: leaves.collect::<Result<_, _>>()?,
    })
}

/// A staged commit on `group` as admission sees it; `orders` are those of its authenticated data
/// whose signature and room the caller verified. The successions in that data are the caller's to
/// put in.
///
/// # Errors
/// A leaf it brings is not of a room's form, or nobody who can commits.
pub fn commit_view(
    group: &PublicGroup,
    staged: &StagedCommit,
    sender: &Sender,
    orders: Vec<Order>,
) -> Result<CommitView, ViewError> {
    let committer = match sender {
        Sender::Member(index) => Committer::Member(index.u32()),
        Sender::NewMemberCommit => Committer::External,
        Sender::External(_) | Sender::NewMemberProposal => return Err(ViewError::Sender),
    };
    committer_leaf(group, staged, sender)?;
    let adds = staged
        .add_proposals()
        .map(|add| view_new_leaf(add.add_proposal().key_package().leaf_node()));
    let removes = staged
        .remove_proposals()
        .map(|remove| remove.remove_proposal().removed().u32());
    Ok(CommitView {
        committer,
        adds: adds.collect::<Result<_, _>>()?,
        removes: removes.collect(),
        path_leaf: staged
            .update_path_leaf_node()
            .map(view_new_leaf)
            .transpose()?,
        extensions: staged.queued_proposals().find_map(proposed_extensions),
        other_proposals: staged.queued_proposals().any(|p| !is_allowed(p, committer)),
        orders,
        successions: Vec::new(),
    })
}

/// Index and leaf of the committer after its commit, the leaf whose key signs GroupInfo and bundle.
pub(crate) fn committer_leaf<'a>(
    group: &'a PublicGroup,
    staged: &'a StagedCommit,
    sender: &Sender,
) -> Result<(LeafNodeIndex, &'a LeafNode), ViewError> {
    let index = match sender {
        Sender::Member(index) => *index,
        Sender::NewMemberCommit => group
            .ext_commit_sender_index(staged)
            .map_err(|_cause| ViewError::Sender)?,
        Sender::External(_) | Sender::NewMemberProposal => return Err(ViewError::Sender),
    };
    let leaf = staged.update_path_leaf_node().or_else(|| group.leaf(index));
    Ok((index, leaf.ok_or(ViewError::Sender)?))
}

/// The identity in a leaf's credential (ROOM-4).
///
/// # Errors
/// [`ViewError::Credential`].
pub fn read_identity(credential: &Credential) -> Result<DeviceIdentity, ViewError> {
    let basic =
        BasicCredential::try_from(credential.clone()).map_err(|_cause| ViewError::Credential)?;
    DeviceIdentity::from_bytes(basic.identity()).map_err(|_cause| ViewError::Credential)
}

/// The signature key of a leaf.
///
/// # Errors
/// [`ViewError::SignatureKey`].
pub fn read_signature_key(leaf: &LeafNode) -> Result<PublicKey, ViewError> {
    let key = leaf.signature_key().as_slice().try_into();
    key.map(PublicKey).map_err(|_cause| ViewError::SignatureKey)
}

/// The extensions of a group context as admission compares them.
pub fn context_extensions(extensions: &Extensions<GroupContext>) -> Vec<ContextExtension> {
    let frames = extensions.iter().map(|extension| {
        // OpenMLS has just written these bytes.
        decode::<ExtensionFrame>(&encode(extension))
            .unwrap_or_else(|e| unreachable!("an extension is a type and a vector: {e}"))
    });
    frames
        .map(|frame| ContextExtension {
            kind: frame.kind,
            data: frame.data.into(),
        })
        .collect()
}

/// An extension: type and content (RFC 9420 §13).
#[derive(TlsSize, TlsDeserializeBytes)]
struct ExtensionFrame {
    kind: u16,
    data: VLBytes,
}

fn view_leaf(index: LeafNodeIndex, leaf: &LeafNode) -> Result<Leaf, ViewError> {
    let NewLeaf { identity, mls_key } = view_new_leaf(leaf)?;
    Ok(Leaf {
        index: index.u32(),
        identity,
        mls_key,
    })
}

pub(crate) fn view_new_leaf(leaf: &LeafNode) -> Result<NewLeaf, ViewError> {
    let (identity, mls_key) = (read_identity(leaf.credential())?, read_signature_key(leaf)?);
    Ok(NewLeaf { identity, mls_key })
}

fn proposed_extensions(proposal: &QueuedProposal) -> Option<Vec<ContextExtension>> {
    match proposal.proposal() {
        Proposal::GroupContextExtensions(change) => Some(context_extensions(change.extensions())),
        _ => None,
    }
}

/// By value, and of a type a commit may hold (ADM-1).
fn is_allowed(proposal: &QueuedProposal, committer: Committer) -> bool {
    let allowed = match proposal.proposal() {
        Proposal::Add(_) | Proposal::Remove(_) | Proposal::GroupContextExtensions(_) => true,
        Proposal::ExternalInit(_) => committer == Committer::External,
        _ => false,
    };
    allowed && proposal.proposal_or_ref_type() == ProposalOrRefType::Proposal
}
