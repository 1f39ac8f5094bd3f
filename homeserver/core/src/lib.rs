//! What a homeserver decides: accounts, devices, KeyPackages, rooms, delivery.
//!
//! Decisions are pure functions or run inside one task per room; effects go through the ports in
//! [`ports`], which one composition root fills in. Nothing here names HTTP frameworks, SQL or
//! DNS, so a whole federation can run inside one deterministic process (ARCHITECTURE.md).

pub mod account;
pub mod caller;
pub mod consent;
pub mod delivery;
mod held;
pub mod homeserver;
pub mod key_package;
pub mod keyring;
pub mod peer;
pub mod ports;
pub mod room;

pub use caller::Caller;
pub use homeserver::{Homeserver, Identity, Ports, Registration, Settings};

pub use keyring::{Begin, Keyring, SigningKey};

/// Target of the trace events, at level debug, that tell one hop of a message's way in words;
/// their field `hop` names its kind. `holm demo` shows them; elsewhere nobody listens.
pub const HOP_TARGET: &str = "holm::hop";
