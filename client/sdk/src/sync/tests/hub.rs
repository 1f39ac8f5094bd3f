//! A hub for tests: the client API's REST side over in-memory streams, and a log that takes
//! whatever a test puts into it. It checks nothing but epochs, so that devices have to.

use std::collections::{BTreeMap, VecDeque};
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard};

use bytes::Bytes;
use futures::future::BoxFuture;
use holm_client_types::account::{RegisterRequest, SessionResponse};
use holm_client_types::endpoint::SYNC;
use holm_client_types::frame::DeviceFrame;
use holm_client_types::key_package::{
    ClaimResponse, ClaimedKeyPackage, KeyPackageCount, UploadKeyPackagesRequest,
};
use holm_client_types::room::{EventsResponse, LeaveResponse, TreeResponse};
use holm_protocol::document::{Document, ListedKey, SignedDocument, Succession};
use holm_protocol::encoding::encode;
use holm_protocol::order::{Reason, Subject};
use holm_protocol::{
    Base64Url, Code, DeviceUri, Event, EventKind, Hash, Head, Order, PrivateKey, Problem, RoomUri,
    ServerName, SignedHead, SignedOrder, UserUri,
};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use tokio::sync::Notify;
use tokio::sync::mpsc::UnboundedSender;

use super::line::{Say, upgrade};
use super::log::Log;

use crate::error::SdkError;
use crate::network::{Connector, Link};
use crate::ports::SdkPorts;

/// Milliseconds since 1970; OpenMLS reads the same clock.
pub(super) fn now_ms() -> u64 {
    SdkPorts::system().clock.now_ms()
}

/// One server that is hub of everything.
#[derive(Default)]
pub(super) struct Hub {
    state: Mutex<State>,
    /// Something was heard on the line.
    pub(super) news: Notify,
}

pub(super) struct State {
    pub(super) logs: BTreeMap<RoomUri, Log>,
    pub(super) packages: BTreeMap<UserUri, Vec<Base64Url>>,
    claims: BTreeMap<Vec<u8>, Base64Url>,
    pub(super) tree: Vec<u8>,
    pub(super) interim: Hash,
    /// Asked in order; what was asked for.
    pub(super) asked: Vec<String>,
    /// Refuses the next commits so, before it looks at them.
    pub(super) refuse_commits: Vec<Problem>,
    /// Takes commits and their repeats, and answers as if it were away.
    pub(super) loses_commit_answers: bool,
    /// Takes the next commit, answers as if it were away, and its repeats so; meanwhile it brings
    /// no events.
    pub(super) refuse_repeats: Vec<Problem>,
    hides: bool,
    /// Answers the next messages so; with nothing at all where there is none.
    pub(super) refuse_messages: VecDeque<Option<Problem>>,
    /// What devices sent over their line, in order.
    pub(super) heard: Vec<DeviceFrame>,
    /// The document it serves.
    pub(super) document: SignedDocument,
    /// The heads it signs for whoever asks are of so much later.
    pub(super) head_ahead_ms: u64,
    /// To the newest line.
    pub(super) line: Option<UnboundedSender<Say>>,
}

impl Default for State {
    fn default() -> Self {
        Self {
            logs: BTreeMap::new(),
            packages: BTreeMap::new(),
            claims: BTreeMap::new(),
            tree: Vec::new(),
            interim: Hash([0; 32]),
            asked: Vec::new(),
            refuse_commits: Vec::new(),
            loses_commit_answers: false,
            refuse_repeats: Vec::new(),
            hides: false,
            refuse_messages: VecDeque::new(),
            heard: Vec::new(),
            document: document(),
            head_ahead_ms: 0,
            line: None,
        }
    }
}

pub(super) fn server() -> ServerName {
    ServerName::parse("islet.test").unwrap()
}

fn root() -> PrivateKey {
    PrivateKey::from_seed(&[1; 32])
}

pub(super) fn room_key() -> PrivateKey {
    PrivateKey::from_seed(&[2; 32])
}

fn document() -> SignedDocument {
    plain_document().sign(&root())
}

