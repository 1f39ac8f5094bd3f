//! The homeserver as the two APIs see it: one method an endpoint.
//!
//! The methods live beside what they decide (account, key_package, room, peer, delivery); this
//! file holds what they share.

use std::sync::{Arc, PoisonError, RwLock};

use holm_protocol::document::SignedDocument;
use holm_protocol::{Code, Problem, ServerName};

use tokio::sync::oneshot;

use crate::account::PasswordWork;
use crate::delivery::Delivery;
use crate::held::Held;
use crate::keyring::Keyring;
use crate::peer::{Heads, Outbound, STORED_BYTES_MAX};
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

/// Name and keys of this server. Its clones share the keys, which may be replaced while it runs.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The domain.
    pub name: ServerName,
    /// Where it answers, for people and clients.
    pub base_url: String,
    keys: Arc<RwLock<Arc<Keyring>>>,
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
    /// Rooms of one other server that this one takes.
    pub(crate) rooms_per_hub_max: u64,
    /// Bytes that one other server may make this one store; 0 sets no bound.
    pub(crate) stored_bytes_max: u64,
    /// Heads to be shown to other followers.
    pub(crate) heads: Arc<Heads>,
    /// Where passwords are hashed and compared.
    pub(crate) password_work: Arc<PasswordWork>,
}

impl Identity {
    /// A server with these keys.
    pub fn new(name: ServerName, base_url: impl Into<String>, keys: Keyring) -> Self {
        Self {
            name,
            base_url: base_url.into(),
            keys: Arc::new(RwLock::new(Arc::new(keys))),
        }
    }

    /// The keys as they are now.
    pub fn keys(&self) -> Arc<Keyring> {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&keys)
    }

    /// Signs with these keys from now on, everywhere; they have to be written down before.
    pub fn replace_keys(&self, keys: Keyring) {
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
    }

    /// The signed server document (DOC-1), valid for a week from `now_ms`.
    pub fn document(&self, now_ms: u64) -> SignedDocument {
        self.keys().document(&self.name, &self.base_url, now_ms)
    }
}

/// Rooms of one other server that this one takes, where the operator says nothing (FED-19).
pub const ROOMS_PER_HUB_MAX: u64 = 50_000;

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
            rooms_per_hub_max: ROOMS_PER_HUB_MAX,
            stored_bytes_max: STORED_BYTES_MAX,
            heads: Arc::default(),
            password_work: Arc::default(),
        }
    }

    /// The same, taking so many rooms of one other server (FED-19).
    #[must_use]
    pub fn with_rooms_per_hub(self, max: u64) -> Self {
        Self {
            rooms_per_hub_max: max,
            ..self
        }
    }

    /// The same, storing so many bytes because of one other server; 0 sets no bound (FED-24).
    #[must_use]
    pub fn with_stored_bytes(self, max: u64) -> Self {
        Self {
            stored_bytes_max: max,
            ..self
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

    /// Name and keys of this server.
    pub fn identity(&self) -> &Identity {
        &self.identity
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
