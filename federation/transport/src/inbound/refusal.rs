//! A Problem as an HTTP response (RFC 9457, PROB-1).

use axum::Json;
use axum::response::{IntoResponse, Response};
use holm_protocol::{Code, Problem};
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Method, StatusCode};

/// A refusal on its way out.
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
        let retry_after = self.0.retry_after;
        let mut response = (status, Json(self.0)).into_response();
        let headers = response.headers_mut();
        let kind = HeaderValue::from_static("application/problem+json");
        headers.insert(CONTENT_TYPE, kind);
        if let Some(seconds) = retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// For paths under `/federation` that are no endpoint.
pub(super) async fn not_found() -> Refusal {
    let detail = "this path is no endpoint of this version";
    Problem::new(Code::NotFound, detail).into()
}

/// For endpoints called with another method than theirs.
pub(super) async fn method_not_allowed(method: Method) -> Refusal {
    let detail = format!("this endpoint does not take {method}");
    Problem::new(Code::MethodNotAllowed, detail).into()
}
