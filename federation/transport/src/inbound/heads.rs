//! A server of common rooms compares heads.
//!
//! `POST /federation/v1/heads` · spec 06 · FED-6

use axum::Json;
use axum::extract::State;
use holm_core::Homeserver;
use holm_protocol::federation::HeadsResponse;

use super::peer_request::PeerRequest;
use super::refusal::Refusal;

/// Proven peer, heads; the core decides.
pub(super) async fn handler(
    State(homeserver): State<Homeserver>,
    request: PeerRequest,
) -> Result<Json<HeadsResponse>, Refusal> {
    let heads = request.json()?;
    let answer = homeserver.peer_heads(request.peer(), heads);
    Ok(Json(answer.await?))
}
