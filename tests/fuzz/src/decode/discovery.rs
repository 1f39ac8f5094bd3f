//! Finding a server: SRV, TXT and address records, and the answer with the server document, all
//! from an input (DISC-1 to DISC-11). Whatever they say, a document is only taken under a root
//! that nothing contradicts, and no address of a private range is ever called.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures::FutureExt;
use holm_core::ports::{
    Clock, Exchange, ExchangeError, Future, PeerStore, Peers, Rng, RootMemory, Stored,
};
use holm_federation::{
    Resolve, ResolveError, Resolved, Route, SrvTarget, Transport, TransportParts, TransportSettings,
};
use holm_protocol::document::SignedDocument;
use holm_protocol::{Base64Url, ServerName};
use http::{HeaderName, HeaderValue, Request, Response, StatusCode};

use crate::group::{FOLLOWER, HUB, identity, root, server};
use crate::input::Input;
use crate::runtime::{begun_ms, run};

/// What the world answers, made from one input.
struct Answers {
    srv: Result<Vec<SrvTarget>, ResolveError>,
    txt: Result<Vec<String>, ResolveError>,
    addresses: Result<Vec<IpAddr>, ResolveError>,
    response: Mutex<Option<Response<Bytes>>>,
}

/// One input as all that DNS and the peer say about one name.
pub fn discovery(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let world = Arc::new(Answers {
        srv: records(&mut input, srv),
        txt: records(&mut input, txt),
        addresses: records(&mut input, address),
        response: Mutex::new(Some(response(&mut input))),
    });
    let pins = world.txt.clone();
    let name = server(FOLLOWER);
    let transport = Transport::new(TransportParts {
        identity: Arc::new(identity(HUB)),
        clock: Arc::new(Still),
        rng: Arc::new(Still),
        peer_store: Arc::new(Still),
        exchange: world.clone(),
        resolver: world,
        settings: TransportSettings::default(),
    });
    let Ok(document) = run(transport.document(&name, None)) else {
        return;
    };
    assert_eq!(document.content().name, name);
    let root = Base64Url::to_text(&document.root().0);
    let pins = pins.unwrap_or_default();
    let pins = pins
        .iter()
        .filter(|record| record.split(';').next().is_some_and(is_ours));
    for pin in pins {
        assert!(pin.contains(&root), "another root is pinned: {pin}");
    }
}

fn is_ours(tag: &str) -> bool {
    tag.trim() == "v=holm1"
}

fn records<T>(
    input: &mut Input<'_>,
    read: fn(&mut Input<'_>) -> T,
) -> Result<Vec<T>, ResolveError> {
    match input.below(8) {
        6 => Err(ResolveError::NoRecord),
        7 => Err(ResolveError::Failed("no answer".to_owned())),
        n => Ok((0..n).map(|_| read(input)).collect()),
    }
}

fn srv(input: &mut Input<'_>) -> SrvTarget {
    let pair = |input: &mut Input<'_>| u16::from(input.byte()) << 8 | u16::from(input.byte());
    let target = match input.below(4) {
        0 => format!("holm.{FOLLOWER}."),
        1 => ".".to_owned(),
        _ => String::from_utf8_lossy(input.run()).into_owned(),
    };
    let (priority, weight) = (pair(input), pair(input));
    let port = match input.below(2) {
        0 => 443,
        _ => pair(input),
    };
    SrvTarget {
        priority,
        weight,
        port,
        target,
    }
}

fn txt(input: &mut Input<'_>) -> String {
    let right = Base64Url::to_text(&root(FOLLOWER).0);
    match input.below(4) {
        0 => format!("v=holm1; root={right}"),
        1 => format!("v=holm1;{}", String::from_utf8_lossy(input.run())),
        _ => String::from_utf8_lossy(input.run()).into_owned(),
    }
}

fn address(input: &mut Input<'_>) -> IpAddr {
    let number = u128::from(input.number()) << 64 | u128::from(input.number());
    match input.below(4) {
        0 => Ipv4Addr::new(93, 184, 215, 14).into(),
        1 => Ipv4Addr::from_bits(u32::try_from(number >> 96).unwrap_or_default()).into(),
        _ => Ipv6Addr::from_bits(number).into(),
    }
}

fn response(input: &mut Input<'_>) -> Response<Bytes> {
    let status = match input.below(4) {
        0 => u16::from(input.byte()) + 100,
        _ => 200,
    };
    let name = match input.below(4) {
        0 => HUB,
        _ => FOLLOWER,
    };
    let right = serde_json::to_vec(&identity(name).document(begun_ms())).expect("plain data");
    let kind = match input.below(4) {
        0 => HeaderValue::from_bytes(input.run()).ok(),
        _ => Some(HeaderValue::from_static("application/json")),
    };
    let body = match input.below(4) {
        0 => Bytes::copy_from_slice(input.rest()),
        1 => spoiled(right, input),
        _ => right.into(),
    };
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    let name: HeaderName = http::header::CONTENT_TYPE;
    response.headers_mut().extend(kind.map(|kind| (name, kind)));
    response
}

fn spoiled(mut bytes: Vec<u8>, input: &mut Input<'_>) -> Bytes {
    while !input.is_empty() {
        let place = usize::from(input.byte()) << 8 | usize::from(input.byte());
        let place = place % bytes.len();
        bytes[place] ^= input.byte();
    }
    bytes.into()
}

fn answer<'a, T: Clone + Send + 'a>(records: &Result<Vec<T>, ResolveError>) -> Resolved<'a, T> {
    std::future::ready(records.clone()).boxed()
}

