//! What peers ask of this server, and what it owes them (spec 06).
//!
//! Push is a hint, pull is the truth: a hub brings events, a follower answers with its cursor
//! after its durable write, and whatever was missed is asked for. What a peer is owed is a
//! cursor on the log, never a copy.

mod ask;
mod catch_up;
mod cursors;
mod heads;
mod hub;
mod notify;
mod outbound;
mod page;
mod patience;
mod sever;
mod start;
mod stored;
mod view;
mod wake;

pub(crate) use heads::Heads;
pub(crate) use outbound::Outbound;
pub use sever::Severed;
pub use stored::STORED_BYTES_MAX;
pub(crate) use stored::{StoredFor, count};
pub use view::PeerView;
