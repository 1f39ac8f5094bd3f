//! A follower pulls what it is missing.
//!
//! `GET /federation/v1/events/{room}?after=N` · spec 06 · FED-7

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use holm_core::Homeserver;
use holm_protocol::Code;
use holm_protocol::federation::LogPage;
use serde::Deserialize;

use super::peer_request::PeerRequest;
use super::refusal::Refusal;
use crate::outbound::Transport;

/// The query: events after this number are wanted.
#[derive(Deserialize)]
struct After {
    after: u64,
}

/// Proven peer, room, number; the core decides.
pub(super) async fn handler(
    State(homeserver): State<Homeserver>,
    State(transport): State<Arc<Transport>>,
    mut request: PeerRequest,
) -> Result<Json<LogPage>, Refusal> {
    let room = request.uri().await?;
    let After { after } = request.query()?;
    let running = transport.quotas().catch_up(request.peer());
    let _running = running.map_err(|over| over.problem(Code::RateLimited))?;
    let answer = homeserver.peer_events(request.peer(), &room, after);
    Ok(Json(answer.await?))
}
