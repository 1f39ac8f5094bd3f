//! Streams of the simulated network, for what production reaches over TCP and TLS.
//!
//! There is no TLS: who answers is known from the address, and a host whose name is not the one
//! wanted is refused, as its certificate would be.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use holm_core::ports::{Exchange, ExchangeError, Future};
use holm_federation::Route;
use holm_protocol::ServerName;
use holm_protocol::endpoint::HEADS;
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
use crate::holes::leave_one_out;
use crate::plan::{Plan, server_name};
use crate::sides::{HUB, Sides};

/// The port of every server.
pub const PORT: u16 = 443;
/// Path of messages that a follower brings to a hub.
const SUBMITTED: &str = "/federation/v1/submitMessage/";
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

/// Connections to one address.
type Pool = Client<ToAddress, Full<Bytes>>;

/// A server's way to other servers; made inside its host, whose tasks it uses.
pub struct SimExchange {
    /// One for each address: one for all would end what is idle in the order of a HashMap.
    clients: Mutex<BTreeMap<SocketAddr, Pool>>,
    dice: Arc<Dice>,
    /// Of a hundred calls, so many arrive twice.
    twice: u64,
    /// Of a hundred calls, so many lose their answer.
    unanswered: u64,
    /// Of a hundred pages that are asked for, so many lack an event.
    holed: u64,
    /// Of a hundred messages to a split hub, so many are told to its other half as well.
    across: u64,
    /// Followers do not show each other heads.
    mute: bool,
    way: Way,
}

/// Whose calls these are, and how a split hub arranges them.
pub struct Way {
    /// The host that calls.
    pub from: String,
    /// The split.
    pub sides: Arc<Sides>,
}

impl SimExchange {
    /// A client without connections, with the mischief of a plan.
    pub fn new(plan: &Plan, dice: &Arc<Dice>, way: Way) -> Self {
        Self {
            clients: Mutex::default(),
            dice: Arc::clone(dice),
            twice: plan.calls_twice,
            unanswered: plan.answers_lost,
            across: plan.fork.as_ref().map_or(0, |fork| fork.across),
            mute: plan.fork.as_ref().is_some_and(|fork| fork.mute),
            holed: plan.pages_holed,
            way,
        }
    }

    fn client(&self, address: SocketAddr) -> Pool {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || {
            let mut builder = Client::builder(TokioExecutor::new());
            builder
                .pool_timer(TokioTimer::new())
                .pool_idle_timeout(KEPT);
            builder.build(ToAddress)
        };
        clients.entry(address).or_insert_with(new).clone()
    }

    /// As the network pleases: once or twice, with an answer or without, or with less of one.
    async fn carry(&self, request: Request<Bytes>) -> Result<Response<Bytes>, String> {
        if self.dice.happens(self.twice) {
            let _first = self.send(request.clone()).await;
            tokio::time::sleep(self.dice.millis(0, 2_000)).await;
        }
        let path = request.uri().path().to_owned();
        let mut answer = self.send(request).await;
        if let Ok(whole) = &mut answer
            && self.dice.happens(self.holed)
            && let Some(holed) = leave_one_out(&path, whole.body())
        {
            *whole.body_mut() = holed;
        }
        match self.dice.happens(self.unanswered) {
            true => Err("the answer was lost".to_owned()),
            false => answer,
        }
    }

    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, String> {
        let route = request.extensions().get::<Route>().cloned();
        let route = route.ok_or("the request carries no checked address")?;
        let address = route.addresses().next().ok_or("the route has no address")?;
        let host = check_name(address, route.names())?;
        let path = request.uri().path();
        if self.mute && path == HEADS.path && host != server_name(HUB) {
            return Err("heads are not shown".to_owned());
        }
        let across = self.way.sides.across(&self.way.from, &host);
        if let Some(other) = across.filter(|_| path.starts_with(SUBMITTED))
            && self.dice.happens(self.across)
        {
            drop(self.send_to(&other, address.port(), request.clone()).await);
        }
        let way = self.way.sides.way(&self.way.from, &host);
        let host = way.ok_or("the host does not answer")?;
        self.send_to(&host, address.port(), request).await
    }

    async fn send_to(
        &self,
        host: &str,
        port: u16,
        mut request: Request<Bytes>,
    ) -> Result<Response<Bytes>, String> {
        let address = SocketAddr::new(turmoil::lookup(host), port);
        let rest = request.uri().path_and_query().map_or("/", |p| p.as_str());
        let uri = format!("http://{address}{rest}").parse::<Uri>();
        *request.uri_mut() = uri.map_err(|e| e.to_string())?;
        let (head, body) = self
            .client(address)
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

/// The host; one that could not prove one of the names is refused.
fn check_name(address: SocketAddr, names: &[String]) -> Result<String, String> {
    let host = turmoil::reverse_lookup(address.ip()).unwrap_or_default();
    match names.contains(&host) {
        true => Ok(host),
        false => Err(format!("the certificate is {host}'s")),
    }
}

/// A device's way to its server.
pub struct SimConnector {
    /// Names.
    pub dns: Arc<Dns>,
    /// The way.
    pub way: Way,
}

impl Connector for SimConnector {
    fn connect<'a>(&'a self, domain: &'a ServerName) -> BoxFuture<'a, Result<Link, SdkError>> {
        Box::pin(async move {
            let failed = |why: String| SdkError::Network(why);
            let address = self.dns.address(domain.as_str()).map_err(failed)?;
            let address = SocketAddr::new(address, PORT);
            let host = check_name(address, &[domain.to_string()]).map_err(failed)?;
            let way = self.way.sides.way(&self.way.from, &host);
            let host = way.ok_or_else(|| failed("the host does not answer".to_owned()))?;
            let address = SocketAddr::new(turmoil::lookup(host), PORT);
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
