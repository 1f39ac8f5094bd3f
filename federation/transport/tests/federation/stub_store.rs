//! A store in which every call fails: whoever gets as far as the core is told `unavailable`.

use std::sync::Arc;

use bytes::Bytes;
use holm_core::ports::{
    Account, AccountStore, Append, AppendError, Claim, Consent, EnrolledDevice, Fold, Future,
    HeldMessage, HeldStore, Hold, KeyPackageStore, LogHead, LogStore, Membership, NoCrash,
    PeerCursor, RoomRecord, RoomStanding, RoomStore, Settled, StoreError, Stored, StoredEntry,
    StoredFork, StoredKeyPackage, StoredOrder, Tasks, TokenOwner,
};
use holm_core::{Homeserver, Ports, Registration, Settings};
use holm_federation::Transport;
use holm_protocol::aad::ClientMsgId;
use holm_protocol::{DeviceUri, Hash, RoomUri, ServerName, UserUri};

use crate::world::{TestRng, World};

/// A homeserver over that store.
pub(crate) fn homeserver(world: &World, transport: &Arc<Transport>) -> Homeserver {
    let store = Arc::new(Stub);
    let ports = Ports {
        clock: world.clock.clone(),
        rng: Arc::new(TestRng),
        tasks: store.clone(),
        log: store.clone(),
        accounts: store.clone(),
        key_packages: store.clone(),
        rooms: store.clone(),
        held: store,
        peers: transport.clone(),
        crash_points: Arc::new(NoCrash),
    };
    let registration = Registration::Closed;
    Homeserver::new(ports, (*world.islet).clone(), Settings { registration })
}

struct Stub;

fn fails<'a, T: Send + 'a>() -> Stored<'a, T> {
    Box::pin(async { Err(StoreError("the test's store".into())) })
}

impl Tasks for Stub {
    fn spawn(&self, _name: &'static str, _work: Future<'static, ()>) {}

    fn compute<'a>(&'a self, work: Box<dyn FnOnce() + Send + 'static>) -> Future<'a, ()> {
        work();
        Box::pin(async {})
    }
}

impl AccountStore for Stub {
    fn create_account<'a>(
        &'a self,
        _user: &'a UserUri,
        _password_hash: &'a str,
        _device: &'a DeviceUri,
        _token: Hash,
    ) -> Stored<'a, bool> {
        fails()
    }

    fn account<'a>(&'a self, _user: &'a UserUri) -> Stored<'a, Option<Account>> {
        fails()
    }

    fn set_consent<'a>(&'a self, _user: &'a UserUri, _consent: &'a Consent) -> Stored<'a, ()> {
        fails()
    }

    fn enroll_device<'a>(
        &'a self,
        _user: &'a UserUri,
        _device: &'a EnrolledDevice,
    ) -> Stored<'a, bool> {
        fails()
    }

    fn replace_token<'a>(
        &'a self,
        _user: &'a UserUri,
        _device: &'a DeviceUri,
        _token: Hash,
    ) -> Stored<'a, ()> {
        fails()
    }

    fn token(&self, _token: Hash) -> Stored<'_, Option<TokenOwner>> {
        fails()
    }

    fn revoke_token(&self, _token: Hash) -> Stored<'_, ()> {
        fails()
    }
}

impl KeyPackageStore for Stub {
    fn add_key_packages<'a>(
        &'a self,
        _device: &'a DeviceUri,
        _packages: &'a [StoredKeyPackage],
    ) -> Stored<'a, usize> {
        fails()
    }

    fn count_key_packages<'a>(&'a self, _device: &'a DeviceUri, _now_ms: u64) -> Stored<'a, usize> {
        fails()
    }

    fn claim_key_packages<'a>(
        &'a self,
        _claim: &'a Claim,
    ) -> Stored<'a, Option<Vec<(DeviceUri, Bytes)>>> {
        fails()
    }

    fn claimed_for(
        &self,
        _reference: Hash,
    ) -> Stored<'_, Option<(DeviceUri, RoomUri, ServerName)>> {
        fails()
    }
}

impl LogStore for Stub {
    fn begin<'a>(&'a self, _room: &'a RoomUri, _head: LogHead) -> Stored<'a, LogHead> {
        fails()
    }

    fn append(&self, _append: Append) -> Future<'_, Result<(), AppendError>> {
        Box::pin(async { Err(AppendError::Unavailable("the test's store".into())) })
    }

    fn head<'a>(&'a self, _room: &'a RoomUri) -> Stored<'a, Option<LogHead>> {
        fails()
    }

    fn read<'a>(
        &'a self,
        _room: &'a RoomUri,
        _after: u64,
        _limit: usize,
        _bytes_max: usize,
    ) -> Stored<'a, Vec<StoredEntry>> {
        fails()
    }

    fn find<'a>(&'a self, _room: &'a RoomUri, _key: Hash) -> Stored<'a, Option<(u64, u64)>> {
        fails()
    }

    fn take_over<'a>(&'a self, _room: &'a RoomUri) -> Stored<'a, u64> {
        fails()
    }

    fn commit_seqs(&self) -> Stored<'_, Vec<(RoomUri, u64)>> {
        fails()
    }

    fn stored_for(&self, _server: &ServerName) -> u64 {
        0
    }

    fn stored_by_server(&self) -> Vec<(ServerName, u64)> {
        Vec::new()
    }
}

