//! A homeserver of the kit: a name, DNS records, a certificate, keys, a document, a door. It does
//! what the spec says, and anything else when it is told to.

use std::sync::Arc;

use holm::lab::Authority;
use holm_protocol::signing::Label;
use holm_protocol::{PrivateKey, ServerName};
use rcgen::CertificateParams;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::door::{Asked, Door, Reply, serve};
use super::draft::{COMPONENTS, Draft};
use crate::chance::{letters, now_ms, random};
use crate::client_role::device::{base64, unbase64};
use crate::client_role::fault::{Check, During, wrong};
use crate::client_role::site::{self, exchange};
use crate::client_role::wire::Response;
use crate::kit::Kit;
use crate::target::Target;

/// A homeserver of the kit.
pub(crate) struct Homeserver {
    /// Its name.
    pub(crate) name: ServerName,
    /// Signs its document.
    pub(crate) root: PrivateKey,
    /// Signs its requests, under the id `r1`.
    pub(crate) request_key: PrivateKey,
    /// Signs heads and orders, under the id `m1`.
    pub(crate) room_key: PrivateKey,
    /// What it answers.
    pub(crate) door: Arc<Door>,
    /// The port it listens on.
    pub(crate) port: u16,
    /// What it was brought by.
    pub(crate) kit: Arc<Kit>,
    /// Where the server under test is.
    pub(crate) way: site::Door,
    /// Its name.
    pub(crate) target: String,
}

/// A certificate and its key, PEM.
pub(crate) type Certificate = (String, String);

const DAY_MS: u64 = 24 * 3_600_000;

impl Homeserver {
    /// A correct one of a name nobody used before, in DNS with its root pinned.
    pub(crate) async fn start(target: &Target, way: &site::Door) -> Check<Self> {
        let own = |authority: &Authority, domain: &ServerName| {
            authority.issue_pem(&[domain.to_string(), format!("hs.{domain}")])
        };
        let peer = Self::unpublished(target, way, |kit, name| {
            own(kit.authority(), name).map_err(|e| wrong(e.to_string()))
        });
        let peer = peer.await?;
        peer.publish().await?;
        Ok(peer)
    }

    /// One that is not in DNS yet, with the certificate given.
    pub(crate) async fn unpublished(
        target: &Target,
        way: &site::Door,
        certificate: impl FnOnce(&Kit, &ServerName) -> Check<Certificate>,
    ) -> Check<Self> {
        let kit = target
            .kit
            .clone()
            .ok_or_else(|| wrong("no kit".to_owned()))?;
        let name = format!("{}.test", letters(12));
        let name = ServerName::parse(&name).during("a server's name")?;
        let acceptor = acceptor(&certificate(&kit, &name)?)?;
        let listener = TcpListener::bind((kit.address, 0)).await.during("a port")?;
        let port = listener.local_addr().during("a port")?.port();
        let door = Arc::new(Door::default());
        tokio::spawn(serve(listener, acceptor, Arc::clone(&door)));
        let peer = Self {
            name,
            root: PrivateKey::from_seed(&random()),
            request_key: PrivateKey::from_seed(&random()),
            room_key: PrivateKey::from_seed(&random()),
            door,
            port,
            kit,
            way: way.clone(),
            target: target.domain.clone(),
        };
        peer.door.rule(as_the_spec_says);
        peer.show(&peer.document());
        Ok(peer)
    }

    /// Puts it into DNS, its root pinned.
    pub(crate) async fn publish(&self) -> Check {
        let root = self.root.public();
        let published = self.kit.publish(&self.name, self.port, Some(&root)).await;
        published.during("DNS")
    }

    /// A URI of one of its users.
    pub(crate) fn user(&self, name: &str) -> String {
        format!("mimi://{}/u/{name}", self.name)
    }

    /// A correct document, in JSON as the spec writes it (DOC-2).
    pub(crate) fn document(&self) -> Value {
        json!({
            "name": self.name,
            "base_url": format!("https://hs.{}:{}", self.name, self.port),
            "versions": ["v1"],
            "serial": 1,
            "expires": now_ms() + DAY_MS,
            "request_keys": [listed("r1", &self.request_key)],
            "room_keys": [listed("m1", &self.room_key)],
        })
    }

    /// Shows a document, signed by its root, from now on.
    pub(crate) fn show(&self, document: &Value) {
        self.show_bytes(document.to_string().as_bytes());
    }

    /// Shows these bytes as its document, signed by its root.
    pub(crate) fn show_bytes(&self, document: &[u8]) {
        self.answer_document(Reply::json(&signed_document(document, &self.root)));
    }

    /// Answers those who ask for its document.
    pub(crate) fn answer_document(&self, reply: Reply) {
        self.door.answer("/.well-known/holm", reply);
    }

