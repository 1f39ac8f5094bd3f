//! The client API over axum: one file an endpoint, and the sync WebSocket.
//!
//! A file extracts, calls `holm_core::Homeserver`, shapes the answer, and says in `doc()` what it
//! takes, answers and refuses; nothing here decides. Router, OpenAPI document and tests read the
//! endpoints from `holm_client_types::endpoint`, so none can drift (spec 07 and 08).

mod api;
mod refusal;

mod body;
mod caller;
mod path;
mod query;

mod doc;
mod layers;
mod openapi;
mod router;

mod account;
mod commit;
mod consent;
mod device;
mod event;
mod key_package;
mod room;
mod server_document;
mod sync;
mod tree;

mod sockets;

pub use openapi::{openapi, openapi_json};
pub use router::router;
pub use sockets::Sockets;

#[cfg(test)]
mod tests;
