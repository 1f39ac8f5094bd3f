//! A homeserver's client API, called without a network.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use axum::Router;
use axum::body::{Body, to_bytes};
use bytes::Bytes;
use holm_client_types::endpoint::CLIENT;
use holm_core::ports::{Account, Clock, Consent, EnrolledDevice, Future, NoCrash, Rng, Tasks};
use holm_core::{Homeserver, Identity, Keyring, Ports, Registration, Settings};
use holm_protocol::endpoint::Endpoint;
use holm_protocol::identity::DeviceIdentity;
use holm_protocol::{Base64Url, DeviceUri, Hash, PrivateKey, Problem, ServerName};
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::request::Builder;
use http::{HeaderMap, Request, StatusCode};
use tower::ServiceExt;

use super::stub_peers::NoPeers;
use super::stub_stores::Stores;
use crate::doc::Doc;
use crate::router::docs;
use crate::{Sockets, router};

/// The site's time, milliseconds since 1970.
pub(super) const NOW_MS: u64 = 1_700_000_000_000;

pub(super) struct Site {
    pub(super) router: Router,
    pub(super) sockets: Sockets,
    pub(super) stores: Arc<Stores>,
}

/// An answer, read to its end.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

struct Ambient(AtomicU8);

impl Clock for Ambient {
    fn now_ms(&self) -> u64 {
        NOW_MS
    }
}

impl Rng for Ambient {
    fn fill(&self, out: &mut [u8]) {
        out.fill(self.0.fetch_add(1, Ordering::Relaxed));
    }
}

impl Tasks for Ambient {
    fn spawn(&self, _name: &'static str, work: Future<'static, ()>) {
        tokio::spawn(work);
    }

    fn compute<'a>(&'a self, work: Box<dyn FnOnce() + Send + 'static>) -> Future<'a, ()> {
        work();
        Box::pin(async {})
    }
}

impl Site {
    pub(super) fn new() -> Self {
        let (stores, ambient) = (Arc::new(Stores::default()), Arc::new(Ambient(1.into())));
        let ports = Ports {
            clock: ambient.clone(),
            rng: ambient.clone(),
            tasks: ambient,
            log: stores.clone(),
            accounts: stores.clone(),
            key_packages: stores.clone(),
            rooms: stores.clone(),
            held: stores.clone(),
            peers: Arc::new(NoPeers),
            crash_points: Arc::new(NoCrash),
        };
        let key = |n| PrivateKey::from_seed(&[n; 32]);
        let name = ServerName::parse("islet.test").unwrap();
        let keys = Keyring::first(key(1), key(2), key(3));
        let identity = Identity::new(name, "https://islet.test", keys);
        let settings = Settings {
            registration: Registration::Open,
        };
        let sockets = Sockets::new();
        let homeserver = Homeserver::new(ports, identity, settings);
        Self {
            router: router(homeserver, sockets.clone()),
            sockets,
            stores,
        }
    }

    /// The token of a device that has only logged in.
    pub(super) fn fresh_token(&self) -> String {
        self.token_of("fresh", 7, |_| None)
    }

    /// The token of an enrolled device.
    pub(super) fn enrolled_token(&self) -> String {
        self.token_of("enrolled", 8, |device| {
            let mls_key = PrivateKey::from_seed(&[9; 32]).public();
            Some(EnrolledDevice {
                identity: certified(device, &mls_key),
                mls_key,
            })
        })
    }

    fn token_of(
        &self,
        name: &str,
        n: u8,
        enrolled: impl Fn(&DeviceUri) -> Option<EnrolledDevice>,
    ) -> String {
        let device = format!("mimi://islet.test/d/{name}/abc");
        let device = DeviceUri::parse(&device).unwrap();
        let account = Account {
            user: device.user(),
            password_hash: String::new(),
            device: enrolled(&device),
            consent: Consent::Anyone,
        };
        let mut accounts = self.stores.accounts.lock().unwrap();
        accounts.insert(device.user(), account);
        let mut tokens = self.stores.tokens.lock().unwrap();
        tokens.insert(Hash::sha256(&[n; 32]), device);
        Base64Url::to_text(&[n; 32])
    }

    /// Calls; a problem that the endpoint's description leaves out fails the test (API-12).
    pub(super) async fn answer(&self, request: Request<Body>) -> Answer {
        let (method, path) = (
            request.method().to_string(),
            request.uri().path().to_owned(),
        );
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let answer = Answer {
            status: parts.status,
            headers: parts.headers,
            body: to_bytes(body, usize::MAX).await.unwrap(),
        };
        if !answer.status.is_success() {
            let code = answer.problem().code;
            let described = described(&method, &path);
            assert!(
                described.is_none_or(|d| d.problems().contains(&code)),
                "{code:?}"
            );
        }
        answer
    }

    /// Calls with a token and without a body.
    pub(super) async fn get(&self, token: &str, path: &str) -> Answer {
        let request = Request::get(path).header(AUTHORIZATION, format!("Bearer {token}"));
        self.answer(request.body(Body::empty()).unwrap()).await
    }

    /// Calls with a JSON body.
    pub(super) async fn send(&self, request: Builder, json: impl Into<Body>) -> Answer {
        let request = request.header(CONTENT_TYPE, "application/json");
        self.answer(request.body(json.into()).unwrap()).await
    }
}

impl Answer {
    /// The problem, which every refusal is, with its status in it (PROB-1, API-1).
    pub(super) fn problem(&self) -> Problem {
        assert_eq!(self.headers[CONTENT_TYPE], "application/problem+json");
        let problem: Problem = serde_json::from_slice(&self.body).unwrap();
        assert_eq!(problem.status, self.status.as_u16());
        assert_eq!(
            problem.kind,
            format!("urn:holm:problem:{}", problem.code.as_str())
        );
        problem
    }
}

/// The description of the endpoint that serves a request.
fn described(method: &str, path: &str) -> Option<Doc> {
    let is_place = |segment: &str| segment.starts_with('{');
    let serves = |doc: &Doc| {
        let pattern: Vec<_> = doc.endpoint.path.split('/').collect();
        let segments: Vec<_> = path.split('/').collect();
        let fits = |(p, s): (&&str, &&str)| p == s || is_place(p);
        doc.endpoint.method == method
            && pattern.len() == segments.len()
            && pattern.iter().zip(&segments).all(fits)
    };
    docs().into_iter().find(serves)
}

/// A device's identity, certified for its key.
pub(super) fn certified(device: &DeviceUri, mls_key: &holm_protocol::PublicKey) -> DeviceIdentity {
    let now = NOW_MS / 1_000;
    let user = PrivateKey::from_seed(&[5; 32]);
    DeviceIdentity::certify(device.clone(), mls_key, &user, 0, (now, now + 1_000))
}

/// Every endpoint, with names in its path that parse.
pub(super) fn endpoints() -> impl Iterator<Item = (Endpoint, String)> {
    CLIENT.iter().map(|endpoint| {
        let path = endpoint
            .path
            .replace("{user}", "mimi%3A%2F%2Fislet.test%2Fu%2Falice")
            .replace("{room}", "mimi%3A%2F%2Fislet.test%2Fr%2Fabc")
            .replace("{server}", "skerry.test");
        (*endpoint, path)
    })
}
