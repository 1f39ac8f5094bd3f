//! Rooms: one task per active room owns its state; hub and follower share the code that checks.
//!
//! The task holds the group's public state and the log's head, decides, and appends under the
//! condition that the head has not moved. So correctness rests on the store; the task only makes
//! it fast (spec 03, 05; ARCHITECTURE.md).

mod accept;
mod anchor;
mod anchor_check;
mod append;
mod command;
mod commit;
mod create;
mod device;
mod fold;
mod follow;
mod head;
mod hear;
mod leave;
mod message;
mod orders;
mod prove;
mod read;
mod registry;
mod roster;
mod spacing;
mod state;
mod task;
mod turns;
mod verdict;
mod witness;

pub use device::{EventPage, TreePage};
pub use verdict::Verdict;

pub(crate) use accept::message_id;
pub(crate) use command::{Command, Submission};
pub(crate) use registry::{Rooms, stopping};
pub(crate) use state::unknown;
pub(crate) use witness::Heard;
