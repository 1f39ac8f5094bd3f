//! Holm's protocol: what every implementation, client or server, must agree on byte for byte.
//!
//! Names, the log and its chain, heads, orders, server documents, request signatures, the
//! admission of commits, limits and problem codes (spec chapters 01 to 06, 09 and 10). Everything
//! here is pure: no I/O, no clock, no randomness. Time comes in as a parameter.

pub mod name;
pub mod uri;

pub mod encoding;
pub mod json;
pub mod signing;

pub mod aad;
pub mod bundle;
pub mod event;
pub mod head;
pub mod identity;
pub mod mls_header;
pub mod order;
pub mod room_extension;

pub mod admission;

pub mod document;
pub mod endpoint;
pub mod federation;
pub mod limits;
pub mod problem;
pub mod proof;
pub mod request_signature;

pub use event::{Event, EventHeader, EventKind};
pub use head::{Head, SignedHead};
pub use json::Base64Url;
pub use name::ServerName;
pub use order::{Order, SignedOrder};
pub use problem::{Code, Problem};
pub use signing::{Hash, PrivateKey, PublicKey, Signature};
pub use uri::{DeviceUri, RoomUri, UserUri};
