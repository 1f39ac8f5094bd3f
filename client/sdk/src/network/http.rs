//! One HTTP/1.1 exchange over a stream of its own.
//!
//! A device asks rarely by REST, so each exchange opens, asks and closes; TLS sessions resume. The
//! connection is driven inside the call, so nothing outlives it.

use std::time::Duration;

use bytes::Bytes;
use holm_protocol::ServerName;
use holm_protocol::limits::FEDERATION_BODY_LEN_MAX;
use http::header::{AUTHORIZATION, CONNECTION, CONTENT_TYPE, HOST};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::time::timeout;

use super::{Link, Network};
use crate::error::SdkError;

/// Longest wait for a whole exchange.
const EXCHANGE_TIME_MAX: Duration = Duration::from_mins(1);

/// What is asked.
pub(crate) struct Request {
    /// The HTTP method.
    pub(crate) method: &'static str,
    /// Path and query.
    pub(crate) path: String,
    /// The bearer token.
    pub(crate) token: Option<String>,
    /// A JSON body.
    pub(crate) body: Option<Vec<u8>>,
}

/// What came back.
pub(crate) struct Answer {
    /// The HTTP status.
    pub(crate) status: u16,
    /// The body.
    pub(crate) body: Bytes,
    /// How the server was found.
    pub(crate) found: String,
}

pub(super) async fn exchange(
    network: &Network,
    domain: &ServerName,
    request: Request,
) -> Result<Answer, SdkError> {
    let work = async {
        let link = network.connect(domain).await?;
        over(link, request).await
    };
    timeout(EXCHANGE_TIME_MAX, work)
        .await
        .unwrap_or(Err(SdkError::TimedOut("the server did not answer")))
}

async fn over(link: Link, request: Request) -> Result<Answer, SdkError> {
    let request = to_http(&link.authority, request)?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(link.stream))
        .await
        .map_err(failed)?;
    let asked = async {
        let response = sender.send_request(request).await.map_err(failed)?;
        let status = response.status().as_u16();
        let body = Limited::new(response.into_body(), FEDERATION_BODY_LEN_MAX);
        let body = body.collect().await.map_err(failed)?.to_bytes();
        Ok(Answer {
            status,
            body,
            found: link.found,
        })
    };
    // The connection ends by itself once the answer is in; its error shows in the answer.
    let driven = async {
        let _ended = connection.await;
        futures::future::pending().await
    };
    tokio::select! {
        answer = asked => answer,
        never = driven => never,
    }
}

fn to_http(authority: &str, request: Request) -> Result<http::Request<Full<Bytes>>, SdkError> {
    let mut builder = http::Request::builder()
        .method(request.method)
        .uri(request.path)
        .header(HOST, authority)
        .header(CONNECTION, "close");
    if let Some(token) = request.token {
        builder = builder.header(AUTHORIZATION, format!("Bearer {token}"));
    }
    if request.body.is_some() {
        builder = builder.header(CONTENT_TYPE, "application/json");
    }
    builder
        .body(Full::new(request.body.unwrap_or_default().into()))
        .map_err(|e| SdkError::Invalid(e.to_string()))
}

fn failed(error: impl std::fmt::Display) -> SdkError {
    SdkError::Network(error.to_string())
}
