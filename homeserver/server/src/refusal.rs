//! A Problem as an HTTP response, for what this crate itself answers: the listener and the
//! operator's door (PROB-1).

use axum::response::{IntoResponse, Response};
use holm_protocol::Problem;
use http::StatusCode;
use http::header::CONTENT_TYPE;

/// A refusal on its way out.
#[derive(Debug)]
pub(crate) struct Refusal(Box<Problem>);

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self(Box::new(problem))
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.status);
        let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_string(&self.0).unwrap_or_default();
        (status, [(CONTENT_TYPE, "application/problem+json")], body).into_response()
    }
}
