//! Why a server does not take a group or a commit.

use std::fmt::Display;

use holm_protocol::admission::Refusal;
use thiserror::Error;

use crate::bundle::BundleError;
use crate::message::NotThisMessage;
use crate::view::ViewError;

/// Why a server does not take a group or a commit; nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum StageError {
    /// It is not of the room's current epoch: another commit was first.
    #[error("the commit is not of epoch {current}")]
    WrongEpoch {
        /// The room's epoch.
        current: u64,
    },
    /// MLS or the bundle's own checks find it invalid.
    #[error("{0}")]
    Invalid(String),
    /// Admission refuses it.
    #[error(transparent)]
    Refused(#[from] Refusal),
}

impl StageError {
    pub(crate) fn invalid(cause: impl Display) -> Self {
        Self::Invalid(cause.to_string())
    }
}

impl From<ViewError> for StageError {
    fn from(error: ViewError) -> Self {
        Self::invalid(error)
    }
}

impl From<BundleError> for StageError {
    fn from(error: BundleError) -> Self {
        Self::invalid(error)
    }
}

impl From<NotThisMessage> for StageError {
    fn from(error: NotThisMessage) -> Self {
        Self::invalid(error)
    }
}
