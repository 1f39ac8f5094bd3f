//! A TLS server on loopback with certificates of the test's own authority.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose,
    date_time_ymd,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::server::TlsStream;

/// A certificate authority of one test.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        params
            .distinguished_name
            .push(DnType::CommonName, "the test's authority");
        let key = KeyPair::generate().unwrap();
        Self(CertifiedIssuer::self_signed(params, key).unwrap())
    }

    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    /// A certificate for a name, PEM.
    pub(crate) fn certificate_pem(&self, certified: &str) -> String {
        let params = CertificateParams::new(vec![certified.to_owned()]).unwrap();
        let key = KeyPair::generate().unwrap();
        params.signed_by(&key, &self.0).unwrap().pem()
    }

    /// A server's side of TLS with a certificate for `certified`, speaking `protocol`.
    pub(crate) fn acceptor_for(&self, certified: &str, protocol: &str) -> TlsAcceptor {
        self.acceptor(certified, false, protocol)
    }

    fn acceptor(&self, certified: &str, expired: bool, protocol: &str) -> TlsAcceptor {
        let mut params = CertificateParams::new(vec![certified.to_owned()]).unwrap();
        params.use_authority_key_identifier_extension = true;
        if expired {
            params.not_before = date_time_ymd(2020, 1, 1);
            params.not_after = date_time_ymd(2021, 1, 1);
        }
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        config.alpn_protocols = vec![protocol.into()];
        TlsAcceptor::from(Arc::new(config))
    }
}

/// What the server says to every request.
#[derive(Clone)]
pub(crate) enum Says {
    /// This, and no more.
    All(String),
    /// This, and then the letter x for ever.
    Endlessly(String),
}

/// A server; it ends with the test's runtime.
pub(crate) struct TlsServer {
    pub(crate) port: u16,
    requests: Arc<AtomicUsize>,
}

impl TlsServer {
    pub(crate) async fn start(authority: &Authority, certified: &str, says: Says) -> Self {
        Self::serve(authority.acceptor(certified, false, "http/1.1"), says).await
    }

    pub(crate) async fn start_expired(authority: &Authority, certified: &str, says: Says) -> Self {
        Self::serve(authority.acceptor(certified, true, "http/1.1"), says).await
    }

    async fn serve(acceptor: TlsAcceptor, says: Says) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&requests);
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (acceptor, says) = (acceptor.clone(), says.clone());
                let counted = Arc::clone(&counted);
                tokio::spawn(async move {
                    if let Ok(stream) = acceptor.accept(socket).await {
                        converse(stream, &says, &counted).await;
                    }
                });
            }
        });
        Self { port, requests }
    }

    /// Requests that came so far.
    pub(crate) fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

/// Reads one request and answers it; ends when the other side goes.
async fn converse(mut stream: TlsStream<TcpStream>, says: &Says, requests: &AtomicUsize) {
    let mut request = Vec::new();
    while !request.windows(4).any(|w| w == b"\r\n\r\n") {
        match stream.read_buf(&mut request).await {
            Ok(1..) => {}
            _ => return,
        }
    }
    requests.fetch_add(1, Ordering::SeqCst);
    let (Says::All(text) | Says::Endlessly(text)) = says;
    let mut written = stream.write_all(text.as_bytes()).await;
    while written.is_ok() && matches!(says, Says::Endlessly(_)) {
        written = stream.write_all(&[b'x'; 16 * 1_024]).await;
    }
    let _gone = stream.shutdown().await;
}

/// A response of HTTP/1.1.
pub(crate) fn http(status: &str, headers: &str, body: &str) -> String {
    let len = body.len();
    format!(
        "HTTP/1.1 {status}\r\n{headers}content-length: {len}\r\nconnection: close\r\n\r\n{body}"
    )
}
