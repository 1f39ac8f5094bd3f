//! The public side of a room's group, as a hub or follower keeps it.
//!
//! A server follows the tree through commits that are readable, without any secret. Nothing is
//! merged before MLS, the bundle's signatures and admission have all found it good (ROOM-8,
//! ADM-1); merging is a step of its own, after the event is durable (spec 05 §2).

mod anchor;
mod snapshot;
mod stage_error;
mod staging;
mod start;

pub use stage_error::StageError;
pub use staging::StagedRoomCommit;

use holm_protocol::admission::{ContextExtension, GroupView};
use holm_protocol::encoding::encode;
use holm_protocol::signing::Hash;
use holm_protocol::uri::RoomUri;
use openmls::prelude::PublicGroup;
use openmls_rust_crypto::RustCrypto;

use crate::bundle::interim_hash;
use crate::store::StagedStore;
use crate::view::{context_extensions, group_view};

/// A room's group without secrets, at one epoch.
pub struct PublicRoom {
    crypto: RustCrypto,
    store: StagedStore,
    group: PublicGroup,
    view: GroupView,
    group_info: Vec<u8>,
}

impl PublicRoom {
    /// The room.
    pub fn room(&self) -> &RoomUri {
        &self.view.room
    }

    /// The room's generation.
    pub fn generation(&self) -> u32 {
        self.view.generation
    }

    /// The MLS epoch within the generation.
    pub fn epoch(&self) -> u64 {
        self.view.epoch
    }

    /// The group as admission sees it.
    pub fn view(&self) -> &GroupView {
        &self.view
    }

    /// The extensions of the group context.
    pub fn context_extensions(&self) -> Vec<ContextExtension> {
        context_extensions(self.group.group_context().extensions())
    }

    /// The ratchet tree, as joiners take it.
    pub fn tree(&self) -> Vec<u8> {
        encode(&self.group.export_ratchet_tree())
    }

    /// GroupInfo of this epoch, as its committer uploaded it.
    pub fn group_info(&self) -> &[u8] {
        &self.group_info
    }

    /// The interim transcript hash of this epoch: what a joiner of the next one starts from.
    pub fn interim_hash(&self) -> Hash {
        interim_hash(&self.group)
    }

    /// Moves on to the state a staged commit leads to.
    ///
    /// # Errors
    /// [`StageError::WrongEpoch`] where it was staged on another state. After
    /// [`StageError::Invalid`] this value is of no use any more: load the snapshot.
    pub fn merge(&mut self, commit: StagedRoomCommit) -> Result<(), StageError> {
        let (staged, group_info) = commit.into_parts(&self.interim_hash(), self.epoch())?;
        self.group
            .merge_commit(&self.store, staged)
            .map_err(StageError::invalid)?;
        self.store.accept();
        self.view = group_view(&self.group)?;
        self.group_info = group_info;
        Ok(())
    }
}
