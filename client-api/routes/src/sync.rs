//! The sync WebSocket: what flows between a device and its server (spec 08).
//!
//! `connect` is the endpoint; `upgrade` makes a WebSocket of the request; `session` runs the
//! connection over `wire` (frames in and out), `sends` and `acks` (work in flight) and `backend`
//! (the homeserver, as a connection sees it).

pub(crate) mod connect;

mod upgrade;

mod backend;
mod outgoing;
mod session;

mod acks;
mod heartbeat;
mod lane_gate;
mod sends;
mod wire;

#[cfg(test)]
mod tests;
