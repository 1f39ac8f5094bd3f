//! Why a commit is not admitted.

use thiserror::Error;

use crate::identity::IdentityError;
use crate::problem::{Code, Problem};

/// Why a commit is not admitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    /// A proposal by reference, or of a type other than Add, Remove, GroupContextExtensions.
    #[error("only Add, Remove and GroupContextExtensions are allowed, each by value")]
    Proposal,
    /// The context would not hold exactly the two extensions, or one is malformed.
    #[error("the context holds exactly required_capabilities and the room extension")]
    Extensions,
    /// A leaf is named that the tree does not have.
    #[error("the commit names a leaf that the tree does not have")]
    UnknownLeaf,
    /// A leaf's certificate does not hold.
    #[error("a leaf is not certified: {0}")]
    Identity(IdentityError),
    /// Two leaves of one device.
    #[error("a device would have two leaves")]
    DuplicateDevice,
    /// A user would stand under two identity keys, or a leaf changes its user or device.
    #[error("the identity key or device of a leaf differs from what the group knows")]
    IdentityChanged,
    /// A certificate generation below the highest seen of that user.
    #[error("the certificate is older than a removal of one of the user's devices")]
    Generation,
    /// The committer's role does not allow an Add.
    #[error("the committer's role does not allow adding users")]
    AddNotAllowed,
    /// The committer's role does not allow a Remove, and no order asks for it.
    #[error("the committer's role does not allow this removal, and no order asks for it")]
    RemoveNotAllowed,
    /// The committer's role does not allow changing the room extension.
    #[error("the committer's role does not allow changing the room")]
    ChangeNotAllowed,
    /// The change touches a role above the committer's own.
    #[error("nobody grants, takes or requires a role above the own")]
    RoleNotAllowed,
    /// The hub is changed by somebody other than an owner, its term does not follow, or its new root
    /// is not signed by the one before.
    #[error(
        "an owner names the hub, whose term rises by one with a new domain, else not; its root \
         changes to one that the root before has signed"
    )]
    HubNotAllowed,
    /// No participant would be owner any more.
    #[error("the change would leave the room without a participating owner")]
    LastOwner,
    /// A banned user would have a leaf.
    #[error("a user banned from the room would be in it")]
    Banned,
    /// An external commit by somebody who may not enter so, or that does more than enter.
    #[error("an external commit enters one device of a participant and does nothing else")]
    External,
    /// More users, devices or Adds than the limits allow.
    #[error("the room would exceed a limit of users, devices or Adds")]
    Limit,
    /// A new room whose group is not of the form a room begins with.
    #[error("a room begins with its creator alone, as owner, under this server as hub")]
    Creation,
}

impl Refusal {
    /// Stable name, the same in every implementation and in the vectors (spec 05 §5).
    pub fn name(&self) -> &'static str {
        match self {
            Self::Proposal => "proposal",
            Self::Extensions => "extensions",
            Self::UnknownLeaf => "unknown_leaf",
            Self::Identity(IdentityError::Signature) => "identity_signature",
            Self::Identity(IdentityError::Time) => "identity_time",
            Self::DuplicateDevice => "duplicate_device",
            Self::IdentityChanged => "identity_changed",
            Self::Generation => "generation",
            Self::AddNotAllowed => "add_not_allowed",
            Self::RemoveNotAllowed => "remove_not_allowed",
            Self::ChangeNotAllowed => "change_not_allowed",
            Self::RoleNotAllowed => "role_not_allowed",
            Self::HubNotAllowed => "hub_not_allowed",
            Self::LastOwner => "last_owner",
            Self::Banned => "banned",
            Self::External => "external",
            Self::Limit => "limit",
            Self::Creation => "creation",
        }
    }

    /// The problem to answer with.
    pub fn problem(&self) -> Problem {
        let code = match self {
            Self::Identity(_) | Self::IdentityChanged | Self::Generation => {
                Code::InvalidCertificate
            }
            Self::Limit => Code::Limit,
            _ => Code::CommitForbidden,
        };
        Problem::new(code, self.to_string())
    }
}
