//! A homeserver that signs what it is told: its own name, DNS, certificate and keys.
//!
//! It signs by its own code, written from the spec, so a mistake in the real signer is not
//! repeated here.

use std::fmt::Write;
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use holm_protocol::document::{Document, ListedKey, SignedDocument};
use holm_protocol::{Hash, PrivateKey, ServerName};

use crate::answer::Answer;
use crate::rogue_door::{Door, open_door};
use crate::scene::{Scene, name, now_ms, random};

/// A peer that can be told to break each rule.
pub struct Rogue {
    /// Its name.
    pub name: ServerName,
    /// Signs its document.
    pub root: PrivateKey,
    /// Signs its requests, under the id `r1`.
    pub request_key: PrivateKey,
    /// Signs heads and orders, under the id `m1`.
    pub room_key: PrivateKey,
    /// What it answers to others.
    pub door: Arc<Mutex<Door>>,
    port: u16,
    http: reqwest::Client,
}

/// A request to be signed and sent.
#[derive(Clone, Debug, Default)]
pub struct Call {
    /// HTTP method.
    pub method: String,
    /// Path with query.
    pub path: String,
    /// Body.
    pub body: Vec<u8>,
    /// Which rule is broken.
    pub tamper: Tamper,
}

/// A way to break the signing rules.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Tamper {
    /// None.
    #[default]
    Nothing,
    /// The body is changed after signing.
    Body(Vec<u8>),
    /// Signed for another server.
    Destination(String),
    /// Signed with a key of this id, which the document does not list.
    KeyId(String),
    /// Created so many seconds off.
    Created(i64),
    /// This component is not covered.
    Uncovered(&'static str),
    /// No signature at all.
    Unsigned,
    /// The path is changed after signing.
    Path(String),
    /// Claims to be another server.
    Origin(String),
}

impl Rogue {
    /// Opens its door and publishes its DNS records, with its root pinned.
    ///
    /// # Panics
    /// Where the machine refuses.
    pub async fn start(scene: &Scene, domain: &str) -> Self {
        let door = Arc::new(Mutex::new(Door::default()));
        let port = open_door(scene, domain, Arc::clone(&door)).await;
        let rogue = Self {
            name: name(domain),
            root: PrivateKey::from_seed(&random()),
            request_key: PrivateKey::from_seed(&random()),
            room_key: PrivateKey::from_seed(&random()),
            door,
            port,
            http: scene.http(),
        };
        rogue.show(rogue.document(1).sign(&rogue.root));
        let root = rogue.root.public();
        scene
            .lab
            .dns
            .publish(&rogue.name, port, &root)
            .await
            .expect("DNS records");
        rogue
    }

    /// The port of its door.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// An honest document of this serial, valid for a day.
    pub fn document(&self, serial: u64) -> Document {
        let listed = |id: &str, key: &PrivateKey| ListedKey {
            id: id.into(),
            key: key.public(),
            from: 0,
            until: now_ms() + 24 * 3_600_000,
        };
        Document {
            name: self.name.clone(),
            base_url: format!("https://hs.{}:{}", self.name, self.port),
            versions: vec!["v1".into()],
            serial,
            expires: now_ms() + 24 * 3_600_000,
            request_keys: vec![listed("r1", &self.request_key)],
            room_keys: vec![listed("m1", &self.room_key)],
            successions: Vec::new(),
        }
    }

    /// Shows this document from now on.
    ///
    /// # Panics
    /// Where another test panicked at the door.
    pub fn show(&self, document: SignedDocument) {
        self.door.lock().expect("the door").document = Some(document);
    }

    /// Signs and sends a request to a real server.
    ///
    /// # Panics
    /// Where no answer comes.
    pub async fn call(&self, scene: &Scene, target: &str, call: &Call) -> Answer {
        let url = format!("{}{}", scene.base(target), call.sent_path());
        let method = http::Method::from_bytes(call.method.as_bytes()).expect("a method");
        let mut request = self.http.request(method, url);
        for (header, value) in self.headers(target, call) {
            request = request.header(header, value);
        }
        let request = request.header(http::header::CONTENT_TYPE, "application/json");
        let response = request
            .body(call.sent_body())
            .send()
            .await
            .expect("an answer");
        Answer::of(response).await
    }

