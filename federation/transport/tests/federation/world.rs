//! A network and a DNS that do what a test says, with a clock that stands still.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use holm_core::ports::{
    Clock, Exchange, ExchangeError, Future, PeerStore, Rng, RootMemory, Stored,
};
use holm_core::{Identity, Keyring, SigningKey};
use holm_federation::{
    AddressGuard, QuotaLimits, Resolve, ResolveError, Resolved, Route, SrvTarget, Transport,
    TransportParts, TransportSettings,
};
use holm_protocol::document::SignedDocument;
use holm_protocol::{Base64Url, PrivateKey, ServerName};
use http::{Request, Response};

/// 2026-01-01, milliseconds since 1970.
pub(crate) const START_MS: u64 = 1_767_225_600_000;

pub(crate) fn name(text: &str) -> ServerName {
    ServerName::parse(text).unwrap()
}

/// Name and keys made from one number.
pub(crate) fn identity(server: &str, seed: u8, serial: u64) -> Identity {
    let key = |n| PrivateKey::from_seed(&[seed + n; 32]);
    let keys = Keyring {
        root: key(0),
        successions: Vec::new(),
        serial,
        request_keys: vec![SigningKey::first(format!("r{serial}"), key(1))],
        room_keys: vec![SigningKey::first(format!("m{serial}"), key(2))],
    };
    Identity::new(name(server), format!("https://{server}"), keys)
}

/// A clock that the test moves.
pub(crate) struct TestClock(AtomicU64);

impl TestClock {
    pub(crate) fn advance(&self, ms: u64) {
        self.0.fetch_add(ms, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now_ms(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}

/// The same number always.
pub(crate) struct TestRng;

impl Rng for TestRng {
    fn fill(&self, out: &mut [u8]) {
        out.fill(0xff);
    }
}

/// What is remembered of peers.
#[derive(Default)]
pub(crate) struct Remembered(
    Mutex<BTreeMap<ServerName, SignedDocument>>,
    Mutex<BTreeMap<ServerName, RootMemory>>,
    Mutex<BTreeSet<ServerName>>,
);

impl PeerStore for Remembered {
    fn document<'a>(&'a self, server: &'a ServerName) -> Stored<'a, Option<SignedDocument>> {
        let document = self.0.lock().unwrap().get(server).cloned();
        Box::pin(async move { Ok(document) })
    }

    fn put_document<'a>(
        &'a self,
        server: &'a ServerName,
        document: &'a SignedDocument,
    ) -> Stored<'a, ()> {
        let mut documents = self.0.lock().unwrap();
        documents.insert(server.clone(), document.clone());
        Box::pin(async { Ok(()) })
    }

    fn root_memory<'a>(&'a self, server: &'a ServerName) -> Stored<'a, RootMemory> {
        let memory = self.1.lock().unwrap().get(server).copied();
        Box::pin(async move { Ok(memory.unwrap_or_default()) })
    }

    fn put_root_memory<'a>(
        &'a self,
        server: &'a ServerName,
        memory: &'a RootMemory,
    ) -> Stored<'a, ()> {
        self.1.lock().unwrap().insert(server.clone(), *memory);
        Box::pin(async { Ok(()) })
    }

    fn replaced(&self) -> Stored<'_, Vec<ServerName>> {
        let memories = self.1.lock().unwrap().clone().into_iter();
        let replaced = memories.filter(|(_, memory)| memory.replaced);
        let replaced = replaced.map(|(server, _)| server).collect();
        Box::pin(async move { Ok(replaced) })
    }

    fn blocked(&self) -> Stored<'_, Vec<ServerName>> {
        let blocked = self.2.lock().unwrap().iter().cloned().collect();
        Box::pin(async move { Ok(blocked) })
    }

    fn set_blocked<'a>(&'a self, server: &'a ServerName, blocked: bool) -> Stored<'a, ()> {
        let mut all = self.2.lock().unwrap();
        if blocked {
            all.insert(server.clone());
        } else {
            all.remove(server);
        }
        Box::pin(async { Ok(()) })
    }
}

