//! Claim one KeyPackage per device of a user, for one room.
//!
//! `POST /federation/v1/keyMaterial/{user}` · spec 06 · FED-2, FED-18

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use holm_core::Homeserver;
use holm_protocol::Code;
use holm_protocol::federation::{KeyMaterialRequest, KeyMaterialResponse};

use super::peer_request::PeerRequest;
use super::refusal::Refusal;
use crate::outbound::Transport;

/// Proven peer, user, claim; the core decides.
pub(super) async fn handler(
    State(homeserver): State<Homeserver>,
    State(transport): State<Arc<Transport>>,
    mut request: PeerRequest,
) -> Result<Json<KeyMaterialResponse>, Refusal> {
    let user = request.uri().await?;
    let claim: KeyMaterialRequest = request.json()?;
    let (quotas, now_ms) = (transport.quotas(), transport.now_ms());
    let claimed = quotas.claim(request.peer(), (&claim.requester, &user), now_ms);
    claimed.map_err(|over| over.problem(Code::RateLimited))?;
    let answer = homeserver.peer_key_material(request.peer(), &user, claim);
    Ok(Json(answer.await?))
}