/// The document of a server that has another root now,.
pub(super) fn document_after_rotation() -> SignedDocument {
    let next = PrivateKey::from_seed(&[9; 32]);
    let mut document = plain_document();
    document.serial = 2;
    document.successions = vec![Succession::sign(&server(), &root(), next.public())];
    document.sign(&next)
}

fn plain_document() -> Document {
    let listed = |id: &str, key: &PrivateKey| ListedKey {
        id: id.into(),
        key: key.public(),
        from: 0,
        until: 2 * now_ms(),
    };
    Document {
        name: server(),
        base_url: "https://islet.test".into(),
        versions: vec!["v1".into()],
        serial: 1,
        expires: 2 * now_ms(),
        request_keys: vec![],
        room_keys: vec![listed("m1", &room_key())],
        successions: Vec::new(),
    }
}

pub(super) fn signed_head(room: &RoomUri, seq: u64, hash: Hash) -> SignedHead {
    let head = Head {
        room: room.clone(),
        term: 1,
        seq,
        hash,
        time: now_ms(),
    };
    SignedHead::sign(head, "m1", &room_key())
}

pub(super) fn signed_order(room: &RoomUri, user: &UserUri) -> SignedOrder {
    let order = Order {
        room: room.clone(),
        generation: 0,
        subject: Subject::User(user.clone()),
        reason: Reason::LEAVE,
        time: now_ms(),
    };
    SignedOrder::sign(order, "m1", &room_key())
}

impl Hub {
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Puts an event at the end of a room's log.
    pub(super) fn append(&self, room: &RoomUri, kind: EventKind, body: Vec<u8>) -> Event {
        let mut state = self.lock();
        state
            .logs
            .entry(room.clone())
            .or_default()
            .append(room, kind, body)
    }

    /// The Welcome that goes with a commit event.
    pub(super) fn welcome(&self, room: &RoomUri, seq: u64) -> Vec<u8> {
        self.lock().logs[room].welcomes[&seq].clone()
    }
}

/// Leads to the hub.
pub(super) struct ToHub(pub(super) Arc<Hub>);

impl Connector for ToHub {
    fn connect<'a>(&'a self, domain: &'a ServerName) -> BoxFuture<'a, Result<Link, SdkError>> {
        let (near, far) = tokio::io::duplex(64 * 1_024);
        let hub = Arc::clone(&self.0);
        let answer = hyper::service::service_fn(move |request| answer(Arc::clone(&hub), request));
        tokio::spawn(
            hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(far), answer)
                .with_upgrades(),
        );
        let link = Link {
            stream: Box::new(near),
            authority: domain.to_string(),
            found: "in memory".into(),
        };
        Box::pin(async { Ok(link) })
    }
}

async fn answer(
    hub: Arc<Hub>,
    request: http::Request<Incoming>,
) -> Result<http::Response<Full<Bytes>>, Infallible> {
    let path = request
        .uri()
        .to_string()
        .replace("%3A", ":")
        .replace("%2F", "/");
    let token = request.headers().get("authorization");
    let caller = token.map_or("", |t| t.to_str().unwrap());
    let caller = caller.trim_start_matches("Bearer ").to_owned();
    if path == SYNC.path {
        return Ok(upgrade(hub, request));
    }
    let asked = format!("{} {path}", request.method());
    let body = request.into_body().collect().await.unwrap().to_bytes();
    let mut state = hub.lock();
    state.asked.push(asked.clone());
    let (status, body) = match state.route(&asked, &caller, &body) {
        Ok(json) => (200, json),
        Err(problem) => (problem.status, serde_json::to_vec(&problem).unwrap()),
    };
    let response = http::Response::builder().status(status);
    Ok(response.body(Full::new(body.into())).unwrap())
}

fn json(value: &impl serde::Serialize) -> Vec<u8> {
    serde_json::to_vec(value).unwrap()
}

fn read<T: serde::de::DeserializeOwned>(body: &[u8]) -> T {
    holm_protocol::json::from_slice(body).unwrap()
}

