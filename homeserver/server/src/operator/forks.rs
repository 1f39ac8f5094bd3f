//! `GET /operator/v1/forks`: rooms whose hub signed two histories, and where the proofs are
//! (HEAD-8).

use axum::extract::State;
use axum::{Json, Router};
use holm_protocol::{RoomUri, ServerName};
use serde::{Deserialize, Serialize};

use super::endpoint::Endpoint;
use super::state::Operator;
use crate::refusal::Refusal;

/// The endpoint.
pub const FORKS: Endpoint<(), Forks> = Endpoint::tells("/operator/v1/forks");

/// All of them, by room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forks {
    /// One a room and term.
    pub forks: Vec<Fork>,
}

/// A room whose hub signed two histories.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fork {
    /// The room.
    pub room: RoomUri,
    /// Its hub.
    pub hub: ServerName,
    /// The term in which it signed both.
    pub term: u32,
    /// Number of the lower of the two heads.
    pub seq: u64,
    /// When it was found, milliseconds since 1970.
    pub found_ms: u64,
}

pub(super) fn router() -> Router<Operator> {
    FORKS.route(handler)
}

async fn handler(State(operator): State<Operator>) -> Result<Json<Forks>, Refusal> {
    let forks = operator.homeserver.forks().await?.into_iter();
    let fork = |fork: holm_core::ports::StoredFork| Fork {
        room: fork.room,
        hub: fork.hub,
        term: fork.term,
        seq: fork.seq,
        found_ms: fork.found,
    };
    Ok(Json(Forks {
        forks: forks.map(fork).collect(),
    }))
}