/// A DNS that a test writes into.
#[derive(Default)]
pub(crate) struct Dns(Mutex<Zone>);

#[derive(Default)]
struct Zone {
    srv: BTreeMap<String, Vec<SrvTarget>>,
    txt: BTreeMap<String, Vec<String>>,
    hosts: BTreeMap<String, Vec<IpAddr>>,
    fails: bool,
}

impl Dns {
    pub(crate) fn srv(&self, server: &str, priority: u16, port: u16, target: &str) {
        let record = SrvTarget {
            priority,
            weight: 1,
            port,
            target: target.to_owned(),
        };
        let mut zone = self.0.lock().unwrap();
        let records = zone.srv.entry(format!("_holm._tcp.{server}")).or_default();
        records.push(record);
    }

    pub(crate) fn host(&self, host: &str, address: &str) {
        let addresses = vec![address.parse().unwrap()];
        self.0.lock().unwrap().hosts.insert(host.into(), addresses);
    }

    pub(crate) fn txt(&self, server: &str, record: &str) {
        let records = vec![record.to_owned()];
        self.0
            .lock()
            .unwrap()
            .txt
            .insert(format!("_holm.{server}"), records);
    }

    pub(crate) fn pin(&self, server: &str, root: &PrivateKey) {
        let root = Base64Url::to_text(&root.public().0);
        self.txt(server, &format!("v=holm1; root={root}"));
    }

    pub(crate) fn fails(&self, fails: bool) {
        self.0.lock().unwrap().fails = fails;
    }

    fn find<'a, T: Clone + Send + 'a>(
        &self,
        name: &str,
        records: impl Fn(&Zone) -> &BTreeMap<String, Vec<T>>,
    ) -> Resolved<'a, T> {
        let zone = self.0.lock().unwrap();
        let found = match zone.fails {
            true => Err(ResolveError::Failed("no server answers".into())),
            false => records(&zone)
                .get(name)
                .cloned()
                .ok_or(ResolveError::NoRecord),
        };
        Box::pin(async move { found })
    }
}

impl Resolve for Dns {
    fn srv<'a>(&'a self, name: &'a str) -> Resolved<'a, SrvTarget> {
        self.find(name, |zone| &zone.srv)
    }

    fn txt<'a>(&'a self, name: &'a str) -> Resolved<'a, String> {
        self.find(name, |zone| &zone.txt)
    }

    fn addresses<'a>(&'a self, host: &'a str) -> Resolved<'a, IpAddr> {
        self.find(host, |zone| &zone.hosts)
    }
}

/// What the network answers.
pub(crate) enum Answer {
    /// This.
    Is(Response<Bytes>),
    /// Nobody is there.
    Dead,
    /// Nothing, ever.
    Silence,
}

type Script = Box<dyn FnMut(&Request<Bytes>) -> Answer + Send>;

/// A network that answers as scripted and keeps what was sent.
pub(crate) struct Net {
    script: Mutex<Script>,
    seen: Mutex<Vec<Request<Bytes>>>,
}

impl Net {
    /// Answers with `script` from now on.
    pub(crate) fn script(&self, script: impl FnMut(&Request<Bytes>) -> Answer + Send + 'static) {
        *self.script.lock().unwrap() = Box::new(script);
    }

    /// Answers with this document, and with `answer` to everything else.
    pub(crate) fn serve(
        &self,
        document: SignedDocument,
        answer: impl Fn(&Request<Bytes>) -> Answer + Send + 'static,
    ) {
        self.script(move |request| match request.uri().path() {
            "/.well-known/holm" => json(200, &document),
            _ => answer(request),
        });
    }

    /// Takes what was sent so far.
    pub(crate) fn take(&self) -> Vec<Request<Bytes>> {
        std::mem::take(&mut *self.seen.lock().unwrap())
    }

