//! `POST /operator/v1/peers/accept-root`: a root key is a peer's by the operator's word (DOC-9).

use axum::extract::State;
use axum::{Json, Router};
use holm_core::ports::PeerError;
use holm_protocol::{Code, Problem, PublicKey, ServerName};
use serde::{Deserialize, Serialize};

use super::body::Body;
use super::endpoint::Endpoint;
use super::state::Operator;
use crate::refusal::Refusal;

/// The endpoint.
pub const ACCEPT_ROOT: Endpoint<AcceptRoot, AcceptedRoot> =
    Endpoint::takes("/operator/v1/peers/accept-root");

/// Whose root.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AcceptRoot {
    /// The peer.
    pub domain: ServerName,
    /// Its root key, as its operator names it.
    pub root: PublicKey,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcceptedRoot {
    /// The peer.
    pub domain: ServerName,
    /// The root that counts for it from now on.
    pub root: PublicKey,
    /// The root known before, where it was another.
    pub former: Option<PublicKey>,
    /// Why the peer does not show that root now, where it does not; the word counts all the same.
    pub error: Option<String>,
}

pub(super) fn router() -> Router<Operator> {
    ACCEPT_ROOT.route(handler)
}

async fn handler(
    State(operator): State<Operator>,
    Body(AcceptRoot { domain, root }): Body<AcceptRoot>,
) -> Result<Json<AcceptedRoot>, Refusal> {
    if domain == *operator.homeserver.name() {
        let text = "that is this server itself; its keys are in its data folder";
        return Err(Problem::new(Code::BadRequest, text).into());
    }
    let accepted = operator.transport.accept_root(&domain, root).await;
    let accepted = accepted.map_err(PeerError::into_problem)?;
    if accepted.outcome.is_ok() {
        operator.homeserver.retry_now(&domain);
    }
    Ok(Json(AcceptedRoot {
        former: accepted.former.filter(|former| *former != root),
        error: accepted.outcome.err().map(|error| error.to_string()),
        domain,
        root,
    }))
}