impl State {
    fn route(&mut self, asked: &str, caller: &str, body: &[u8]) -> Result<Vec<u8>, Problem> {
        let (_, path) = asked.split_once("/client/v1/").unwrap();
        match path.split('/').next().unwrap() {
            "register" => Ok(json(&register(&read(body)))),
            "servers" => Ok(json(&self.document)),
            "keyPackages" => Ok(self.key_packages(caller, body)),
            "keyMaterial" => Ok(self.claim(path.trim_start_matches("keyMaterial/"), body)),
            "rooms" => self.room(path.trim_start_matches("rooms"), body),
            _ => Ok(json(&())),
        }
    }

    fn key_packages(&mut self, caller: &str, body: &[u8]) -> Vec<u8> {
        let of_caller = self
            .packages
            .entry(UserUri::parse(caller).unwrap())
            .or_default();
        if !body.is_empty() {
            of_caller.extend(read::<UploadKeyPackagesRequest>(body).key_packages);
        }
        let count = of_caller.len();
        json(&KeyPackageCount { count })
    }

    fn claim(&mut self, user: &str, body: &[u8]) -> Vec<u8> {
        let user = UserUri::parse(user).unwrap();
        let request: holm_client_types::key_package::ClaimRequest = read(body);
        let packages = self.packages.entry(user.clone()).or_default();
        let claim = self.claims.entry(request.claim_id.as_slice().to_vec());
        let package = claim.or_insert_with(|| packages.remove(0)).clone();
        let device = DeviceUri::new(&user, "d").unwrap();
        json(&ClaimResponse {
            key_packages: vec![ClaimedKeyPackage {
                device,
                key_package: package,
            }],
        })
    }

    fn room(&mut self, path: &str, body: &[u8]) -> Result<Vec<u8>, Problem> {
        let Some((room, what)) = path.trim_start_matches('/').rsplit_once('/') else {
            return Ok(json(&()));
        };
        let room = RoomUri::parse(room).unwrap();
        match what.split('?').next().unwrap() {
            "commits" => self.commit(&room, body),
            "events" if self.hides => Err(Problem::new(Code::PeerUnreachable, "")),
            "events" => {
                let after: usize = what.rsplit_once('=').unwrap().1.parse().unwrap();
                let log = self.logs.entry(room.clone()).or_default();
                let events = log.events[after.min(log.events.len())..].iter();
                let position = log.position(&room);
                let head = signed_head(&room, position.seq, position.hash);
                let time = head.head.time + self.head_ahead_ms;
                let head = Head { time, ..head.head };
                let head = SignedHead::sign(head, "m1", &room_key());
                Ok(json(&EventsResponse {
                    events: events.map(|e| e.to_bytes().into()).collect(),
                    head: Some(encode(&head).into()),
                }))
            }
            "tree" => Ok(json(&TreeResponse {
                seq: 0,
                tree: self.tree.clone().into(),
                interim: self.interim,
            })),
            // The order goes to whoever asks; the tests leave with the user named `carol`.
            "leave" => {
                let carol = UserUri::new(&server(), "carol").unwrap();
                let order = encode(&signed_order(&room, &carol)).into();
                Ok(json(&LeaveResponse { order }))
            }
            _ => Ok(json(&())),
        }
    }

    fn commit(&mut self, room: &RoomUri, body: &[u8]) -> Result<Vec<u8>, Problem> {
        if !self.refuse_commits.is_empty() {
            return Err(self.refuse_commits.remove(0));
        }
        if std::mem::take(&mut self.hides)
            && let Some(problem) = self.refuse_repeats.pop()
        {
            self.hides = true;
            return Err(problem);
        }
        let log = self.logs.entry(room.clone()).or_default();
        let sent = log.commit(room, read(body))?;
        if !self.refuse_repeats.is_empty() {
            self.hides = true;
            return Err(Problem::new(Code::PeerUnreachable, ""));
        }
        match self.loses_commit_answers {
            true => Err(Problem::new(Code::PeerUnreachable, "")),
            false => Ok(json(&sent)),
        }
    }
}

/// The token is the user, so that the hub knows its caller.
fn register(request: &RegisterRequest) -> SessionResponse {
    let user = UserUri::new(&server(), &request.name).unwrap();
    SessionResponse {
        device: DeviceUri::new(&user, "d").unwrap(),
        token: user.to_string(),
        user,
    }
}
