//! The device: what an application holds.
//!
//! A cheap clone around shared state. Operations that change a group or the replica take the one
//! state lock for as long as one step, never while they wait for a server.

mod account;
mod change;
mod commit;
mod consent;
mod documents;
mod epoch;
mod forget;
mod key_packages;
mod leave;
mod patience;
mod proof;
mod rooms;
mod send;
mod submit;
mod task;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard as Held, PoisonError, RwLock};

use holm_protocol::document::VerifiedDocument;
use holm_protocol::room_extension::Hub;
use holm_protocol::{DeviceUri, Hash, RoomUri, ServerName, UserUri};
use tokio::sync::{Mutex as AsyncMutex, MutexGuard, Notify, broadcast, watch};

pub(crate) use commit::Change;
pub use consent::{Consent, ConsentFrom};
pub(crate) use documents::{head_holds, verified_order};
pub use epoch::RoomEpoch;
pub(crate) use proof::read_heads;
pub(crate) use task::{driven, on_task};

use crate::api::Api;
use crate::drive::{Drive, InPlace};
use crate::error::SdkError;
use crate::event::{DeviceEvent, EVENTS_KEPT, EventReceiver, HopKind};
use crate::mls::step::State;
use crate::network::Network;
use crate::ports::SdkPorts;
use crate::replica::account::Account;
use crate::replica::{Replica, ReplicaPlace, account as accounts};

/// Who a device is logged in as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionInfo {
    /// The user.
    pub user: UserUri,
    /// The device.
    pub device: DeviceUri,
}

/// One device of one user; clones share it.
#[derive(Clone)]
pub struct Device {
    pub(crate) inner: Arc<Inner>,
}

/// What the clones share.
pub(crate) struct Inner {
    pub(crate) network: Network,
    pub(crate) ports: SdkPorts,
    state: AsyncMutex<State>,
    account: RwLock<Option<Arc<Account>>>,
    /// What the user is called from now on, where that was said.
    display_name: Mutex<Option<String>>,
    documents: Mutex<BTreeMap<ServerName, Arc<VerifiedDocument>>>,
    /// When a newer document was asked for, milliseconds since 1970.
    refreshed: Mutex<BTreeMap<ServerName, u64>>,
    /// Hubs of rooms, as their groups name them.
    hubs: Mutex<BTreeMap<RoomUri, Hub>>,
    /// The newest own commit met in each room's log: its SHA-256 and its event's number.
    own_commits: Mutex<BTreeMap<RoomUri, (Hash, u64)>>,
    committing: Mutex<BTreeMap<RoomUri, Arc<AsyncMutex<()>>>>,
    /// Rooms without a fresh head, each with the time of its newest.
    pub(crate) stale: Mutex<BTreeMap<RoomUri, u64>>,
    events: broadcast::Sender<DeviceEvent>,
    /// Counts steps that moved a room; whoever waits for the log looks again.
    pub(crate) progress: watch::Sender<u64>,
    /// Something is to be sent.
    pub(crate) wake: Notify,
    /// A message with a time to be forgotten came, or its time began.
    pub(crate) expiry: Notify,
    /// Rooms of which the user has seen more since it was told last.
    pub(crate) marked: Mutex<BTreeSet<RoomUri>>,
    pub(crate) stop: watch::Sender<bool>,
    pub(crate) running: AsyncMutex<()>,
}