    /// Takes the URIs that were called so far.
    pub(crate) fn take_uris(&self) -> Vec<String> {
        self.take().iter().map(|r| r.uri().to_string()).collect()
    }
}

impl Exchange for Net {
    fn call(&self, request: Request<Bytes>) -> Future<'_, Result<Response<Bytes>, ExchangeError>> {
        let answer = (*self.script.lock().unwrap())(&request);
        self.seen.lock().unwrap().push(request);
        Box::pin(async move {
            match answer {
                Answer::Is(response) => Ok(response),
                Answer::Dead => Err(ExchangeError("connection refused".into())),
                Answer::Silence => std::future::pending().await,
            }
        })
    }
}

pub(crate) fn json(status: u16, value: &impl serde::Serialize) -> Answer {
    let body = serde_json::to_vec(value).unwrap();
    let response = Response::builder().status(status).body(body.into());
    Answer::Is(response.unwrap())
}

/// The addresses a request was to be sent to.
pub(crate) fn addresses(request: &Request<Bytes>) -> Vec<SocketAddr> {
    request
        .extensions()
        .get::<Route>()
        .unwrap()
        .addresses()
        .collect()
}

/// `islet.example`, which calls; all around it is the test's.
pub(crate) struct World {
    pub(crate) clock: Arc<TestClock>,
    pub(crate) dns: Arc<Dns>,
    pub(crate) net: Arc<Net>,
    pub(crate) store: Arc<Remembered>,
    pub(crate) islet: Arc<Identity>,
    pub(crate) skerry: Identity,
}

impl World {
    /// `skerry.example` is at a public address, serves its document and answers `{"rooms":[]}`.
    pub(crate) fn new() -> Self {
        let net = Net {
            script: Mutex::new(Box::new(|_| Answer::Dead)),
            seen: Mutex::default(),
        };
        let world = Self {
            clock: Arc::new(TestClock(AtomicU64::new(START_MS))),
            dns: Arc::default(),
            net: Arc::new(net),
            store: Arc::default(),
            islet: Arc::new(identity("islet.example", 10, 1)),
            skerry: identity("skerry.example", 20, 1),
        };
        world.dns.host("skerry.example", "9.9.9.9");
        world
            .net
            .serve(world.skerry.document(START_MS), |_| rooms());
        world
    }

    /// A transport of `islet.example`; a second one is the first after a restart.
    pub(crate) fn transport(&self) -> Arc<Transport> {
        self.transport_over(self.net.clone(), self.dns.clone(), false)
    }

    pub(crate) fn transport_over(
        &self,
        exchange: Arc<dyn Exchange>,
        resolver: Arc<dyn Resolve>,
        allow_private: bool,
    ) -> Arc<Transport> {
        Arc::new(self.bare(exchange, resolver, allow_private))
    }

    /// The transport of a server that grants others so much.
    pub(crate) fn transport_within(&self, limits: QuotaLimits) -> Arc<Transport> {
        let bare = self.bare(self.net.clone(), self.dns.clone(), false);
        Arc::new(bare.with_quotas(limits))
    }

    fn bare(
        &self,
        exchange: Arc<dyn Exchange>,
        resolver: Arc<dyn Resolve>,
        allow_private: bool,
    ) -> Transport {
        Transport::new(TransportParts {
            identity: self.islet.clone(),
            clock: self.clock.clone(),
            rng: Arc::new(TestRng),
            peer_store: self.store.clone(),
            exchange,
            resolver,
            settings: TransportSettings {
                guard: AddressGuard { allow_private },
            },
        })
    }
}

/// A notify about no room, or the answer to one, in as many bytes.
pub(crate) fn padded(len: usize) -> String {
    let mut body = String::from(r#"{"rooms":[]}"#);
    body.extend(std::iter::repeat_n(' ', len - body.len()));
    body
}

/// The answer to a notify about no room.
pub(crate) fn rooms() -> Answer {
    json(200, &serde_json::json!({ "rooms": [] }))
}
