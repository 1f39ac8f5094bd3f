//! What every answer of the client API carries, and what happens when a handler panics.
//!
//! CORS is open because there are no cookies: a page without the token gets nothing (API-9).
//! Answers are never sniffed and never kept, since they may hold a token (API-10).

use std::panic::AssertUnwindSafe;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::FutureExt;
use holm_protocol::{Code, Problem};
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD,
    CACHE_CONTROL, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderName, HeaderValue, Method, StatusCode};

use crate::refusal::Refusal;

/// Headers of every answer (API-9, API-10).
const EVERY_ANSWER: [(HeaderName, &str); 4] = [
    (ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
    (ACCESS_CONTROL_EXPOSE_HEADERS, "retry-after"),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (CACHE_CONTROL, "no-store"),
];

/// Headers that answer a browser's question before a request (API-9).
const PREFLIGHT: [(HeaderName, &str); 3] = [
    (ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, PUT"),
    (ACCESS_CONTROL_ALLOW_HEADERS, "authorization, content-type"),
    (ACCESS_CONTROL_MAX_AGE, "86400"),
];

/// Answers preflights, and adds the headers of every answer.
pub(crate) async fn headers(request: Request, next: Next) -> Response {
    let asks = request.method() == Method::OPTIONS
        && request
            .headers()
            .contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    let mut response = match asks {
        true => preflight(),
        false => next.run(request).await,
    };
    add(&mut response, &EVERY_ANSWER);
    response
}

/// Turns a panic into a problem, so that it ends one request and not the connection.
pub(crate) async fn panics(request: Request, next: Next) -> Response {
    AssertUnwindSafe(next.run(request))
        .catch_unwind()
        .await
        .unwrap_or_else(|_panic| {
            // The panic hook has written what and where.
            let problem = Problem::new(Code::Internal, "the request could not be finished");
            Refusal(problem).into_response()
        })
}

fn preflight() -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    add(&mut response, &PREFLIGHT);
    response
}

fn add(response: &mut Response, headers: &[(HeaderName, &'static str)]) {
    for (name, value) in headers {
        response
            .headers_mut()
            .insert(name.clone(), HeaderValue::from_static(value));
    }
}
