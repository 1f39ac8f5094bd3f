//! Proving the commit that led to a state, without the states before it (LOG-14).

use holm_protocol::bundle::CommitBody;
use holm_protocol::mls_header::confirmed_transcript_hash;
use holm_protocol::signing::Hash;

use super::{PublicRoom, StageError};
use crate::bundle::{BundleError, confirmation_tag};
use crate::group_info::ReadGroupInfo;

impl PublicRoom {
    /// Checks that `body` is the commit that led to this group's epoch, given the interim
    /// transcript hash before it, and that its committer signed the whole bundle (LOG-14,
    /// ROOM-8). For a group just started from the body's own GroupInfo.
    ///
    /// # Errors
    /// [`StageError::Invalid`], with the first check that fails.
    pub fn check_anchor(&self, body: &CommitBody, interim: &Hash) -> Result<(), StageError> {
        let confirmed = self.group.group_context().confirmed_transcript_hash();
        let hash = confirmed_transcript_hash(interim, body.commit.as_slice());
        if hash.is_none_or(|hash| hash.0 != confirmed) {
            return Err(BundleError::Transcript.into());
        }
        let info = ReadGroupInfo::read(body.group_info.as_slice())?;
        if info.verifiable.group_context() != self.group.group_context() {
            return Err(BundleError::Context.into());
        }
        if confirmation_tag(body.commit.as_slice()) != Some(info.confirmation_tag.as_slice()) {
            return Err(BundleError::ConfirmationTag.into());
        }
        let committer = self.view.leaf(info.signer).ok_or(BundleError::Signer)?;
        if body.is_signed_by(&committer.mls_key) {
            Ok(())
        } else {
            Err(BundleError::Signature.into())
        }
    }
}
