//! A hub brings events of many rooms; the answer is where we are durably now.
//!
//! `POST /federation/v1/notify` · spec 06 · FED-5

use axum::Json;
use axum::extract::State;
use holm_core::Homeserver;
use holm_protocol::federation::NotifyResponse;

use super::peer_request::PeerRequest;
use super::refusal::Refusal;

/// Proven peer, pages; the core decides.
pub(super) async fn handler(
    State(homeserver): State<Homeserver>,
    request: PeerRequest,
) -> Result<Json<NotifyResponse>, Refusal> {
    let pages = request.json()?;
    let answer = homeserver.peer_notify(request.peer(), pages);
    Ok(Json(answer.await?))
}
