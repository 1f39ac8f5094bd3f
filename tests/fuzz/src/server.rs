//! A real homeserver on stores in memory, and the others as far as they are needed.

use std::sync::Arc;

use bytes::Bytes;
use holm_core::ports::{
    AccountStore, Claim, EnrolledDevice, Exchange, ExchangeError, Future, KeyPackageStore,
    LogStore, NoCrash, StoredEntry,
};
use holm_core::{Caller, Homeserver, Ports, Registration, Settings};
use holm_federation::{
    AddressGuard, Resolve, ResolveError, Resolved, SrvTarget, Transport, TransportParts,
    TransportSettings,
};
use holm_protocol::federation::UpdateRequest;
use holm_protocol::{Base64Url, DeviceUri, Event, Hash, ServerName};
use holm_storage::Sqlite;
use http::{Request, Response, StatusCode};

use crate::group::{Commit, FOLLOWER, HUB, Story, identity, room, server, story};
use crate::runtime::{Ambient, in_place};

/// More entries and bytes than a story has.
const ALL: usize = 1 << 30;

/// One server with what it stands on.
pub(crate) struct Site {
    pub(crate) homeserver: Homeserver,
    pub(crate) transport: Arc<Transport>,
    pub(crate) ambient: Arc<Ambient>,
    store: Sqlite,
    name: ServerName,
}

/// DNS and network of a world in which every server is there and serves its document, and nothing
/// else is answered.
struct Others(Arc<Ambient>);

impl Resolve for Others {
    fn srv<'a>(&'a self, _name: &'a str) -> Resolved<'a, SrvTarget> {
        Box::pin(async { Err(ResolveError::NoRecord) })
    }

    fn txt<'a>(&'a self, _name: &'a str) -> Resolved<'a, String> {
        Box::pin(async { Err(ResolveError::NoRecord) })
    }

    fn addresses<'a>(&'a self, _host: &'a str) -> Resolved<'a, std::net::IpAddr> {
        Box::pin(async { Ok(vec![std::net::Ipv4Addr::new(10, 0, 0, 1).into()]) })
    }
}

impl Exchange for Others {
    fn call(&self, request: Request<Bytes>) -> Future<'_, Result<Response<Bytes>, ExchangeError>> {
        let name = request.uri().host().unwrap_or_default().to_owned();
        let is_document = request.uri().path() == "/.well-known/holm";
        Box::pin(async move {
            if !is_document {
                return Err(ExchangeError("nobody answers".to_owned()));
            }
            let now_ms = holm_core::ports::Clock::now_ms(&*self.0);
            let document = identity(&name).document(now_ms);
            let json = serde_json::to_vec(&document).expect("plain data");
            let mut response = Response::new(json.into());
            *response.status_mut() = StatusCode::OK;
            let headers = response.headers_mut();
            let kind = http::HeaderValue::from_static("application/json");
            headers.insert(http::header::CONTENT_TYPE, kind);
            Ok(response)
        })
    }
}

impl Site {
    /// A new server of this name with the story's users of its own: accounts, tokens, and their
    /// KeyPackages claimed for the story's room.
    pub(crate) async fn new(name: &str) -> Self {
        let (store, writer) = Sqlite::in_memory(in_place()).await.expect("a store");
        tokio::spawn(writer.run());
        let ambient = Arc::new(Ambient::new());
        let name = server(name);
        let (homeserver, transport) = assemble(&name, &store, &ambient);
        let site = Self {
            homeserver,
            transport,
            ambient,
            store,
            name,
        };
        site.settle(story()).await;
        site
    }

    /// A new hub of the story's room, in which the story's first `epochs` commits stand.
    pub(crate) async fn hub_at(epochs: usize) -> Self {
        let site = Self::new(HUB).await;
        let creator = caller(&story().people[0].0.device);
        let (info, tree) = story().creation.clone();
        let room = room();
        let created = site
            .homeserver
            .create_room(&creator, &room, info.into(), tree.into());
        created.await.expect("the room is created");
        for commit in story().commits.iter().filter(|c| c.wins).take(epochs) {
            site.win(commit).await;
        }
        site
    }

    /// A commit of the story comes the way its device's commits come, and is taken.
    pub(crate) async fn win(&self, commit: &Commit) {
        let (device, bundle, room) = (&commit.device, commit.bundle.clone(), room());
        if device.domain() == HUB {
            let by = caller(device);
            let taken = self.homeserver.commit(&by, &room, bundle);
            taken.await.expect("the winner is taken");
            return;
        }
        let request = UpdateRequest::Commit {
            user: device.user(),
            bundle: bundle.into(),
        };
        let follower = server(FOLLOWER);
        let taken = self.homeserver.peer_update(&follower, &room, request);
        taken.await.expect("the winner is taken");
    }

