//! One connection: handshake, protocol, requests, end.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::response::IntoResponse;
use holm_protocol::{Code, Problem};
use http::header::{CONNECTION, HOST, TRANSFER_ENCODING};
use http::{HeaderValue, Request, Response, Version};
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use super::Security;
use super::slots::{Counted, Slot};
use crate::refusal::Refusal;

type Error = Box<dyn std::error::Error + Send + Sync>;

/// Time for the TLS handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// Time for the head of a request, also of the next one on a kept connection.
const HEAD: Duration = Duration::from_secs(10);
/// The same behind a proxy: longer than proxies keep idle connections, so that they close first
/// and never send into a closing connection. A slow client is the proxy's to cut.
const HEAD_BEHIND_PROXY: Duration = Duration::from_secs(75);
/// Time for a request as a whole, its body included.
const REQUEST: Duration = Duration::from_mins(2);
/// Bytes of a request's head, and of the buffer it is read into.
const HEAD_LEN_MAX: usize = 16 * 1024;
const HEADER_LIST_MAX: u32 = 16 * 1024;
/// Requests at once on one HTTP/2 connection.
const STREAMS_MAX: u32 = 128;
/// Unread bytes an HTTP/2 peer may send ahead, a stream and a connection.
const STREAM_WINDOW: u32 = 256 * 1024;
const CONNECTION_WINDOW: u32 = 1024 * 1024;
/// How often an idle HTTP/2 connection is pinged, and how long the answer may take.
const PING_EVERY: Duration = Duration::from_secs(30);
const PING_ANSWER: Duration = Duration::from_secs(10);

/// Serves one connection to its end.
pub(super) async fn serve(
    stream: TcpStream,
    peer: SocketAddr,
    slot: Slot,
    security: Security,
    router: Router,
    stop: CancellationToken,
) -> Result<(), Error> {
    match security {
        Security::Plain => {
            let stream = Counted::new(stream, slot);
            version_one(stream, HEAD_BEHIND_PROXY, peer, router, stop).await
        }
        Security::Tls(acceptor) => {
            let stream = tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await??;
            let is_two = stream.get_ref().1.alpn_protocol() == Some(b"h2");
            let stream = Counted::new(stream, slot);
            match is_two {
                true => version_two(stream, peer, router, stop).await,
                false => version_one(stream, HEAD, peer, router, stop).await,
            }
        }
    }
}

/// HTTP/1.1. Which version it is was agreed on in the handshake, and each is served by its own
/// code: what finds out by looking waits for a first byte without a time limit.
async fn version_one<S>(
    stream: S,
    head: Duration,
    peer: SocketAddr,
    router: Router,
    stop: CancellationToken,
) -> Result<(), Error>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let service = service_fn(move |request| answer(router.clone(), peer, request));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(head)
        .max_buf_size(HEAD_LEN_MAX)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        ended = connection.as_mut() => Ok(ended?),
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            Ok(connection.await?)
        }
    }
}

/// HTTP/2.
async fn version_two<S>(
    stream: S,
    peer: SocketAddr,
    router: Router,
    stop: CancellationToken,
) -> Result<(), Error>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let asked = Arc::new(AtomicBool::new(false));
    let asks = Arc::clone(&asked);
    let service = service_fn(move |request| {
        asks.store(true, Ordering::Relaxed);
        answer(router.clone(), peer, request)
    });
    let connection = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS_MAX)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_header_list_size(HEADER_LIST_MAX)
        .keep_alive_interval(PING_EVERY)
        .keep_alive_timeout(PING_ANSWER)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        ended = connection.as_mut() => Ok(ended?),
        () = asks_nothing(&asked) => Err("no request came in time".into()),
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            Ok(connection.await?)
        }
    }
}

/// Ends where a connection has asked nothing by the time that a head may take.
async fn asks_nothing(asked: &AtomicBool) {
    tokio::time::sleep(HEAD).await;
    if asked.load(Ordering::Relaxed) {
        std::future::pending::<()>().await;
    }
}

async fn answer(
    router: Router,
    peer: SocketAddr,
    mut request: Request<Incoming>,
) -> Result<Response<Body>, std::convert::Infallible> {
    let version_one = request.version() == Version::HTTP_11;
    if version_one && request.headers().get_all(HOST).iter().count() != 1 {
        return Ok(closing(refusal(Code::Malformed, "send one Host header")));
    }
    // The parser drops a Content-Length beside it, so nobody can tell any more: behind a proxy that
    // believed the other one, what follows would be somebody else's request (API-14).
    let in_chunks = version_one && request.headers().contains_key(TRANSFER_ENCODING);
    request.extensions_mut().insert(ConnectInfo(peer));
    let answer = router.oneshot(request.map(Body::new));
    let response = match tokio::time::timeout(REQUEST, answer).await {
        Ok(response) => response?,
        Err(_elapsed) => refusal(Code::Timeout, "the request took too long"),
    };
    Ok(if in_chunks {
        closing(response)
    } else {
        response
    })
}

/// A response that ends its connection.
fn closing(mut response: Response<Body>) -> Response<Body> {
    let close = HeaderValue::from_static("close");
    response.headers_mut().insert(CONNECTION, close);
    response
}

/// A problem that comes from no API.
fn refusal(code: Code, detail: &str) -> Response<Body> {
    Refusal::from(Problem::new(code, detail)).into_response()
}