    /// A correct request to the server under test, to be changed or signed.
    pub(crate) fn draft(&self, method: &str, target: &str, body: Vec<u8>) -> Draft {
        Draft {
            method: method.to_owned(),
            target: target.to_owned(),
            body,
            origin: self.name.to_string(),
            destination: self.target.clone(),
            key_id: "{origin}#r1".to_owned(),
            key: self.request_key.clone(),
            created: i64::try_from(now_ms() / 1_000).unwrap_or_default(),
            components: COMPONENTS.map(str::to_owned).to_vec(),
            divider: " ".to_owned(),
            parameters: ";created={created};keyid=\"{keyid}\";tag=\"holm-fed-1\"".to_owned(),
            label: "holm".to_owned(),
            digest: "sha-256=:{sha256}:".to_owned(),
            signature: "{label}=:{signature}:".to_owned(),
            headers: vec![("content-type".to_owned(), b"application/json".to_vec())],
            flipped: None,
            after: Vec::new(),
        }
    }

    /// Signs a request as it says and sends it.
    pub(crate) async fn send(&self, draft: &Draft) -> Check<Response> {
        exchange(&self.way, &draft.sealed()).await
    }

    /// Posts JSON as the spec says.
    pub(crate) async fn post(&self, target: &str, body: &Value) -> Check<Response> {
        let body = body.to_string().into_bytes();
        self.send(&self.draft("POST", target, body)).await
    }

    /// Asks as the spec says.
    pub(crate) async fn get(&self, target: &str) -> Check<Response> {
        self.send(&self.draft("GET", target, Vec::new())).await
    }

    /// The request that every server answers any other with 200: no rooms to compare (FED-6).
    pub(crate) fn greeting(&self) -> Draft {
        self.draft("POST", "/federation/v1/heads", b"{\"rooms\":[]}".to_vec())
    }

    /// It is known and answered as the spec says.
    pub(crate) async fn is_taken(&self) -> Check {
        let answer = self.send(&self.greeting()).await?;
        answer
            .expect_good()
            .during("a correct request of a correct peer")
    }
}

/// A key as a document lists it, valid for a day.
pub(crate) fn listed(id: &str, key: &PrivateKey) -> Value {
    json!({ "id": id, "key": key.public(), "from": 0, "until": now_ms() + DAY_MS })
}

/// A document as it is served (DOC-1, DOC-2).
pub(crate) fn signed_document(document: &[u8], root: &PrivateKey) -> Value {
    let signature = root.sign(Label::DOCUMENT, &[document]);
    json!({
        "document": base64(document),
        "root": root.public(),
        "signature": base64(&signature.0),
    })
}

/// What a correct homeserver that has no rooms answers; a follower takes all that is brought.
fn as_the_spec_says(asked: &Asked) -> Option<Reply> {
    let body: Value = serde_json::from_slice(&asked.body).unwrap_or_default();
    match asked.target.as_str() {
        "/federation/v1/heads" => Some(Reply::json(
            &json!({ "rooms": [], "token": "", "more": false }),
        )),
        "/federation/v1/notify" => {
            let rooms = body["rooms"].as_array().cloned().unwrap_or_default();
            let taken: Vec<_> = rooms.iter().map(taken).collect();
            Some(Reply::json(&json!({ "rooms": taken })))
        }
        _ => None,
    }
}

/// How far a follower is that takes everything.
fn taken(page: &Value) -> Value {
    let last = page["events"].as_array().and_then(|events| events.last());
    let event = last.and_then(|last| unbase64(last).ok());
    let event = event.and_then(|bytes| holm_protocol::Event::from_bytes(&bytes).ok());
    json!({ "room": page["room"], "cursor": event.map_or(0, |event| event.header.seq) })
}

/// Shows a certificate; HTTP/1.1 alone.
fn acceptor((chain, key): &Certificate) -> Check<TlsAcceptor> {
    let mut pem = chain.as_bytes();
    let chain: Result<Vec<CertificateDer<'static>>, _> = rustls_pemfile::certs(&mut pem).collect();
    let chain = chain.during("a certificate")?;
    let key = rustls_pemfile::private_key(&mut key.as_bytes()).during("a key")?;
    let key: PrivateKeyDer<'static> = key.ok_or_else(|| wrong("no key".to_owned()))?;
    let ring = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(ring)
        .with_safe_default_protocol_versions()
        .during("TLS")?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .during("a certificate with its key")?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// Certificate parameters for names.
pub(crate) fn certificate_for(names: &[String]) -> Check<CertificateParams> {
    let mut params = CertificateParams::new(names).during("a certificate")?;
    params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth];
    Ok(params)
}
