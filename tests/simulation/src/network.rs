//! Streams of the simulated network, for what production reaches over TCP and TLS.
//!
//! There is no TLS: who answers is known from the address, and a host whose name is not the one
//! wanted is refused, as its certificate would be.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use holm_core::ports::{Exchange, ExchangeError, Future};
use holm_federation::Route;
use holm_protocol::ServerName;
use holm_protocol::limits::FEDERATION_BODY_LEN_MAX;
use holm_sdk::{Connector, Link, SdkError};
use http::{Request, Response, Uri};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::client::legacy::{Client, connect};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::timeout;
use turmoil::net::{TcpListener, TcpStream};

use crate::dice::Dice;
use crate::dns::Dns;
use crate::plan::Plan;

/// The port of every server.
pub const PORT: u16 = 443;
/// Time for one connection.
const CONNECT_MAX: Duration = Duration::from_secs(3);
/// Time for one exchange, as in production.
const EXCHANGE_MAX: Duration = Duration::from_secs(15);
/// How long a connection is kept for the next exchange.
const KEPT: Duration = Duration::from_secs(10);

/// A server's listener.
pub struct Door(pub TcpListener);

impl axum::serve::Listener for Door {
    type Io = TcpStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (TcpStream, SocketAddr) {
        loop {
            match self.0.accept().await {
                Ok(accepted) => return accepted,
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

/// A stream that hyper's client takes.
struct Stream(TcpStream);

impl connect::Connection for Stream {
    fn connected(&self) -> connect::Connected {
        connect::Connected::new()
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

/// Opens connections to the address in a URI.
#[derive(Clone)]
struct ToAddress;

impl tower::Service<Uri> for ToAddress {
    type Response = TokioIo<Stream>;
    type Error = io::Error;
    type Future = BoxFuture<'static, io::Result<Self::Response>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        Box::pin(async move {
            let authority = uri.authority().map_or("", |a| a.as_str());
            let address: SocketAddr = authority.parse().map_err(io::Error::other)?;
            let stream = timeout(CONNECT_MAX, TcpStream::connect(address)).await??;
            Ok(TokioIo::new(Stream(stream)))
        })
    }
}

/// A server's way to other servers; made inside its host, whose tasks it uses.
pub struct SimExchange {
    client: Client<ToAddress, Full<Bytes>>,
    dice: Arc<Dice>,
    /// Of a hundred calls, so many arrive twice.
    twice: u64,
    /// Of a hundred calls, so many lose their answer.
    unanswered: u64,
}

impl SimExchange {
    /// A client without connections, with the mischief of a plan.
    pub fn new(plan: &Plan, dice: &Arc<Dice>) -> Self {
        let mut builder = Client::builder(TokioExecutor::new());
        builder
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(KEPT);
        Self {
            client: builder.build(ToAddress),
            dice: Arc::clone(dice),
            twice: plan.calls_twice,
            unanswered: plan.answers_lost,
        }
    }

    /// As the network pleases: once or twice, with an answer or without.
    async fn carry(&self, request: Request<Bytes>) -> Result<Response<Bytes>, String> {
        if self.dice.happens(self.twice) {
            let _first = self.send(request.clone()).await;
            tokio::time::sleep(self.dice.millis(0, 2_000)).await;
        }
        let answer = self.send(request).await;
        match self.dice.happens(self.unanswered) {
            true => Err("the answer was lost".to_owned()),
            false => answer,
        }
    }

    async fn send(&self, mut request: Request<Bytes>) -> Result<Response<Bytes>, String> {
        let route = request.extensions().get::<Route>().cloned();
        let route = route.ok_or("the request carries no checked address")?;
        let address = route.addresses().next().ok_or("the route has no address")?;
        check_name(address, route.names())?;
        let rest = request.uri().path_and_query().map_or("/", |p| p.as_str());
        let uri = format!("http://{address}{rest}").parse::<Uri>();
        *request.uri_mut() = uri.map_err(|e| e.to_string())?;
        let (head, body) = self
            .client
            .request(request.map(Full::new))
            .await
            .map_err(|e| e.to_string())?
            .into_parts();
        let body = Limited::new(body, FEDERATION_BODY_LEN_MAX).collect().await;
        let body = body.map_err(|e| e.to_string())?.to_bytes();
        Ok(Response::from_parts(head, body))
    }
}

impl Exchange for SimExchange {
    fn call(&self, request: Request<Bytes>) -> Future<'_, Result<Response<Bytes>, ExchangeError>> {
        Box::pin(async move {
            timeout(EXCHANGE_MAX, self.carry(request))
                .await
                .unwrap_or_else(|_elapsed| Err("no answer in time".to_owned()))
                .map_err(ExchangeError)
        })
    }
}

/// Refuses a host that could not prove one of the names.
fn check_name(address: SocketAddr, names: &[String]) -> Result<(), String> {
    let host = turmoil::reverse_lookup(address.ip()).unwrap_or_default();
    match names.contains(&host) {
        true => Ok(()),
        false => Err(format!("the certificate is {host}'s")),
    }
}

/// A device's way to its server.
pub struct SimConnector(pub Arc<Dns>);

impl Connector for SimConnector {
    fn connect<'a>(&'a self, domain: &'a ServerName) -> BoxFuture<'a, Result<Link, SdkError>> {
        Box::pin(async move {
            let failed = |why: String| SdkError::Network(why);
            let address = self.0.address(domain.as_str()).map_err(failed)?;
            let address = SocketAddr::new(address, PORT);
            check_name(address, &[domain.to_string()]).map_err(failed)?;
            let stream = timeout(CONNECT_MAX, TcpStream::connect(address))
                .await
                .map_err(|_elapsed| SdkError::TimedOut("connecting to the server"))?
                .map_err(|e| failed(e.to_string()))?;
            Ok(Link {
                stream: Box::new(stream),
                authority: domain.to_string(),
                found: "by simulated DNS".to_owned(),
            })
        })
    }
}
