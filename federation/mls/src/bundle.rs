//! Commit bundles: signing one, and checking one before anything is merged.
//!
//! A hub has no secrets, so it cannot check a commit's membership tag or confirmation tag. The
//! committer's GroupInfo and its signature over the whole bundle make up for it: whatever a
//! server on the way changes is seen (ROOM-8; spec 05 §2).

use holm_protocol::bundle::{Bundle, CommitBody};
use holm_protocol::mls_header::{
    MlsHeader, SENDER_MEMBER, confirmed_transcript_hash, interim_transcript_hash,
};
use holm_protocol::signing::{Hash, PrivateKey};
use openmls::messages::group_info::{GroupInfo, VerifiableGroupInfo};
use openmls::prelude::{
    CommitMessageBundle, ExtensionType, LeafNode, OpenMlsSignaturePublicKey, PublicGroup, Sender,
    StagedCommit, Verifiable,
};
use openmls_rust_crypto::RustCrypto;
use thiserror::Error;

use crate::group_info::ReadGroupInfo;
use crate::message::{NotThisMessage, wire_bytes};
use crate::settings::CIPHERSUITE;
use crate::view::{ViewError, committer_leaf, read_signature_key};

/// Bytes of a confirmation or membership tag under the suite, its length byte not counted.
const TAG_LEN: usize = 32;

/// Why a bundle is refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BundleError {
    /// The commit was made without its GroupInfo.
    #[error("the commit comes without GroupInfo")]
    NoGroupInfo,
    /// The GroupInfo is none.
    #[error("the GroupInfo can't be read: {0}")]
    GroupInfo(#[from] NotThisMessage),
    /// The committer has no usable leaf.
    #[error(transparent)]
    Committer(#[from] ViewError),
    /// The GroupInfo is of another group state than the commit leads to.
    #[error("the GroupInfo is not of the state the commit leads to")]
    Context,
    /// The GroupInfo's confirmation tag is not the commit's.
    #[error("the GroupInfo's confirmation tag is not the commit's")]
    ConfirmationTag,
    /// The GroupInfo names another leaf as its signer.
    #[error("the GroupInfo is by another leaf than the commit")]
    Signer,
    /// The GroupInfo's signature is not by the committer's leaf key.
    #[error("the GroupInfo is not signed by the committer's leaf key")]
    GroupInfoSignature,
    /// The GroupInfo lacks external_pub, or carries the tree.
    #[error("a GroupInfo has external_pub and no tree")]
    GroupInfoExtensions,
    /// The commit's bytes are not those its transcript hash covers.
    #[error("the commit's bytes do not lead to its transcript hash")]
    Transcript,
    /// The bundle's signature is not by the committer's leaf key.
    #[error("the bundle is not signed by the committer's leaf key")]
    Signature,
}

/// Signs what OpenMLS made with the committer's new leaf key (ROOM-8).
///
/// # Errors
/// [`BundleError::NoGroupInfo`], where the commit was built without one.
pub fn sign_bundle(made: CommitMessageBundle, key: &PrivateKey) -> Result<Bundle, BundleError> {
    let (commit, welcome, group_info) = made.into_messages();
    let info = group_info.ok_or(BundleError::NoGroupInfo)?;
    let welcome = welcome.as_ref().map(wire_bytes);
    Ok(Bundle::sign(
        wire_bytes(&commit),
        welcome,
        wire_bytes(&info),
        key,
    ))
}

/// Checks a bundle against the commit OpenMLS staged of it on `group`, before it is merged
/// (ROOM-8). Hub, followers and devices do this alike.
///
/// # Errors
/// The first part that does not fit.
pub fn check_bundle(
    crypto: &RustCrypto,
    group: &PublicGroup,
    staged: &StagedCommit,
    sender: &Sender,
    body: &CommitBody,
) -> Result<(), BundleError> {
    let (index, leaf) = committer_leaf(group, staged, sender)?;
    let info = ReadGroupInfo::read(body.group_info.as_slice())?;
    check_transcript(group, staged, body.commit.as_slice())?;
    if info.verifiable.group_context() != staged.group_context() {
        return Err(BundleError::Context);
    }
    if confirmation_tag(body.commit.as_slice()) != Some(info.confirmation_tag.as_slice()) {
        return Err(BundleError::ConfirmationTag);
    }
    if info.signer != index.u32() {
        return Err(BundleError::Signer);
    }
    check_extensions(&info.verifiable)?;
    check_signature(crypto, info.verifiable, leaf)?;
    if body.is_signed_by(&read_signature_key(leaf)?) {
        Ok(())
    } else {
        Err(BundleError::Signature)
    }
}

/// The interim transcript hash of a group's current epoch, with which a joiner proves the commit
/// that admitted it.
pub fn interim_hash(group: &PublicGroup) -> Hash {
    let tag = holm_protocol::encoding::encode(group.confirmation_tag());
    let confirmed = group.group_context().confirmed_transcript_hash();
    interim_transcript_hash(confirmed, tag.get(1..).unwrap_or_default())
}

pub(crate) fn check_extensions(info: &VerifiableGroupInfo) -> Result<(), BundleError> {
    let extensions = info.extensions();
    let has_tree = extensions.contains(ExtensionType::RatchetTree);
    if extensions.external_pub().is_some() && !has_tree {
        Ok(())
    } else {
        Err(BundleError::GroupInfoExtensions)
    }
}

/// A joiner proves its commit by the bytes in the log, so they must be those OpenMLS hashed.
fn check_transcript(
    group: &PublicGroup,
    staged: &StagedCommit,
    commit: &[u8],
) -> Result<(), BundleError> {
    let hash = confirmed_transcript_hash(&interim_hash(group), commit);
    let confirmed = staged.group_context().confirmed_transcript_hash();
    if hash.is_some_and(|hash| hash.0 == confirmed) {
        Ok(())
    } else {
        Err(BundleError::Transcript)
    }
}

fn check_signature(
    crypto: &RustCrypto,
    info: VerifiableGroupInfo,
    leaf: &LeafNode,
) -> Result<(), BundleError> {
    let scheme = CIPHERSUITE.signature_algorithm();
    let key = OpenMlsSignaturePublicKey::from_signature_key(leaf.signature_key().clone(), scheme);
    let verified: Result<GroupInfo, _> = info.verify(crypto, &key);
    verified
        .map(drop)
        .map_err(|_cause| BundleError::GroupInfoSignature)
}

/// The confirmation tag at the end of a commit; a member's membership tag comes after it.
pub(crate) fn confirmation_tag(commit: &[u8]) -> Option<&[u8]> {
    let (sender, _) = MlsHeader::read(commit)?.sender?;
    let after = if sender == SENDER_MEMBER {
        TAG_LEN + 1
    } else {
        0
    };
    let end = commit.len().checked_sub(after)?;
    commit.get(end.checked_sub(TAG_LEN)?..end)
}
