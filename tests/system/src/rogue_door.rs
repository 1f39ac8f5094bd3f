//! What a rogue answers to others: its document, KeyPackages, and a note of all it is told.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use holm_protocol::document::SignedDocument;
use holm_protocol::federation::KeyMaterialResponse;
use http::StatusCode;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::scene::Scene;

/// Answers a path and its body; `None` never answers.
pub type Answers = Box<dyn FnMut(&str, &[u8]) -> Option<(u16, String)> + Send>;

/// What a rogue answers, and what it was asked.
#[derive(Default)]
pub struct Door {
    /// The document it shows.
    pub document: Option<SignedDocument>,
    /// KeyPackages it gives, by the end of the path.
    pub key_packages: BTreeMap<String, KeyMaterialResponse>,
    /// Bodies it was sent, by path, the newest last.
    pub asked: Vec<(String, Vec<u8>)>,
    /// Status and body for everything else.
    pub answer: Option<(u16, String)>,
    /// Answers everything else before that one does.
    pub answers: Option<Answers>,
}

type Shared = Arc<Mutex<Door>>;

/// Opens a TLS listener for `domain`; its port.
pub(crate) async fn open_door(scene: &Scene, domain: &str, door: Shared) -> u16 {
    let names = [domain.to_owned(), format!("hs.{domain}")];
    let (chain, key) = scene
        .lab
        .authority
        .issue_pem(&names)
        .expect("a certificate");
    let acceptor = acceptor(&chain, &key);
    let tcp = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = tcp.local_addr().expect("an address").port();
    let router = Router::new().fallback(answer).with_state(door);
    let listener = TlsListener { tcp, acceptor };
    tokio::spawn(async move { axum::serve(listener, router).await });
    port
}

async fn answer(State(door): State<Shared>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().to_owned();
    let body = axum::body::to_bytes(body, 8 * 1_024 * 1_024)
        .await
        .unwrap_or_default();
    let answer = decide(&mut door.lock().expect("the door"), &path, &body);
    match answer {
        Some(answer) => answer,
        None => std::future::pending().await,
    }
}

fn decide(door: &mut Door, path: &str, body: &Bytes) -> Option<Response> {
    door.asked.push((path.to_owned(), body.to_vec()));
    if path == "/.well-known/holm" {
        return Some(json(&door.document));
    }
    let user = path.rsplit('/').next().unwrap_or_default();
    if let Some(packages) = door.key_packages.get(user) {
        return Some(json(packages));
    }
    let answer = match &mut door.answers {
        Some(answers) => answers(path, body)?,
        None => match &door.answer {
            Some(answer) => answer.clone(),
            None => return Some(StatusCode::NOT_FOUND.into_response()),
        },
    };
    let status = StatusCode::from_u16(answer.0).unwrap_or(StatusCode::IM_A_TEAPOT);
    let kind = match status.is_success() {
        true => "application/json",
        false => "application/problem+json",
    };
    Some((status, [(http::header::CONTENT_TYPE, kind)], answer.1).into_response())
}

fn json(value: &impl serde::Serialize) -> Response {
    let body = Bytes::from(serde_json::to_vec(value).expect("JSON"));
    ([(http::header::CONTENT_TYPE, "application/json")], body).into_response()
}

fn acceptor(chain: &str, key: &str) -> TlsAcceptor {
    let chain: Vec<CertificateDer<'static>> = rustls_pemfile::certs(&mut chain.as_bytes())
        .collect::<Result<_, _>>()
        .expect("a certificate");
    let key: PrivateKeyDer<'static> = rustls_pemfile::private_key(&mut key.as_bytes())
        .expect("a key")
        .expect("a key");
    let ring = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(ring)
        .with_safe_default_protocol_versions()
        .expect("TLS versions")
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .expect("a certificate with its key");
    TlsAcceptor::from(Arc::new(config))
}

/// Accepts TLS; connections that fail are passed over.
struct TlsListener {
    tcp: TcpListener,
    acceptor: TlsAcceptor,
}

impl axum::serve::Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let Ok((tcp, address)) = self.tcp.accept().await else {
                continue;
            };
            if let Ok(stream) = self.acceptor.accept(tcp).await {
                return (stream, address);
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        self.tcp.local_addr()
    }
}
