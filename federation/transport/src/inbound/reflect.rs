//! A server asks how it looks from here, for its operator.
//!
//! `GET /federation/v1/reflect` · spec 06 · FED-20

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use holm_core::ports::PeerError;
use holm_protocol::document::VERSIONS;
use holm_protocol::federation::Reflection;
use holm_protocol::{Code, Problem};

use super::peer_request::PeerRequest;
use super::refusal::Refusal;
use crate::outbound::Transport;

/// Proven peer; what is known of it is told to it alone.
pub(super) async fn handler(
    State(transport): State<Arc<Transport>>,
    request: PeerRequest,
) -> Result<Json<Reflection>, Refusal> {
    let peer = request.peer();
    if !transport.may_reflect(peer) {
        let text = "this server has told you how you look often enough for a minute";
        return Err(Problem::new(Code::RateLimited, text)
            .with_retry_after(60)
            .into());
    }
    // The one that its key was found in a moment ago.
    let document = transport
        .server_document(peer, Some(request.key_id()))
        .await;
    let document = document.map_err(PeerError::into_problem)?;
    Ok(Json(Reflection {
        origin: peer.clone(),
        key_id: request.key_id().to_owned(),
        address: request.address(),
        root: document.root(),
        serial: document.content().serial,
        expires: document.content().expires,
        time: transport.now_ms(),
        versions: VERSIONS.iter().map(|v| (*v).to_owned()).collect(),
    }))
}
