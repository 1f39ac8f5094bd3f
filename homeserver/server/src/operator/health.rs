//! `GET /operator/v1/health`: whether the server works, its store included.

use axum::extract::State;
use axum::{Json, Router};
use holm_protocol::ServerName;
use serde::{Deserialize, Serialize};

use super::endpoint::Endpoint;
use super::state::Operator;
use crate::refusal::Refusal;

/// The endpoint.
pub const HEALTH: Endpoint<(), Health> = Endpoint::tells("/operator/v1/health");

/// A server that works.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// Its name.
    pub domain: ServerName,
    /// Its process.
    pub pid: u32,
}

pub(super) fn router() -> Router<Operator> {
    HEALTH.route(handler)
}

async fn handler(State(operator): State<Operator>) -> Result<Json<Health>, Refusal> {
    operator.homeserver.store_answers().await?;
    Ok(Json(Health {
        domain: operator.homeserver.name().clone(),
        pid: std::process::id(),
    }))
}
