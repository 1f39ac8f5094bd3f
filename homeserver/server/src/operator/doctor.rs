//! `POST /operator/v1/doctor`: what is wrong between this server and another, as seen from here.

use axum::extract::State;
use axum::{Json, Router};
use holm_protocol::{Code, Problem, ServerName};
use serde::{Deserialize, Serialize};

use super::body::Body;
use super::endpoint::Endpoint;
use super::state::Operator;
use crate::doctor::{Finding, Findings, TIME_MAX, inside};
use crate::refusal::Refusal;

/// The endpoint.
pub const DOCTOR: Endpoint<Examine, Examined> = Endpoint::takes("/operator/v1/doctor");

/// Which server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Examine {
    /// Its name.
    pub domain: ServerName,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Examined {
    /// In the order it was looked at.
    pub findings: Vec<Finding>,
}

pub(super) fn router() -> Router<Operator> {
    DOCTOR.route(handler)
}

async fn handler(
    State(operator): State<Operator>,
    Body(Examine { domain }): Body<Examine>,
) -> Result<Json<Examined>, Refusal> {
    if domain == *operator.homeserver.name() {
        let text = "a server does not call itself; without a domain, `holm doctor` looks at it \
                    from outside";
        return Err(Problem::new(Code::BadRequest, text).into());
    }
    let found = Findings::default();
    inside(&operator, &domain, &found, TIME_MAX).await?;
    Ok(Json(Examined {
        findings: found.take(),
    }))
}
