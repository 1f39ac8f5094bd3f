//! The homeserver as the two APIs see it: one method an endpoint.
//!
//! The methods live beside what they decide (account, key_package, room, peer, delivery); this
//! file holds what they share.

use std::sync::Arc;

use holm_protocol::document::{Document, ListedKey, SignedDocument, VERSIONS};
use holm_protocol::{Code, PrivateKey, Problem, ServerName};

use tokio::sync::oneshot;

use crate::account::PasswordWork;
use crate::delivery::Delivery;
use crate::held::Held;
use crate::peer::Outbound;
use crate::ports::{
    AccountStore, Clock, CrashPoints, HeldStore, KeyPackageStore, LogStore, Peers, Rng, RoomStore,
    StoreError, Tasks,
};
use crate::room::Rooms;

/// Everything a homeserver is given.
#[derive(Clone)]
pub struct Ports {
    /// The wall clock.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub rng: Arc<dyn Rng>,
    /// Where long work goes.
    pub tasks: Arc<dyn Tasks>,
    /// The rooms' logs.
    pub log: Arc<dyn LogStore>,
    /// Accounts and tokens.
    pub accounts: Arc<dyn AccountStore>,
    /// KeyPackages.
    pub key_packages: Arc<dyn KeyPackageStore>,
    /// What is folded from the logs.
    pub rooms: Arc<dyn RoomStore>,
    /// Messages held for hubs that are away.
    pub held: Arc<dyn HeldStore>,
    /// The way to other servers.
    pub peers: Arc<dyn Peers>,
    /// Told at named places, where a test may end the process.
    pub crash_points: Arc<dyn CrashPoints>,
}

/// Name and keys of this server.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The domain.
    pub name: ServerName,
    /// Where it answers, for people and clients.
    pub base_url: String,
    /// Signs the server document.
    pub root: PrivateKey,
    /// Signs requests, under the id `r<serial>`.
    pub request_key: PrivateKey,
    /// Signs heads and orders, under the id `m<serial>`.
    pub room_key: PrivateKey,
    /// Counts up with every change of the document.
    pub serial: u64,
}

/// Whether anybody may make an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Registration {
    /// Anybody.
    Open,
    /// Nobody.
    Closed,
}

/// What the operator decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Whether anybody may make an account.
    pub registration: Registration,
}

/// One organization's homeserver.
#[derive(Clone)]
pub struct Homeserver {
    pub(crate) ports: Ports,
    pub(crate) identity: Arc<Identity>,
    pub(crate) settings: Settings,
    pub(crate) delivery: Arc<Delivery>,
    pub(crate) rooms: Arc<Rooms>,
    pub(crate) outbound: Arc<Outbound>,
    pub(crate) held: Arc<Held>,
    /// Where passwords are hashed and compared.
    pub(crate) password_work: Arc<PasswordWork>,
}

/// How long a server document is valid, in milliseconds; it is signed anew for every reader.
const DOCUMENT_VALID_MS: u64 = 7 * 24 * 3_600 * 1_000;

impl Identity {
    /// Id of the request key in the server document.
    pub fn request_key_id(&self) -> String {
        format!("r{}", self.serial)
    }

    /// Id of the room key in the server document.
    pub fn room_key_id(&self) -> String {
        format!("m{}", self.serial)
    }

    /// The signed server document (DOC-1), valid for a week from `now_ms`.
    pub fn document(&self, now_ms: u64) -> SignedDocument {
        let listed = |id, key: &PrivateKey| ListedKey {
            id,
            key: key.public(),
            from: 0,
            until: now_ms + 2 * DOCUMENT_VALID_MS,
        };
        let document = Document {
            name: self.name.clone(),
            base_url: self.base_url.clone(),
            versions: VERSIONS.iter().map(|v| (*v).to_owned()).collect(),
            serial: self.serial,
            expires: now_ms + DOCUMENT_VALID_MS,
            request_keys: vec![listed(self.request_key_id(), &self.request_key)],
            room_keys: vec![listed(self.room_key_id(), &self.room_key)],
        };
        document.sign(&self.root)
    }
}

impl Homeserver {
    /// Assembles a homeserver; [`Homeserver::start`] sets it going.
    pub fn new(ports: Ports, identity: Identity, settings: Settings) -> Self {
        Self {
            ports,
            identity: Arc::new(identity),
            settings,
            delivery: Arc::new(Delivery::default()),
            rooms: Arc::new(Rooms::default()),
            outbound: Arc::new(Outbound::default()),
            held: Arc::new(Held::default()),
            password_work: Arc::default(),
        }
    }

    /// This server's name.
    pub fn name(&self) -> &ServerName {
        &self.identity.name
    }

    /// The clock, milliseconds since 1970.
    pub fn now_ms(&self) -> u64 {
        self.ports.clock.now_ms()
    }

    /// The way to other servers.
    pub fn peers(&self) -> &Arc<dyn Peers> {
        &self.ports.peers
    }

    /// Runs heavy computation away from the async threads; `None` if it did not end.
    pub(crate) async fn compute<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let (done, result) = oneshot::channel();
        let work = Box::new(move || drop(done.send(work())));
        self.ports.tasks.compute(work).await;
        result.await.ok()
    }

    /// This server's document (DOC-1).
    pub fn own_document(&self) -> SignedDocument {
        self.identity.document(self.now_ms())
    }
}

/// A failure inside: logged here with its cause, told to the caller without it.
pub(crate) fn internal(error: &StoreError) -> Problem {
    tracing::error!(%error, "a store call failed");
    Problem::new(Code::Unavailable, "the server's store failed; try again").with_retry_after(5)
}
