//! A request's JSON body, read within its endpoint's limit (API-4, API-5, ENC-4, LIM-6, LIM-10).
//!
//! The limit stands with the body's type, so no handler can forget it; of what is over it, a
//! bounded part is read and dropped, and nothing is kept.

use std::time::Duration;

use axum::body::BodyDataStream;
use axum::extract::{FromRequest, Request};
use futures::StreamExt;
use holm_client_types::endpoint::RequestBody;
use holm_protocol::{Code, Problem, json};
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, EXPECT};
use tokio::time::timeout;

use crate::api::Api;
use crate::refusal::{Refusal, malformed};

/// A body of type `T`, parsed strictly.
pub(crate) struct JsonBody<T>(pub(crate) T);

/// How long a body may take to arrive: the largest at 35 kB/s (API-5).
const BODY_WAIT: Duration = Duration::from_mins(1);
/// How long a sender over the limit is listened to before it gets its refusal.
const DRAIN_WAIT: Duration = Duration::from_secs(2);

impl<T: RequestBody> FromRequest<Api> for JsonBody<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, _api: &Api) -> Result<Self, Refusal> {
        check_media_type(request.headers())?;
        let max = T::ENDPOINT.body_len_max;
        let expects = request.headers().contains_key(EXPECT);
        let over = declared_len(request.headers()).is_some_and(|len| len > max);
        let mut chunks = request.into_body().into_data_stream();
        let read = match over {
            true => Err(too_large(max)),
            false => timeout(BODY_WAIT, read(&mut chunks, max))
                .await
                .unwrap_or_else(|_elapsed| Err(too_slow())),
        };
        let bytes = match read {
            // Who asks first (100-continue) has sent nothing yet and needs no draining.
            Err(problem) if problem.code == Code::TooLarge && !(over && expects) => {
                drain(&mut chunks, max).await;
                return Err(problem.into());
            }
            read => read?,
        };
        let body = json::from_slice(&bytes).map_err(|e| malformed("the body", e))?;
        Ok(Self(body))
    }
}

/// The body is JSON and nothing else: one Content-Type, no encoding (API-4).
fn check_media_type(headers: &HeaderMap) -> Result<(), Problem> {
    let refused = |detail| Err(Problem::new(Code::UnsupportedMedia, detail));
    let mut types = headers.get_all(CONTENT_TYPE).iter();
    let (Some(value), None) = (types.next(), types.next()) else {
        return refused("send one Content-Type header: application/json");
    };
    let essence = value.to_str().unwrap_or_default().split(';').next();
    if !essence.is_some_and(|e| e.trim().eq_ignore_ascii_case("application/json")) {
        return refused("the Content-Type has to be application/json");
    }
    match headers.contains_key(CONTENT_ENCODING) {
        true => refused("the body has to come without a Content-Encoding"),
        false => Ok(()),
    }
}

fn declared_len(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

async fn read(chunks: &mut BodyDataStream, max: usize) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::new();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|e| malformed("the body did not arrive", e))?;
        if bytes.len() + chunk.len() > max {
            return Err(too_large(max));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// Reads and drops as much again of a body over the limit: a sender that is cut off while it
/// writes would not read the refusal.
async fn drain(chunks: &mut BodyDataStream, max: usize) {
    let drop_rest = async {
        let mut dropped = 0;
        while dropped <= max
            && let Some(Ok(chunk)) = chunks.next().await
        {
            dropped += chunk.len();
        }
    };
    // Whether it came to an end or not, the answer is the same.
    timeout(DRAIN_WAIT, drop_rest).await.ok();
}

fn too_slow() -> Problem {
    Problem::new(Code::Timeout, "the body took over a minute to arrive")
}

fn too_large(max: usize) -> Problem {
    Problem::new(
        Code::TooLarge,
        format!("the body may have {max} bytes at most"),
    )
}
