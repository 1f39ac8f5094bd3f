//! The listener over real sockets of loopback; waits are tokio's, with time paused.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_util::sync::CancellationToken;

use super::{Certificate, Listener, Security};
use crate::config::Connections;
use crate::lab::Authority;

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: islet.test\r\n\r\n";

struct Running {
    address: SocketAddr,
    stop: CancellationToken,
    task: tokio::task::JoinHandle<()>,
}

async fn serve(security: Security, caps: Connections) -> Running {
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let listener = Listener::new(socket, security, &caps);
    let (address, stop) = (listener.local_addr().unwrap(), CancellationToken::new());
    let router = Router::new().route("/", get(|| async { "here" }));
    let task = tokio::spawn(listener.serve(router, stop.clone()));
    Running {
        address,
        stop,
        task,
    }
}

/// One answer, without waiting for the end of the connection.
async fn ask(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> String {
    stream.write_all(REQUEST).await.unwrap();
    let mut answer = vec![0; 4_096];
    let len = stream.read(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer[..len]).into_owned()
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_sends_no_request_is_cut() {
    let running = serve(Security::Plain, Connections::default()).await;
    let mut slow = TcpStream::connect(running.address).await.unwrap();
    slow.write_all(b"GET / HT").await.unwrap();
    let mut rest = Vec::new();
    let _ = slow.read_to_end(&mut rest).await;
    assert!(!rest.starts_with(b"HTTP/1.1 200"), "{rest:?}");
}

// API-14
#[tokio::test(start_paused = true)]
async fn a_connection_that_sends_nothing_at_all_is_cut() {
    let running = serve(Security::Plain, Connections::default()).await;
    let mut silent = TcpStream::connect(running.address).await.unwrap();
    let mut rest = Vec::new();
    let _ = silent.read_to_end(&mut rest).await;
    assert!(
        rest.is_empty() || rest.starts_with(b"HTTP/1.1 408"),
        "{rest:?}"
    );
}

// API-14
#[tokio::test]
async fn a_request_that_names_no_host_or_two_is_refused_and_ends_its_connection() {
    let running = serve(Security::Plain, Connections::default()).await;
    for hosts in ["", "host: islet.test\r\nhost: skerry.test\r\n"] {
        let head = format!("GET / HTTP/1.1\r\n{hosts}\r\n");
        let answer = whole_answer(&running, head.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
        assert!(answer.contains("urn:holm:problem:malformed"), "{answer}");
    }
}

// API-14
#[tokio::test]
async fn what_comes_behind_a_body_in_chunks_is_no_request() {
    let running = serve(Security::Plain, Connections::default()).await;
    let lengths = ["", "content-length: 4\r\n"];
    for length in lengths {
        let head = format!("GET / HTTP/1.1\r\nhost: islet.test\r\n{length}");
        let body = "transfer-encoding: chunked\r\n\r\n0\r\n\r\n";
        let both = [head.as_bytes(), body.as_bytes(), REQUEST].concat();
        let answer = whole_answer(&running, &both).await;
        assert_eq!(answer.matches("HTTP/1.1 200").count(), 1, "{answer}");
    }
}

/// All that a server answers before it ends the connection.
async fn whole_answer(running: &Running, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    stream.write_all(request).await.unwrap();
    let mut answer = Vec::new();
    // What was not read of the request may reset the connection behind the answer.
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn an_address_has_so_many_connections_and_no_more() {
    let caps = Connections {
        max: 8,
        per_address_max: 2,
    };
    let running = serve(Security::Plain, caps).await;
    let mut first = TcpStream::connect(running.address).await.unwrap();
    let mut second = TcpStream::connect(running.address).await.unwrap();
    assert!(ask(&mut first).await.ends_with("here"));
    assert!(ask(&mut second).await.ends_with("here"));
    let mut third = TcpStream::connect(running.address).await.unwrap();
    let refused = third.read_to_end(&mut Vec::new()).await;
    assert!(!matches!(refused, Ok(1..)), "{refused:?}");
    assert!(ask(&mut first).await.ends_with("here"));
}

#[tokio::test]
async fn stopping_ends_idle_connections_and_refuses_new_ones() {
    let running = serve(Security::Plain, Connections::default()).await;
    let mut idle = TcpStream::connect(running.address).await.unwrap();
    assert!(ask(&mut idle).await.ends_with("here"));
    running.stop.cancel();
    running.task.await.unwrap();
    assert_eq!(idle.read_to_end(&mut Vec::new()).await.unwrap(), 0);
    assert!(TcpStream::connect(running.address).await.is_err());
}

#[tokio::test]
async fn tls_is_served_with_the_protocol_the_client_prefers() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::create(folder.path()).unwrap();
    let files = authority
        .issue(&["islet.test".to_owned()], folder.path())
        .unwrap();
    let certificate = Arc::new(Certificate::load(&files.cert, &files.key).unwrap());
    let acceptor = certificate.acceptor(&[b"h2", b"http/1.1"]).unwrap();
    let running = serve(Security::Tls(acceptor), Connections::default()).await;
    for version in [&rustls::version::TLS13, &rustls::version::TLS12] {
        let client = |alpn| connect(running.address, &authority, alpn, version);
        let h2 = client(vec![b"h2".to_vec(), b"http/1.1".to_vec()]).await;
        assert_eq!(h2.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
        let mut h1 = client(Vec::new()).await;
        assert!(ask(&mut h1).await.ends_with("here"));
    }
}

async fn connect(
    address: SocketAddr,
    authority: &Authority,
    alpn: Vec<Vec<u8>>,
    version: &'static rustls::SupportedProtocolVersion,
) -> tokio_rustls::client::TlsStream<TcpStream> {
    let mut roots = RootCertStore::empty();
    let root = CertificateDer::from_pem_slice(authority.root_pem().as_bytes()).unwrap();
    roots.add(root).unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[version])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = alpn;
    let stream = TcpStream::connect(address).await.unwrap();
    let name = ServerName::try_from("islet.test").unwrap();
    TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
        .unwrap()
}

#[test]
fn a_certificate_that_cannot_be_used_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::create(folder.path()).unwrap();
    let one = authority
        .issue(&["islet.test".to_owned()], &folder.path().join("1"))
        .unwrap();
    let two = authority
        .issue(&["islet.test".to_owned()], &folder.path().join("2"))
        .unwrap();
    let missing = folder.path().join("missing.pem");
    for (cert, key, fix) in [
        (&missing, &one.key, "set tls.cert"),
        (&one.key, &one.key, "set tls.cert"),
        (&one.cert, &missing, "set tls.key"),
        (&one.cert, &two.key, "from the same certificate"),
    ] {
        let error = Certificate::load(cert, key).unwrap_err().to_string();
        assert!(error.contains(fix), "{error}");
    }
}
