//! What a homeserver is given: time, randomness, tasks, stores, and the way to other servers.
//!
//! Each port has a production form and can be replaced as a whole: that is how simulation, fault
//! tests and other engines get in. A port method is one transaction or one exchange.

mod accounts;
mod crash_points;
mod held;
mod key_packages;
mod log;
mod peers;
mod rooms;
mod runtime;

pub use accounts::{Account, AccountStore, Consent, EnrolledDevice, TokenOwner};
pub use crash_points::{CrashPoint, CrashPoints, NoCrash};
pub use held::{HeldMessage, HeldStore, Hold, Settled};
pub use key_packages::{Claim, KeyPackageStore, StoredKeyPackage};
pub use log::{Append, AppendError, Attachment, Entry, Expect, LogHead, LogStore, StoredEntry};
pub use peers::{Answer, Exchange, ExchangeError, PeerError, PeerStore, Peers, RootMemory};
pub(crate) use rooms::first_open;
pub use rooms::{
    Fold, Membership, PeerCursor, RoomRecord, RoomStanding, RoomStore, StoredFork, StoredOrder,
};
pub use runtime::{Clock, Rng, Tasks};

use futures::future::BoxFuture;
use thiserror::Error;

/// The store could not do it; the caller may try again, nothing has changed.
#[derive(Debug, Error)]
#[error("the store failed: {0}")]
pub struct StoreError(pub String);

/// What a port method returns.
pub type Future<'a, T> = BoxFuture<'a, T>;
/// What a store method returns.
pub type Stored<'a, T> = BoxFuture<'a, Result<T, StoreError>>;