    /// The same server after a crash: what is in memory is gone.
    pub(crate) fn restart(&mut self) {
        (self.homeserver, self.transport) = assemble(&self.name, &self.store, &self.ambient);
    }

    /// All entries of the story's room, in order.
    pub(crate) async fn log(&self) -> Vec<StoredEntry> {
        let room = room();
        let head = self.store.head(&room).await.expect("the store answers");
        // A follower's copy begins at its anchor.
        for before in 0..head.map_or(0, |head| head.position.seq) {
            let read = self.store.read(&room, before, ALL, ALL);
            let page = read.await.expect("the store answers");
            if !page.is_empty() {
                return page;
            }
        }
        Vec::new()
    }

    /// The same, read as events, of which each continues the one before (LOG-2 to LOG-4).
    pub(crate) async fn events(&self) -> Vec<Event> {
        let entries = self.log().await;
        let read = |entry: &StoredEntry| Event::from_bytes(&entry.event).expect("an event");
        let events: Vec<Event> = entries.iter().map(read).collect();
        for (pair, entry) in events.windows(2).zip(&entries) {
            let before = holm_protocol::event::Position::after(&pair[0]);
            assert_eq!(
                before.check_next(&room(), &pair[1]).map(|p| p.seq),
                Ok(entry.seq + 1)
            );
        }
        events
    }

    async fn settle(&self, story: &Story) {
        let own = |device: &DeviceUri| device.domain() == self.name.as_str();
        for (n, (identity, mls_key)) in story.people.iter().enumerate() {
            if !own(&identity.device) {
                continue;
            }
            let device = EnrolledDevice {
                identity: identity.clone(),
                mls_key: *mls_key,
            };
            let (user, uri) = (identity.user(), &identity.device);
            let token = Hash::sha256(&token(n));
            let made = self.store.create_account(&user, "", uri, token);
            assert!(made.await.expect("the store answers"));
            let enrolled = self.store.enroll_device(&user, &device);
            assert!(enrolled.await.expect("the store answers"));
        }
        for (n, (device, package)) in story.packages.iter().enumerate() {
            if !own(device) {
                continue;
            }
            let packages = std::slice::from_ref(package);
            let added = self.store.add_key_packages(device, packages);
            assert_eq!(added.await.expect("the store answers"), 1);
            let claim = Claim {
                user: device.user(),
                requester: story.people[0].0.user(),
                room: room(),
                hub: server(HUB),
                claim_id: [u8::try_from(n).expect("few packages"); 16],
                now_ms: crate::runtime::begun_ms(),
            };
            let claimed = self.store.claim_key_packages(&claim).await;
            assert_eq!(
                claimed.expect("the store answers").map(|c| c.len()),
                Some(1)
            );
        }
    }
}

/// The token of the story's device of this number, as bytes.
fn token(n: usize) -> [u8; 32] {
    [u8::try_from(n + 1).expect("few devices"); 32]
}

/// The token of the story's device of this number, as a header carries it.
pub(crate) fn token_text(n: usize) -> String {
    Base64Url::to_text(&token(n))
}

/// A device of the story as a caller whose token was checked.
pub(crate) fn caller(device: &DeviceUri) -> Caller {
    Caller {
        user: device.user(),
        device: device.clone(),
        enrolled: true,
        token: Hash::sha256(&[]),
    }
}

fn assemble(
    name: &ServerName,
    store: &Sqlite,
    ambient: &Arc<Ambient>,
) -> (Homeserver, Arc<Transport>) {
    let (store, others) = (Arc::new(store.clone()), Arc::new(Others(ambient.clone())));
    let transport = Arc::new(Transport::new(TransportParts {
        identity: Arc::new(identity(name.as_str())),
        clock: ambient.clone(),
        rng: ambient.clone(),
        peer_store: store.clone(),
        exchange: others.clone(),
        resolver: others,
        settings: TransportSettings {
            guard: AddressGuard {
                allow_private: true,
            },
        },
    }));
    let ports = Ports {
        clock: ambient.clone(),
        rng: ambient.clone(),
        tasks: ambient.clone(),
        log: store.clone(),
        accounts: store.clone(),
        key_packages: store.clone(),
        rooms: store.clone(),
        held: store,
        peers: transport.clone(),
        crash_points: Arc::new(NoCrash),
    };
    let settings = Settings {
        registration: Registration::Open,
    };
    let homeserver = Homeserver::new(ports, identity(name.as_str()), settings);
    (homeserver, transport)
}
