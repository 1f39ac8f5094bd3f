//! Stateful targets: an input is a list of steps on something that remembers.

pub mod admission;
mod bodies;
pub mod client_requests;
pub mod federation_requests;
pub mod follower;
pub mod hub_log;
pub mod hub_room;
pub mod sync_socket;
