//! A Problem as an HTTP response.

use axum::response::{IntoResponse, Response};
use holm_protocol::{Code, Problem};
use http::StatusCode;
use http::header::CONTENT_TYPE;

/// A refusal on its way to the operator.
#[derive(Debug)]
pub(super) struct Refusal(Box<Problem>);

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

/// For paths that are no endpoint of this version.
pub(super) async fn not_found() -> Refusal {
    let text = "the running server knows no such question; it may be of another version";
    Problem::new(Code::NotFound, text).into()
}

/// For endpoints called with another method than theirs.
pub(super) async fn method_not_allowed() -> Refusal {
    Problem::new(Code::MethodNotAllowed, "this endpoint has another method").into()
}
