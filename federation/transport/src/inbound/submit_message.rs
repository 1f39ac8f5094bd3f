//! A follower brings messages of its users, in order.
//!
//! `POST /federation/v1/submitMessage/{room}` · spec 06 · FED-4

use axum::Json;
use axum::extract::State;
use holm_core::Homeserver;
use holm_protocol::federation::SubmitResponse;

use super::peer_request::PeerRequest;
use super::refusal::Refusal;

/// Proven peer, room, messages; the core decides.
pub(super) async fn handler(
    State(homeserver): State<Homeserver>,
    mut request: PeerRequest,
) -> Result<Json<SubmitResponse>, Refusal> {
    let room = request.uri().await?;
    let messages = request.json()?;
    let answer = homeserver.peer_submit_message(request.peer(), &room, messages);
    Ok(Json(answer.await?))
}
