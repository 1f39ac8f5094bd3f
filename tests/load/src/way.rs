//! How a device reaches its server: TCP, TLS where there is any, WebSocket.

use std::net::SocketAddr;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

/// Anything a WebSocket can run over.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// A WebSocket over any of them.
pub(crate) type Socket = WebSocketStream<Box<dyn Stream>>;

/// How a device reaches its server.
#[derive(Clone)]
pub(crate) struct Way {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// Its name in the certificate.
    pub(crate) host: String,
    /// TLS, or none.
    pub(crate) tls: Option<TlsConnector>,
}

impl Way {
    /// Connects, and asks for the sync socket of the device with this token.
    pub(crate) async fn upgrade(&self, token: &str) -> Result<Socket, String> {
        let scheme = if self.tls.is_some() { "wss" } else { "ws" };
        let url = format!("{scheme}://{}/client/v1/sync", self.host);
        let mut request = url.into_client_request().map_err(|e| e.to_string())?;
        let headers = request.headers_mut();
        let bearer = format!("Bearer {token}").parse().expect("a header");
        headers.insert("authorization", bearer);
        let protocol = "holm.v1.json".parse().expect("a header");
        headers.insert("sec-websocket-protocol", protocol);
        let stream = self.stream().await.map_err(|e| e.to_string())?;
        let opened = tokio_tungstenite::client_async(request, stream).await;
        let (socket, _response) = opened.map_err(|e| e.to_string())?;
        Ok(socket)
    }

    async fn stream(&self) -> std::io::Result<Box<dyn Stream>> {
        let tcp = TcpStream::connect(self.address).await?;
        tcp.set_nodelay(true)?;
        Ok(match &self.tls {
            None => Box::new(tcp),
            Some(tls) => {
                let host = self.host.clone().try_into().expect("a host name");
                Box::new(tls.connect(host, tcp).await?)
            }
        })
    }
}
