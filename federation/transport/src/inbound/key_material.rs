//! Claim one KeyPackage per device of a user, for one room.
//!
//! `POST /federation/v1/keyMaterial/{user}` · spec 06 · FED-2

use axum::Json;
use axum::extract::State;
use holm_core::Homeserver;
use holm_protocol::federation::KeyMaterialResponse;

use super::peer_request::PeerRequest;
use super::refusal::Refusal;

/// Proven peer, user, claim; the core decides.
pub(super) async fn handler(
    State(homeserver): State<Homeserver>,
    mut request: PeerRequest,
) -> Result<Json<KeyMaterialResponse>, Refusal> {
    let user = request.uri().await?;
    let claim = request.json()?;
    let answer = homeserver.peer_key_material(request.peer(), &user, claim);
    Ok(Json(answer.await?))
}