impl RoomStore for Stub {
    fn create_room<'a>(
        &'a self,
        _record: &'a RoomRecord,
        _creator: &'a DeviceUri,
    ) -> Stored<'a, bool> {
        fails()
    }

    fn room<'a>(&'a self, _room: &'a RoomUri) -> Stored<'a, Option<RoomRecord>> {
        fails()
    }

    fn all_rooms(&self) -> Stored<'_, Vec<(RoomUri, ServerName, u64)>> {
        fails()
    }

    fn fold(&self, _fold: Fold) -> Stored<'_, ()> {
        fails()
    }

    fn rooms_of_hub<'a>(&'a self, _hub: &'a ServerName) -> Stored<'a, u64> {
        fails()
    }

    fn set_stopped<'a>(&'a self, _room: &'a RoomUri, _why: Option<&'a str>) -> Stored<'a, ()> {
        fails()
    }

    fn memberships<'a>(&'a self, _device: &'a DeviceUri) -> Stored<'a, Vec<Membership>> {
        fails()
    }

    fn membership<'a>(
        &'a self,
        _device: &'a DeviceUri,
        _room: &'a RoomUri,
    ) -> Stored<'a, Option<Membership>> {
        fails()
    }

    fn memberships_in<'a>(
        &'a self,
        _device: &'a DeviceUri,
        _room: &'a RoomUri,
    ) -> Stored<'a, Vec<Membership>> {
        fails()
    }

    fn local_devices<'a>(&'a self, _room: &'a RoomUri) -> Stored<'a, Vec<DeviceUri>> {
        fails()
    }

    fn acknowledge<'a>(
        &'a self,
        _device: &'a DeviceUri,
        _marks: &'a [(RoomUri, u64, u64)],
    ) -> Stored<'a, ()> {
        fails()
    }

    fn peers<'a>(&'a self, _room: &'a RoomUri) -> Stored<'a, Vec<PeerCursor>> {
        fails()
    }

    fn rooms_of_peer<'a>(&'a self, _server: &'a ServerName) -> Stored<'a, Vec<PeerCursor>> {
        fails()
    }

    fn advance_peer<'a>(
        &'a self,
        _server: &'a ServerName,
        _cursors: &'a [(RoomUri, u64)],
    ) -> Stored<'a, ()> {
        fails()
    }

    fn peer_servers(&self) -> Stored<'_, Vec<ServerName>> {
        fails()
    }

    fn forget_peer<'a>(&'a self, _server: &'a ServerName) -> Stored<'a, ()> {
        fails()
    }

    fn add_order<'a>(
        &'a self,
        _room: &'a RoomUri,
        _order: &'a StoredOrder,
    ) -> Stored<'a, StoredOrder> {
        fails()
    }

    fn open_orders<'a>(&'a self, _room: &'a RoomUri) -> Stored<'a, Vec<StoredOrder>> {
        fails()
    }

    fn standing<'a>(&'a self, _room: &'a RoomUri) -> Stored<'a, Option<RoomStanding>> {
        fails()
    }

    fn signed_head<'a>(&'a self, _room: &'a RoomUri) -> Stored<'a, Option<Bytes>> {
        fails()
    }

    fn put_signed_head<'a>(&'a self, _room: &'a RoomUri, _head: &'a Bytes) -> Stored<'a, ()> {
        fails()
    }

    fn keep_fork<'a>(&'a self, _fork: &'a StoredFork) -> Stored<'a, bool> {
        fails()
    }

    fn forks(&self) -> Stored<'_, Vec<StoredFork>> {
        fails()
    }

    fn tree<'a>(&'a self, _room: &'a RoomUri, _seq: u64) -> Stored<'a, Option<Bytes>> {
        fails()
    }
}

impl HeldStore for Stub {
    fn hold(&self, _hold: Hold) -> Stored<'_, Vec<bool>> {
        fails()
    }

    fn first<'a>(
        &'a self,
        _room: &'a RoomUri,
        _limit: usize,
        _bytes_max: usize,
    ) -> Stored<'a, Vec<HeldMessage>> {
        fails()
    }

    fn settle<'a>(
        &'a self,
        _room: &'a RoomUri,
        _settled: &'a Settled,
    ) -> Stored<'a, Vec<(DeviceUri, ClientMsgId)>> {
        fails()
    }

    fn held_rooms(&self) -> Stored<'_, Vec<(RoomUri, ServerName)>> {
        fails()
    }
}
