//! `POST /operator/v1/peers/block`: no traffic with a peer any more, or again (FED-21, FED-22).

use axum::extract::State;
use axum::{Json, Router};
use holm_protocol::{Code, Problem, ServerName};
use serde::{Deserialize, Serialize};

use super::body::Body;
use super::endpoint::Endpoint;
use super::state::Operator;
use crate::refusal::Refusal;

/// The endpoint.
pub const BLOCK_PEER: Endpoint<BlockPeer, BlockedPeer> =
    Endpoint::takes("/operator/v1/peers/block");

/// Which peer, and whether it is blocked from now on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BlockPeer {
    /// The peer.
    pub domain: ServerName,
    /// Blocked, or dealt with again.
    pub blocked: bool,
}

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlockedPeer {
    /// The peer.
    pub domain: ServerName,
    /// Whether it is blocked now.
    pub blocked: bool,
    /// Rooms of which this server is hub, and in which users of the peer were ordered out.
    pub rooms: usize,
    /// Users ordered out, counted once a room.
    pub users: usize,
    /// Rooms of which the peer is hub: nothing goes on in them here while it is blocked.
    pub rooms_of_it: usize,
}

pub(super) fn router() -> Router<Operator> {
    BLOCK_PEER.route(handler)
}

async fn handler(
    State(operator): State<Operator>,
    Body(BlockPeer { domain, blocked }): Body<BlockPeer>,
) -> Result<Json<BlockedPeer>, Refusal> {
    if domain == *operator.homeserver.name() {
        let text = "that is this server itself";
        return Err(Problem::new(Code::BadRequest, text).into());
    }
    let stored = operator.transport.set_blocked(&domain, blocked).await;
    stored.map_err(|error| {
        tracing::error!(%error, "a store call failed");
        Problem::new(
            Code::Unavailable,
            "the server's store failed; nothing has changed",
        )
    })?;
    let severed = if blocked {
        operator.homeserver.order_out(&domain).await?
    } else {
        operator.homeserver.retry_now(&domain);
        holm_core::peer::Severed::default()
    };
    Ok(Json(BlockedPeer {
        domain,
        blocked,
        rooms: severed.rooms,
        users: severed.users,
        rooms_of_it: severed.rooms_of_it,
    }))
}
