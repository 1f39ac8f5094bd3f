//! GroupInfos: what an external joiner needs of a group, and what a hub compares with a commit.
//!
//! OpenMLS does not show confirmation tag and signer of a GroupInfo that it did not make, so the
//! frame around them is read here (RFC 9420 §12.4.3).

use holm_protocol::encoding::decode;
use openmls::messages::group_info::VerifiableGroupInfo;
use openmls::prelude::MlsMessageBodyIn;
use tls_codec::{TlsDeserializeBytes, TlsSize, VLBytes};

use crate::message::{NotThisMessage, read_body};

/// A GroupInfo whose signature was not checked.
pub(crate) struct ReadGroupInfo {
    pub(crate) verifiable: VerifiableGroupInfo,
    pub(crate) confirmation_tag: Vec<u8>,
    pub(crate) signer: u32,
}

impl ReadGroupInfo {
    /// Reads a GroupInfo in an MLSMessage; nothing is verified.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, NotThisMessage> {
        let MlsMessageBodyIn::GroupInfo(verifiable) = read_body(bytes)? else {
            return Err(NotThisMessage::Form("GroupInfo"));
        };
        let frame: Frame = decode(bytes)?;
        Ok(Self {
            verifiable,
            confirmation_tag: frame.confirmation_tag.into(),
            signer: frame.signer,
        })
    }
}

/// The key for external commits in a GroupInfo, as MLSMessage; `None` where there is none.
///
/// A device compares it after each merge with that of its own group: a difference is evidence
/// against the committer, which no server can see (ROOM-10).
pub fn external_pub(group_info: &[u8]) -> Option<Vec<u8>> {
    let info = ReadGroupInfo::read(group_info).ok()?;
    let extension = info.verifiable.extensions().external_pub()?;
    Some(extension.external_pub().as_slice().to_vec())
}

#[derive(TlsSize, TlsDeserializeBytes)]
struct Frame {
    _version: u16,
    _wire_format: u16,
    _context: ContextFrame,
    _extensions: VLBytes,
    confirmation_tag: VLBytes,
    signer: u32,
    _signature: VLBytes,
}

#[derive(TlsSize, TlsDeserializeBytes)]
struct ContextFrame {
    _version: u16,
    _suite: u16,
    _group_id: VLBytes,
    _epoch: u64,
    _tree_hash: VLBytes,
    _confirmed_transcript_hash: VLBytes,
    _extensions: VLBytes,
}
