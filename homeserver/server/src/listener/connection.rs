//! One connection: handshake, protocol, requests, end.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::response::IntoResponse;
use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use super::Security;
use super::slots::{Counted, Slot};

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
            let builder = builder(HEAD_BEHIND_PROXY).http1_only();
            requests(builder, Counted::new(stream, slot), peer, router, stop).await
        }
        Security::Tls(acceptor) => {
            let stream = tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await??;
            let builder = match stream.get_ref().1.alpn_protocol() {
                Some(b"h2") => builder(HEAD).http2_only(),
                _ => builder(HEAD).http1_only(),
            };
            requests(builder, Counted::new(stream, slot), peer, router, stop).await
        }
    }
}

/// The bounds of both protocols. Which one it is was agreed on in the handshake, so nothing
/// waits for a first byte without a time limit.
fn builder(head: Duration) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(head)
        .max_buf_size(HEAD_LEN_MAX);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS_MAX)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_header_list_size(16 * 1024)
        .keep_alive_interval(PING_EVERY)
        .keep_alive_timeout(PING_ANSWER);
    builder
}

async fn requests<S>(
    builder: Builder<TokioExecutor>,
    stream: S,
    peer: SocketAddr,
    router: Router,
    stop: CancellationToken,
) -> Result<(), Error>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let service = hyper::service::service_fn(move |request| answer(router.clone(), peer, request));
    let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    }
}

async fn answer(
    router: Router,
    peer: SocketAddr,
    mut request: Request<Incoming>,
) -> Result<Response<Body>, std::convert::Infallible> {
    request.extensions_mut().insert(ConnectInfo(peer));
    let answer = router.oneshot(request.map(Body::new));
    match tokio::time::timeout(REQUEST, answer).await {
        Ok(response) => response,
        Err(_elapsed) => Ok(StatusCode::REQUEST_TIMEOUT.into_response()),
    }
}