impl Resolve for Answers {
    fn srv<'a>(&'a self, _name: &'a str) -> Resolved<'a, SrvTarget> {
        answer(&self.srv)
    }

    fn txt<'a>(&'a self, _name: &'a str) -> Resolved<'a, String> {
        answer(&self.txt)
    }

    fn addresses<'a>(&'a self, _host: &'a str) -> Resolved<'a, IpAddr> {
        answer(&self.addresses)
    }
}

impl Exchange for Answers {
    fn call(&self, request: Request<Bytes>) -> Future<'_, Result<Response<Bytes>, ExchangeError>> {
        let route = request.extensions().get::<Route>().expect("where to call");
        for called in route.addresses() {
            assert!(!is_inside(called.ip()), "{called} may not be called");
            assert!(called.port() == 443 || called.port() >= 1_024, "{called}");
        }
        let response = self.response.lock().expect("one thread").take();
        let response = response.ok_or_else(|| ExchangeError("silence".to_owned()));
        std::future::ready(response).boxed()
    }
}

/// Whether an address plainly lies in somebody's own network, or is no host's.
fn is_inside(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_unspecified()
                || v4.is_multicast()
                || v4.is_broadcast()
                || v4.is_documentation()
        }
        IpAddr::V6(v6) => {
            v6.is_loopback()
                || v6.is_unspecified()
                || v6.is_multicast()
                || v6.is_unique_local()
                || v6.is_unicast_link_local()
                || v6.to_ipv4().is_some_and(|v4| is_inside(v4.into()))
        }
    }
}

/// A clock that stands, randomness that is none, and a store that forgets.
struct Still;

impl Clock for Still {
    fn now_ms(&self) -> u64 {
        begun_ms()
    }
}

impl Rng for Still {
    fn fill(&self, out: &mut [u8]) {
        out.fill(5);
    }
}

impl PeerStore for Still {
    fn document<'a>(&'a self, _server: &'a ServerName) -> Stored<'a, Option<SignedDocument>> {
        std::future::ready(Ok(None)).boxed()
    }

    fn put_document<'a>(
        &'a self,
        _server: &'a ServerName,
        _document: &'a SignedDocument,
    ) -> Stored<'a, ()> {
        std::future::ready(Ok(())).boxed()
    }

    fn root_memory<'a>(&'a self, _server: &'a ServerName) -> Stored<'a, RootMemory> {
        std::future::ready(Ok(RootMemory::default())).boxed()
    }

    fn put_root_memory<'a>(
        &'a self,
        _server: &'a ServerName,
        _memory: &'a RootMemory,
    ) -> Stored<'a, ()> {
        std::future::ready(Ok(())).boxed()
    }

    fn replaced(&self) -> Stored<'_, Vec<ServerName>> {
        std::future::ready(Ok(Vec::new())).boxed()
    }

    fn blocked(&self) -> Stored<'_, Vec<ServerName>> {
        std::future::ready(Ok(Vec::new())).boxed()
    }

    fn set_blocked<'a>(&'a self, _server: &'a ServerName, _blocked: bool) -> Stored<'a, ()> {
        std::future::ready(Ok(())).boxed()
    }
}
