//! A server asks for what an external join of one of its users needs.
//!
//! `POST /federation/v1/groupInfo/{room}` · spec 06 · FED-8

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use holm_core::Homeserver;
use holm_protocol::Code;
use holm_protocol::federation::GroupInfoResponse;

use super::peer_request::PeerRequest;
use super::refusal::Refusal;
use crate::outbound::Transport;

/// Proven peer, room, user; the core decides.
pub(super) async fn handler(
    State(homeserver): State<Homeserver>,
    State(transport): State<Arc<Transport>>,
    mut request: PeerRequest,
) -> Result<Json<GroupInfoResponse>, Refusal> {
    let room = request.uri().await?;
    let user = request.json()?;
    let running = transport.quotas().catch_up(request.peer());
    let _running = running.map_err(|over| over.problem(Code::RateLimited))?;
    let answer = homeserver.peer_group_info(request.peer(), &room, user);
    Ok(Json(answer.await?))
}
