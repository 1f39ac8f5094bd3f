//! Problems as HTTP responses (RFC 9457, PROB-1, API-1).

use std::fmt::Display;

use axum::response::{IntoResponse, Response};
use holm_protocol::{Code, Problem};
use http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};

/// A problem on its way to the caller.
#[derive(Debug)]
pub(crate) struct Refusal(pub(crate) Problem);

/// Media type of every refusal.
pub(crate) const PROBLEM_JSON: &str = "application/problem+json";

/// Characters of a parser's words that go back to the caller; it may quote the caller at length.
const DETAIL_LEN_MAX: usize = 300;

/// Something is not of the documented form.
pub(crate) fn malformed(what: &str, why: impl Display) -> Problem {
    let why: String = why.to_string().chars().take(DETAIL_LEN_MAX).collect();
    Problem::new(Code::Malformed, format!("{what}: {why}"))
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self(problem)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let Self(problem) = self;
        let status =
            StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&problem).unwrap_or_default();
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        if let Some(seconds) = problem.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
