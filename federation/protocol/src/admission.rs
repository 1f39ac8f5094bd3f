//! What admits a commit: one pure function that hub, followers and devices all run.
//!
//! Tree, credentials, the room extension and the authenticated data decide; nothing else. A
//! commit that fails here is never merged by anybody (ADM-1 to ADM-14, spec 05 §5). MLS validity
//! (signatures, tree, tags) is checked before, by an MLS library; join codes, open orders and
//! rates are the hub's alone and not judged here, but for [`unfulfilled_order`] and
//! [`unopened_order`].

mod change;
mod creation;
mod extensions;
mod orders;
mod refusal;
mod rules;
mod tree;
mod view;

pub use creation::admit_creation;
pub use orders::{due_orders, unfulfilled_order, unopened_order};
pub use refusal::Refusal;
pub use rules::admit_commit;
pub use view::{Admitted, CommitView, Committer, ContextExtension, GroupView, Leaf, NewLeaf};
