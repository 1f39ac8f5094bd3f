//! From an HTTP request to a WebSocket (RFC 6455 §4.2, SYNC-7).
//!
//! Done here and not by axum's extractor, because that one hides the stream below the socket: a
//! device whose frame was too large can only be told so (1009) if what it is still sending is
//! read and dropped, else the closing connection discards the close frame on its way.

use std::future::Future;

use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::response::Response;
use holm_client_types::frame::SUBPROTOCOL;
use holm_protocol::Problem;
use holm_protocol::limits::FRAME_IN_LEN_MAX;
use http::header::{
    CONNECTION, HeaderName, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL,
    SEC_WEBSOCKET_VERSION, UPGRADE,
};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, StatusCode, Version};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

use crate::api::Api;
use crate::refusal::{Refusal, malformed};

/// A WebSocket over a connection of the HTTP server.
pub(crate) type Socket = WebSocketStream<TokioIo<Upgraded>>;

/// A request that may become a WebSocket.
pub(crate) struct Upgrade {
    accept: HeaderValue,
    connection: OnUpgrade,
}

/// Bytes of the read and the write buffer: what an idle connection costs.
const BUFFER_LEN: usize = 4 * 1_024;

impl Upgrade {
    /// The 101 response, and the socket there is once it has been sent.
    pub(crate) fn accept(self) -> (Response, impl Future<Output = hyper::Result<Socket>>) {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let headers = response.headers_mut();
        headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(SEC_WEBSOCKET_ACCEPT, self.accept);
        headers.insert(
            SEC_WEBSOCKET_PROTOCOL,
            HeaderValue::from_static(SUBPROTOCOL),
        );
        let socket = async {
            let stream = TokioIo::new(self.connection.await?);
            Ok(WebSocketStream::from_raw_socket(stream, Role::Server, Some(config())).await)
        };
        (response, socket)
    }
}

/// Small buffers, and no frame over the limit (LIM-7).
pub(crate) fn config() -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(BUFFER_LEN)
        .write_buffer_size(BUFFER_LEN)
        .max_frame_size(Some(FRAME_IN_LEN_MAX))
        .max_message_size(Some(FRAME_IN_LEN_MAX))
}

impl FromRequestParts<Api> for Upgrade {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _api: &Api) -> Result<Self, Refusal> {
        check(parts)?;
        let key = parts.headers.get(SEC_WEBSOCKET_KEY);
        let key = key.ok_or_else(|| no_websocket("Sec-WebSocket-Key is missing"))?;
        let accept = HeaderValue::try_from(derive_accept_key(key.as_bytes()))
            .map_err(|e| malformed("the request", e))?;
        let connection = parts.extensions.remove::<OnUpgrade>();
        let connection =
            connection.ok_or_else(|| no_websocket("this connection cannot be upgraded"))?;
        Ok(Self { accept, connection })
    }
}

fn check(parts: &Parts) -> Result<(), Problem> {
    let headers = &parts.headers;
    let checks = [
        (
            parts.version == Version::HTTP_11 && parts.method == Method::GET,
            "it begins with GET over HTTP/1.1",
        ),
        (
            tokens(headers, CONNECTION).any(|t| t.eq_ignore_ascii_case("upgrade")),
            "the Connection header has to name upgrade",
        ),
        (
            tokens(headers, UPGRADE).any(|t| t.eq_ignore_ascii_case("websocket")),
            "the Upgrade header has to name websocket",
        ),
        (
            tokens(headers, SEC_WEBSOCKET_VERSION).eq(["13"]),
            "Sec-WebSocket-Version has to be 13",
        ),
        (
            subprotocols(headers).any(|protocol| protocol == SUBPROTOCOL),
            "the subprotocol holm.v1.json has to be offered",
        ),
    ];
    match checks.iter().find(|(holds, _)| !holds) {
        Some((_, why)) => Err(no_websocket(why)),
        None => Ok(()),
    }
}

/// The subprotocols a client offers.
pub(crate) fn subprotocols(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    tokens(headers, SEC_WEBSOCKET_PROTOCOL)
}

/// The members of a comma-separated header.
fn tokens(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
}

fn no_websocket(why: &str) -> Problem {
    malformed("this endpoint is a WebSocket", why)
}
