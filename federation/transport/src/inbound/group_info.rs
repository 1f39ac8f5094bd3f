//! A server asks for what an external join of one of its users needs.
//!
//! `POST /federation/v1/groupInfo/{room}` · spec 06 · FED-8

use axum::Json;
use axum::extract::State;
use holm_core::Homeserver;
use holm_protocol::federation::GroupInfoResponse;

use super::peer_request::PeerRequest;
use super::refusal::Refusal;

/// Proven peer, room, user; the core decides.
pub(super) async fn handler(
    State(homeserver): State<Homeserver>,
    mut request: PeerRequest,
) -> Result<Json<GroupInfoResponse>, Refusal> {
    let room = request.uri().await?;
    let user = request.json()?;
    let answer = homeserver.peer_group_info(request.peer(), &room, user);
    Ok(Json(answer.await?))
}