impl Device {
    /// Opens the replica, making it where it is missing.
    ///
    /// # Errors
    /// The replica cannot be opened, or another process has it open.
    pub async fn open(
        place: ReplicaPlace,
        network: Network,
        ports: SdkPorts,
    ) -> Result<Self, SdkError> {
        let opening = async {
            let mut replica = Replica::open(&place).await?;
            let account = accounts::load(replica.reader()).await?;
            Ok::<_, SdkError>((replica, account.map(Arc::new)))
        };
        let (replica, account) = match ports.drive {
            Drive::Await => opening.await?,
            Drive::InPlace => InPlace::new(opening, || true).await?,
        };
        let inner = Inner {
            network,
            ports,
            state: AsyncMutex::new(State::new(replica)),
            account: RwLock::new(account),
            display_name: Mutex::default(),
            documents: Mutex::default(),
            refreshed: Mutex::default(),
            hubs: Mutex::default(),
            own_commits: Mutex::default(),
            committing: Mutex::default(),
            stale: Mutex::default(),
            events: broadcast::Sender::new(EVENTS_KEPT),
            progress: watch::Sender::new(0),
            wake: Notify::new(),
            expiry: Notify::new(),
            marked: Mutex::default(),
            stop: watch::Sender::new(false),
            running: AsyncMutex::new(()),
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// The account, where there is a session.
    pub fn session(&self) -> Option<SessionInfo> {
        let account = self.inner.account().ok()?;
        Some(SessionInfo {
            user: account.user.clone(),
            device: account.device.clone(),
        })
    }

    /// The events from now on.
    pub fn events(&self) -> EventReceiver {
        EventReceiver(self.inner.events.subscribe())
    }

    /// Ends [`Device::run`]; called while none runs, it ends the next one at once.
    pub fn stop(&self) {
        self.inner.stop.send_replace(true);
    }
}

impl Inner {
    /// The state, for one step.
    pub(crate) async fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().await
    }

    /// Whether a step is under way.
    fn is_locked(&self) -> bool {
        self.state.try_lock().is_err()
    }

    /// The account with a session.
    pub(crate) fn account(&self) -> Result<Arc<Account>, SdkError> {
        let account = self.account.read().unwrap_or_else(PoisonError::into_inner);
        let account = account.as_ref().filter(|a| a.token.is_some());
        account.cloned().ok_or(SdkError::NoSession)
    }

    /// The account, with or without a session.
    fn any_account(&self) -> Option<Arc<Account>> {
        let account = self.account.read().unwrap_or_else(PoisonError::into_inner);
        account.clone()
    }

    /// Writes the account and takes it.
    async fn keep_account(&self, account: Account) -> Result<Arc<Account>, SdkError> {
        let mut state = self.lock().await;
        let mut step = state.step().await?;
        accounts::save(&mut step.tx, &account).await?;
        step.commit().await?;
        let account = Arc::new(account);
        let mut kept = self.account.write().unwrap_or_else(PoisonError::into_inner);
        *kept = Some(Arc::clone(&account));
        Ok(account)
    }

    /// The own server, with the session's token.
    pub(crate) fn api(&self) -> Result<Api<'_>, SdkError> {
        let account = self.account()?;
        Ok(Api {
            network: &self.network,
            server: account.user.server(),
            token: account.token.clone(),
        })
    }

    /// Milliseconds since 1970.
    pub(crate) fn now_ms(&self) -> u64 {
        self.ports.clock.now_ms()
    }

    fn display_name(&self) -> Option<String> {
        held(&self.display_name).clone()
    }

    fn set_display_name(&self, name: String) {
        *held(&self.display_name) = Some(name);
    }

    /// The lock under which one commit at a time is made for a room.
    fn commit_lock(&self, room: &RoomUri) -> Arc<AsyncMutex<()>> {
        let mut locks = held(&self.committing);
        locks.retain(|_, lock| Arc::strong_count(lock) > 1);
        Arc::clone(locks.entry(room.clone()).or_default())
    }

    /// An own commit was met in the log; kept under the state lock, so that whoever looks next
    /// finds it.
    pub(crate) fn keep_own_commit(&self, room: &RoomUri, met: (Hash, u64)) {
        held(&self.own_commits).insert(room.clone(), met);
    }

    /// The event's number, where the newest own commit in the room's log is this one.
    fn own_commit(&self, room: &RoomUri, hash: &Hash) -> Option<u64> {
        let met = held(&self.own_commits).get(room).copied();
        met.filter(|(one, _)| one == hash).map(|(_, seq)| seq)
    }

    /// Tells an event to whoever listens.
    pub(crate) fn tell(&self, event: DeviceEvent) {
        // Nobody listening is no error.
        let _listeners = self.events.send(event);
    }

    /// Tells a hop, in words that are made only where somebody listens.
    pub(crate) fn hop(&self, what: HopKind, text: impl FnOnce() -> String) {
        if self.events.receiver_count() > 0 {
            self.tell(DeviceEvent::Hop { what, text: text() });
        }
    }

    /// A room moved; whoever waits for it looks again.
    pub(crate) fn progressed(&self) {
        self.progress
            .send_modify(|count| *count = count.wrapping_add(1));
    }
}

/// A lock that is never held over anything that can fail halfway.
pub(crate) fn held<T>(lock: &Mutex<T>) -> Held<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}
