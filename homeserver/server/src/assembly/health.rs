//! `GET /health`: whether the process answers, for proxies and supervisors.
//!
//! A server whose store has failed stops instead of answering, so an answer means that it works.

use axum::Router;
use axum::routing::get;
use holm_protocol::{Code, Problem};
use http::StatusCode;
use http::header::CONTENT_TYPE;

/// The route, and the problem for every path that is nobody's.
pub(super) fn router() -> Router {
    Router::new()
        .route("/health", get(health))
        .fallback(not_found)
}

async fn health() -> impl axum::response::IntoResponse {
    ([(CONTENT_TYPE, "application/json")], "{\"status\":\"ok\"}")
}

async fn not_found() -> impl axum::response::IntoResponse {
    let problem = Problem::new(Code::NotFound, "there is nothing at this path");
    let body = serde_json::to_string(&problem).unwrap_or_default();
    (
        StatusCode::NOT_FOUND,
        [(CONTENT_TYPE, "application/problem+json")],
        body,
    )
}
