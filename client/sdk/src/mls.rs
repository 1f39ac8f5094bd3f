//! OpenMLS over the staged store: the one place of the library that names it.
//!
//! Every operation is a [`step::Step`]: rows loaded, OpenMLS run synchronously, changed rows
//! written in the transaction that also moves message, cursor and outbox. A step that is not
//! committed leaves no trace, in memory or on disk (BUILD: staged overlay; REL-1).

pub(crate) mod commit;
pub(crate) mod create;
pub(crate) mod join;
pub(crate) mod merge;
pub(crate) mod open;
pub(crate) mod seal;
pub(crate) mod step;

use holm_protocol::RoomUri;
use openmls::group::GroupId;
pub(crate) use openmls::group::MlsGroup;
pub(crate) use openmls::prelude::KeyPackage;

use crate::error::SdkError;

/// The MLS group id of a room's generation, as OpenMLS has it.
pub(crate) fn group_id(room: &RoomUri, generation: u32) -> GroupId {
    GroupId::from_slice(&room.group_id(generation))
}

/// An error of OpenMLS; its text names no secret.
pub(crate) fn refused(error: impl std::fmt::Display) -> SdkError {
    SdkError::Mls(error.to_string())
}
