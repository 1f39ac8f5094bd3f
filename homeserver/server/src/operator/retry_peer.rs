//! `POST /operator/v1/peers/retry`: try a peer now, whatever its patience says (FED-9).

use axum::extract::State;
use axum::{Json, Router};
use holm_core::ports::{PeerError, Peers as _};
use holm_protocol::federation::HeadsRequest;
use holm_protocol::{Code, Problem, ServerName};
use serde::{Deserialize, Serialize};

use super::body::Body;
use super::endpoint::Endpoint;
use super::state::Operator;
use crate::refusal::Refusal;

/// The endpoint.
pub const RETRY_PEER: Endpoint<RetryPeer, RetriedPeer> =
    Endpoint::takes("/operator/v1/peers/retry");

/// Which peer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RetryPeer {
    /// Its name.
    pub domain: ServerName,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetriedPeer {
    /// The peer.
    pub domain: ServerName,
    /// Why it still does not answer, where it does not.
    pub error: Option<String>,
    /// Milliseconds until it is tried again by itself, where it does not answer.
    pub retry_in_ms: u64,
}

pub(super) fn router() -> Router<Operator> {
    RETRY_PEER.route(handler)
}

async fn handler(
    State(operator): State<Operator>,
    Body(RetryPeer { domain }): Body<RetryPeer>,
) -> Result<Json<RetriedPeer>, Refusal> {
    let Operator {
        homeserver,
        transport,
        ..
    } = operator;
    if domain == *homeserver.name() {
        let text = "that is this server itself";
        return Err(Problem::new(Code::BadRequest, text).into());
    }
    transport.retry_now(&domain);
    // An empty comparison is the smallest signed call there is.
    let nothing = HeadsRequest {
        rooms: Vec::new(),
        since: None,
    };
    let error = match transport.heads(&domain, &nothing).await {
        Err(PeerError::Refused { problem, .. }) if problem.code == Code::PeerBlocked => {
            Some(problem.detail)
        }
        // A refusal is a word from it too.
        Ok(_) | Err(PeerError::Refused { .. }) => {
            homeserver.retry_now(&domain);
            None
        }
        Err(error) => Some(error.to_string()),
    };
    let wait = transport.wait(&domain).as_millis();
    Ok(Json(RetriedPeer {
        domain,
        error,
        retry_in_ms: u64::try_from(wait).unwrap_or(u64::MAX),
    }))
}
