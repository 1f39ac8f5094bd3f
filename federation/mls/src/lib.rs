//! MLS as Holm uses it: what hub, followers and devices must do alike with OpenMLS.
//!
//! Settings every client has (spec 05 §1), the staged store that keeps OpenMLS away from the
//! database, OpenMLS's groups and commits read into the views that admission judges, the checks a
//! commit bundle passes before anything is merged, and the public side of a group for servers.
//! Everything is synchronous and free of I/O; OpenMLS itself draws randomness and compares
//! lifetimes with the system's clock.

mod message;

pub mod bundle;
pub mod device;
pub mod group_info;
pub mod key_package;
pub mod provider;
pub mod public_room;
pub mod settings;
pub mod store;
pub mod view;
pub mod welcome;

pub use bundle::{BundleError, check_bundle, sign_bundle};
pub use device::{credential, signer};
pub use group_info::external_pub;
pub use key_package::{KeyPackageError, KeyPackageView, new_key_package, read_key_package};
pub use message::{NotThisMessage, wire_bytes};
pub use provider::Provider;
pub use public_room::{PublicRoom, StageError, StagedRoomCommit};
pub use store::{Row, RowChange, Secret, StagedStore, StoreError};
pub use view::{ViewError, commit_view, group_view};
pub use welcome::welcome_references;
