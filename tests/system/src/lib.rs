//! What the whole-system tests stand on: a lab of real servers, devices, and a peer that can be
//! told to break each rule.
//!
//! [`Scene`] starts servers with their DNS and TLS. [`Person`] is a user with the client library,
//! [`Chat`] one whose device is a process of its own.
//! [`Member`] is a client written against the spec that hands out every byte before it is sent.
//! [`Rogue`] is a homeserver with its own name, keys and certificate that signs what it is told.

mod answer;
mod chat;
mod command;
mod member;
mod person;
mod rogue;
mod rogue_door;
mod rogue_room;
mod scene;

pub use answer::Answer;
pub use chat::Chat;
pub use command::{Ended, holm};
pub use member::{Change, Member};
pub use person::Person;
pub use rogue::{Call, Rogue, Tamper};
pub use rogue_door::{Answers, Door};
pub use rogue_room::RogueRoom;
pub use scene::{Scene, now_ms, random};
