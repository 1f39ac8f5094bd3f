//! Holm's client library: OpenMLS over a staged store, the local replica, the outbox, sync.
//!
//! A [`Device`] is one MLS client of one user. Its replica is what the user sees: sending writes
//! there first, an outbox brings it out, sync merges what the log has. The log, not an answer,
//! moves a device. Nothing here trusts a server with more than delivery: chain, heads, commits,
//! certificates and orders are verified on the device (spec 02 to 05, 07, 08).

mod crash_points;
mod drive;
mod error;
mod ports;

mod content;
mod draft;
mod event;
mod overlay;
mod timeline;

mod api;
mod network;

mod mls;
mod replica;

mod device;
mod sync;

pub use crash_points::{CrashPoint, CrashPoints};
pub use device::{Consent, ConsentFrom, Device, RoomEpoch, SessionInfo};
pub use draft::Draft;
pub use drive::Drive;
pub use error::SdkError;
pub use event::{DeviceEvent, EventReceiver, HopKind, Lagged};
pub use holm_content::{Content, Expiry, MessageId, Piece, mentions, pieces};
pub use network::{Connector, Duplex, Link, Network, NetworkOptions};
pub use overlay::{Laid, Reaction, Version};
pub use ports::{Clock, Rng, SdkPorts};
pub use replica::ReplicaPlace;
pub use timeline::{MessageState, RoomInfo, RoomState, TimelineEntry};
