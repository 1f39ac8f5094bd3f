//! The operator's door: what the administrator asks of a running server, and tells it.
//!
//! An HTTP API over the Unix socket `operator.sock` in the data folder. The file's mode is the
//! whole access control: whoever owns the server's process may, nobody else (ADR-0018). None of
//! its endpoints stands on the public listener (X01).
//!
//! **To add one:** a file here with the endpoint's constant, its request and answer, the handler
//! and its tests; a `.merge` in [`router`]; and a subcommand that calls [`Client::ask`] with the
//! constant. Answers are typed on both sides by the one constant.

mod accept_root;
mod block_peer;
mod body;
mod client;
mod doctor;
mod door;
mod endpoint;
mod forks;
mod health;
mod peers;
mod refusal;
mod retry_peer;
mod rotate_keys;
mod socket;
mod state;
mod whose;

pub mod command;

use axum::Router;

pub use accept_root::{ACCEPT_ROOT, AcceptRoot, AcceptedRoot};
pub use block_peer::{BLOCK_PEER, BlockPeer, BlockedPeer};
pub use client::{Client, ClientError};
pub use doctor::{DOCTOR, Examine, Examined};
pub(crate) use door::open;
pub use endpoint::Endpoint;
pub use forks::{FORKS, Fork, Forks};
pub use health::{HEALTH, Health};
pub use peers::{Breaker, Calls, PEERS, Peer, Peers, Trust};
pub use retry_peer::{RETRY_PEER, RetriedPeer, RetryPeer};
pub use rotate_keys::{ROTATE_KEYS, RotateKeys, RotatedKeys};
pub use state::Operator;
pub use whose::Whose;

/// Name of the socket in the data folder.
pub const SOCKET_FILE: &str = "operator.sock";

/// All endpoints.
fn router(operator: Operator) -> Router {
    Router::new()
        .merge(doctor::router())
        .merge(forks::router())
        .merge(health::router())
        .merge(peers::router())
        .merge(retry_peer::router())
        .merge(accept_root::router())
        .merge(block_peer::router())
        .merge(rotate_keys::router())
        .fallback(refusal::not_found)
        .method_not_allowed_fallback(refusal::method_not_allowed)
        .with_state(operator)
}

#[cfg(test)]
mod tests;
