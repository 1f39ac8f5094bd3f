//! What admits a commit: one pure function that hub, followers and devices all run.
//!
//! Tree, credentials, the room extension and the authenticated data decide; nothing else. A
//! commit that fails here is never merged by anybody (ADM-1 to ADM-12, spec 05 §5). MLS validity
//! (signatures, tree, tags) is checked before, by an MLS library; join codes, open orders and
//! rates are the hub's alone and not judged here, but for [`unfulfilled_order`].

mod rules;
mod view;

pub use rules::{admit_commit, admit_creation, unfulfilled_order};
pub use view::{Admitted, CommitView, Committer, ContextExtension, GroupView, Leaf, NewLeaf};

use thiserror::Error;

use crate::identity::IdentityError;

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
    /// The added user is banned.
    #[error("a user to be added is banned from the room")]
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
