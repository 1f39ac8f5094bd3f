//! A follower brings a commit or a leave of one of its users.
//!
//! `POST /federation/v1/update/{room}` · spec 06 · FED-3

use axum::Json;
use axum::extract::State;
use holm_core::Homeserver;
use holm_protocol::federation::UpdateResponse;

use super::peer_request::PeerRequest;
use super::refusal::Refusal;

/// Proven peer, room, update; the core decides.
pub(super) async fn handler(
    State(homeserver): State<Homeserver>,
    mut request: PeerRequest,
) -> Result<Json<UpdateResponse>, Refusal> {
    let room = request.uri().await?;
    let update = request.json()?;
    let answer = homeserver.peer_update(request.peer(), &room, update);
    Ok(Json(answer.await?))
}
