//! Requests, responses and frames of the client API (spec 07 and 08).
//!
//! Plain data, shared by the server's routes and the client library, so that neither can drift
//! from the other. Bytes are base64url; problems are [`holm_protocol::Problem`].

pub mod account;
pub mod consent;
pub mod endpoint;
pub mod frame;
pub mod key_package;
pub mod room;
