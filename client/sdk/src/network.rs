//! The way to servers: found through DNS, proven by TLS, one stream at a time.
//!
//! HTTP and the sync WebSocket run over streams that a [`Connector`] opens, so simulation replaces
//! one thing and nothing above it knows the difference. A device talks to its own server alone
//! (spec 07 §1, DISC-1 to DISC-4).

mod direct;
mod discovery;
mod http;
mod tls;

use std::net::SocketAddr;
use std::sync::Arc;

use futures::future::BoxFuture;
use holm_protocol::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::error::SdkError;

pub(crate) use http::{Answer, Request};

/// How servers are reached.
#[derive(Clone, Debug, Default)]
pub struct NetworkOptions {
    /// The server's address, like `https://127.0.0.1:8443`; without one it is found through DNS.
    pub base_url: Option<String>,
    /// Certificate authorities to trust beside the public ones, each a PEM file's content.
    pub extra_roots_pem: Vec<Vec<u8>>,
    /// DNS servers to ask; the system's where empty.
    pub dns_servers: Vec<SocketAddr>,
    /// Whether `http://` is taken, to this machine alone.
    pub allow_plain_http_on_loopback: bool,
}

/// A stream of bytes both ways.
pub trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// An open stream to a server that proved its name.
pub struct Link {
    /// The stream.
    pub stream: Box<dyn Duplex>,
    /// What stands in the Host header.
    pub authority: String,
    /// How the server was found, for people.
    pub found: String,
}

/// Opens streams to servers; the one thing to replace for a simulated network.
pub trait Connector: Send + Sync {
    /// Opens a stream to the server of `domain` and proves who answers.
    fn connect<'a>(&'a self, domain: &'a ServerName) -> BoxFuture<'a, Result<Link, SdkError>>;
}

/// The way to servers; a cheap clone shared by any number of devices.
#[derive(Clone)]
pub struct Network {
    connector: Arc<dyn Connector>,
}

impl Network {
    /// Over TCP and TLS.
    ///
    /// # Errors
    /// A base URL or certificate that cannot be used.
    pub fn new(options: NetworkOptions) -> Result<Self, SdkError> {
        Ok(Self::with_connector(Arc::new(direct::Direct::new(
            options,
        )?)))
    }

    /// Over another way to servers.
    pub fn with_connector(connector: Arc<dyn Connector>) -> Self {
        Self { connector }
    }

    /// Opens a stream for a WebSocket.
    pub(crate) async fn connect(&self, domain: &ServerName) -> Result<Link, SdkError> {
        self.connector.connect(domain).await
    }

    /// One exchange: a request, its answer.
    pub(crate) async fn exchange(
        &self,
        domain: &ServerName,
        request: Request,
    ) -> Result<Answer, SdkError> {
        http::exchange(self, domain, request).await
    }
}
