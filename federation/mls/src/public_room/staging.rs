//! Staging: everything a commit has to pass before it may be merged.

use holm_protocol::aad::Aad;
use holm_protocol::admission::{Admitted, CommitView, Committer, admit_commit};
use holm_protocol::bundle::CommitBody;
use holm_protocol::limits::BUNDLE_LEN_MAX;
use holm_protocol::mls_header::MlsHeader;
use holm_protocol::order::Order;
use holm_protocol::signing::Hash;
use holm_protocol::uri::DeviceUri;
use openmls::prelude::{
    MlsMessageBodyIn, ProcessedMessage, ProcessedMessageContent, ProtocolMessage, StagedCommit,
};
use openmls_rust_crypto::RustCrypto;

use super::{PublicRoom, StageError};
use crate::bundle::check_bundle;
use crate::key_package::reference;
use crate::message::{NotThisMessage, read_body};
use crate::view::{ViewError, commit_view};
use crate::welcome::welcome_references;

/// A commit that may be merged, and what it does.
pub struct StagedRoomCommit {
    /// Its authenticated data.
    pub aad: Aad,
    /// Who commits.
    pub committer: DeviceUri,
    /// The commit as admission saw it.
    pub view: CommitView,
    /// What it changes.
    pub admitted: Admitted,
    /// References of the KeyPackages it adds.
    pub key_package_references: Vec<Hash>,
    parent: Hash,
    staged: Box<StagedCommit>,
    group_info: Vec<u8>,
    welcome_hash: Hash,
}

impl StagedRoomCommit {
    /// The MLS epoch it leads to.
    pub fn epoch(&self) -> u64 {
        self.staged.group_context().epoch().as_u64()
    }

    pub(super) fn into_parts(
        self,
        parent: &Hash,
        current: u64,
    ) -> Result<(StagedCommit, Vec<u8>), StageError> {
        if self.parent == *parent {
            Ok((*self.staged, self.group_info))
        } else {
            Err(StageError::WrongEpoch { current })
        }
    }
}

impl PublicRoom {
    /// Checks the body of a commit event against this state, changing nothing (ROOM-8, ADM-1).
    ///
    /// `orders` are those of its authenticated data whose signatures the caller verified; one
    /// that the commit does not carry counts for nothing. `time_ms` is the event's time.
    ///
    /// # Errors
    /// The first check that fails.
    pub fn stage(
        &self,
        body: &CommitBody,
        orders: Vec<Order>,
        time_ms: u64,
    ) -> Result<StagedRoomCommit, StageError> {
        let processed = self.process(body)?;
        let aad = Aad::from_bytes(processed.aad()).map_err(StageError::invalid)?;
        let sender = processed.sender().clone();
        let ProcessedMessageContent::StagedCommitMessage(staged) = processed.into_content() else {
            return Err(StageError::invalid("not a commit"));
        };
        let mut view = commit_view(&self.group, &staged, &sender, carried(&aad, orders))?;
        view.successions = aad.successions();
        check_bundle(&self.crypto, &self.group, &staged, &sender, body)?;
        let admitted = admit_commit(&self.view, &view, time_ms)?;
        let references = add_references(&staged, &self.crypto)?;
        if references.is_empty() && body.welcome_hash != Hash::sha256(&[]) {
            return Err(StageError::invalid("a Welcome without an Add"));
        }
        Ok(StagedRoomCommit {
            aad,
            committer: self.committer(&view)?,
            view,
            admitted,
            key_package_references: references,
            parent: self.interim_hash(),
            staged,
            group_info: body.group_info.as_slice().to_vec(),
            welcome_hash: body.welcome_hash,
        })
    }

    /// Checks the Welcome uploaded with a commit: the one that was signed, for exactly the
    /// KeyPackages it adds, and there if and only if it adds somebody (ROOM-8).
    ///
    /// # Errors
    /// [`StageError::Invalid`].
    pub fn check_welcome(
        &self,
        commit: &StagedRoomCommit,
        welcome: Option<&[u8]>,
    ) -> Result<(), StageError> {
        let mut added = commit.key_package_references.clone();
        if Hash::sha256(welcome.unwrap_or_default()) != commit.welcome_hash {
            return Err(StageError::invalid(
                "not the Welcome that the committer signed",
            ));
        }
        let mut named = welcome
            .map(welcome_references)
            .transpose()?
            .unwrap_or_default();
        if welcome.is_some() == added.is_empty() {
            return Err(StageError::invalid(
                "a Welcome if and only if somebody is added",
            ));
        }
        added.sort();
        named.sort();
        if named == added {
            Ok(())
        } else {
            Err(StageError::invalid(
                "the Welcome is for others than the commit adds",
            ))
        }
    }

    fn process(&self, body: &CommitBody) -> Result<ProcessedMessage, StageError> {
        let commit = body.commit.as_slice();
        if commit.len() + body.group_info.as_slice().len() > BUNDLE_LEN_MAX {
            return Err(StageError::invalid("the bundle is over its limit"));
        }
        let header = MlsHeader::read(commit).filter(MlsHeader::is_commit);
        let header = header.ok_or(NotThisMessage::Form("PublicMessage with a commit"))?;
        if header.group_id != self.group.group_id().as_slice() {
            return Err(StageError::invalid("a commit of another group"));
        }
        if header.epoch != self.epoch() {
            return Err(StageError::WrongEpoch {
                current: self.epoch(),
            });
        }
        let message = match read_body(commit).map_err(StageError::invalid)? {
            MlsMessageBodyIn::PublicMessage(message) => ProtocolMessage::from(message),
            _ => return Err(NotThisMessage::Form("PublicMessage").into()),
        };
        self.group
            .process_message(&self.crypto, message)
            .map_err(StageError::invalid)
    }

    fn committer(&self, view: &CommitView) -> Result<DeviceUri, StageError> {
        let identity = match view.committer {
            Committer::Member(index) => self.view.leaf(index).map(|leaf| &leaf.identity),
            Committer::External => view.path_leaf.as_ref().map(|leaf| &leaf.identity),
        };
        Ok(identity.ok_or(ViewError::Sender)?.device.clone())
    }
}

/// The verified orders that the commit itself carries (ORD-4).
fn carried(aad: &Aad, mut orders: Vec<Order>) -> Vec<Order> {
    orders.retain(|order| aad.orders.iter().any(|signed| signed.order == *order));
    orders
}

fn add_references(staged: &StagedCommit, crypto: &RustCrypto) -> Result<Vec<Hash>, StageError> {
    let packages = staged
        .add_proposals()
        .map(|add| add.add_proposal().key_package().clone());
    packages
        .map(|package| reference(&package, crypto).map_err(StageError::invalid))
        .collect()
}