    /// Posts JSON, signed as it should be.
    ///
    /// # Panics
    /// Where no answer comes.
    pub async fn post(
        &self,
        scene: &Scene,
        target: &str,
        path: &str,
        body: &impl serde::Serialize,
    ) -> Answer {
        let body = serde_json::to_vec(body).expect("JSON");
        let call = Call {
            method: "POST".into(),
            path: path.into(),
            body,
            tamper: Tamper::Nothing,
        };
        self.call(scene, target, &call).await
    }

    /// The signature headers, from the spec: chapter 04 §4.
    fn headers(&self, target: &str, call: &Call) -> Vec<(&'static str, String)> {
        if call.tamper == Tamper::Unsigned {
            return Vec::new();
        }
        let signed = self.signed_parts(target, call);
        let names: Vec<_> = signed
            .values
            .iter()
            .map(|(name, _)| format!("\"{name}\""))
            .collect();
        let parameters = format!(
            "({});created={};keyid=\"{}#{}\";tag=\"holm-fed-1\"",
            names.join(" "),
            signed.created,
            signed.origin,
            signed.key_id
        );
        let mut base = String::new();
        for (name, value) in &signed.values {
            writeln!(base, "\"{name}\": {value}").expect("a string");
        }
        write!(base, "\"@signature-params\": {parameters}").expect("a string");
        let signature = STANDARD.encode(self.request_key.sign_raw(base.as_bytes()).0);
        vec![
            ("content-digest", signed.digest),
            ("holm-origin", signed.origin),
            ("holm-destination", signed.destination),
            ("signature-input", format!("holm={parameters}")),
            ("signature", format!("holm=:{signature}:")),
        ]
    }

    fn signed_parts(&self, target: &str, call: &Call) -> SignedParts {
        let digest = format!("sha-256=:{}:", STANDARD.encode(Hash::sha256(&call.body).0));
        let (path, query) = call.path.split_once('?').unwrap_or((&call.path, ""));
        let origin = match &call.tamper {
            Tamper::Origin(origin) => origin.clone(),
            _ => self.name.to_string(),
        };
        let destination = match &call.tamper {
            Tamper::Destination(other) => other.clone(),
            _ => target.to_owned(),
        };
        let all = [
            ("@method", call.method.clone()),
            ("@path", path.to_owned()),
            ("@query", format!("?{query}")),
            ("content-digest", digest.clone()),
            ("holm-origin", origin.clone()),
            ("holm-destination", destination.clone()),
        ];
        let covered = |name: &str| call.tamper != Tamper::Uncovered(leak_free(name));
        let offset = match call.tamper {
            Tamper::Created(seconds) => seconds,
            _ => 0,
        };
        let key_id = match &call.tamper {
            Tamper::KeyId(id) => id.clone(),
            _ => "r1".into(),
        };
        SignedParts {
            created: (now_ms() / 1_000).saturating_add_signed(offset),
            values: all.into_iter().filter(|(name, _)| covered(name)).collect(),
            digest,
            origin,
            destination,
            key_id,
        }
    }
}

/// What a signature says, before it is made.
struct SignedParts {
    created: u64,
    values: Vec<(&'static str, String)>,
    digest: String,
    origin: String,
    destination: String,
    key_id: String,
}

/// The component of this name, as the constant it is.
fn leak_free(name: &str) -> &'static str {
    let all = [
        "@method",
        "@path",
        "@query",
        "content-digest",
        "holm-origin",
        "holm-destination",
    ];
    all.into_iter().find(|one| *one == name).unwrap_or_default()
}

impl Call {
    fn sent_body(&self) -> Vec<u8> {
        match &self.tamper {
            Tamper::Body(other) => other.clone(),
            _ => self.body.clone(),
        }
    }

    fn sent_path(&self) -> &str {
        match &self.tamper {
            Tamper::Path(other) => other,
            _ => &self.path,
        }
    }
}
