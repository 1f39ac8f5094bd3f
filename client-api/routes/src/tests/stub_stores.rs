//! Stores that keep accounts in memory, and know at most one room, whose hub is skerry.test.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use holm_core::ports::{
    Account, AccountStore, Append, AppendError, Claim, Consent, EnrolledDevice, Fold, Future,
    HeldMessage, HeldStore, Hold, KeyPackageStore, LogHead, LogStore, Membership, PeerCursor,
    RoomRecord, RoomStanding, RoomStore, Settled, StoreError, Stored, StoredEntry, StoredFork,
    StoredKeyPackage, StoredOrder, TokenOwner,
};
use holm_protocol::aad::ClientMsgId;
use holm_protocol::{DeviceUri, Hash, RoomUri, ServerName, UserUri};

#[derive(Default)]
pub(super) struct Stores {
    pub(super) accounts: Mutex<BTreeMap<UserUri, Account>>,
    pub(super) tokens: Mutex<BTreeMap<Hash, DeviceUri>>,
    /// The one room, as its one device sees it.
    pub(super) membership: Mutex<Option<Membership>>,
    /// Whether looking for rooms fails.
    pub(super) failing: AtomicBool,
}

impl Stores {
    fn membership_of(&self, room: &RoomUri) -> Option<Membership> {
        let membership = self.membership.lock().unwrap();
        membership.clone().filter(|m| m.room == *room)
    }
}

fn stored<'a, T: Send + 'a>(value: T) -> Stored<'a, T> {
    Box::pin(async { Ok(value) })
}

fn failed<'a, T: Send + 'a>() -> Stored<'a, T> {
    Box::pin(async { Err(StoreError("this store is a stub".into())) })
}

impl AccountStore for Stores {
    fn create_account<'a>(
        &'a self,
        user: &'a UserUri,
        password_hash: &'a str,
        device: &'a DeviceUri,
        token: Hash,
    ) -> Stored<'a, bool> {
        let account = Account {
            user: user.clone(),
            password_hash: password_hash.to_owned(),
            device: None,
            consent: Consent::Anyone,
        };
        let mut accounts = self.accounts.lock().unwrap();
        let free = !accounts.contains_key(user);
        if free {
            accounts.insert(user.clone(), account);
            self.tokens.lock().unwrap().insert(token, device.clone());
        }
        stored(free)
    }

    fn account<'a>(&'a self, user: &'a UserUri) -> Stored<'a, Option<Account>> {
        stored(self.accounts.lock().unwrap().get(user).cloned())
    }

    fn set_consent<'a>(&'a self, user: &'a UserUri, consent: &'a Consent) -> Stored<'a, ()> {
        if let Some(account) = self.accounts.lock().unwrap().get_mut(user) {
            account.consent = consent.clone();
        }
        stored(())
    }

    fn enroll_device<'a>(
        &'a self,
        user: &'a UserUri,
        device: &'a EnrolledDevice,
    ) -> Stored<'a, bool> {
        let mut accounts = self.accounts.lock().unwrap();
        accounts.get_mut(user).unwrap().device = Some(device.clone());
        stored(true)
    }

    fn replace_token<'a>(
        &'a self,
        _user: &'a UserUri,
        device: &'a DeviceUri,
        token: Hash,
    ) -> Stored<'a, ()> {
        self.tokens.lock().unwrap().insert(token, device.clone());
        stored(())
    }

    fn token(&self, token: Hash) -> Stored<'_, Option<TokenOwner>> {
        let device = self.tokens.lock().unwrap().get(&token).cloned();
        stored(device.map(|device| {
            let accounts = self.accounts.lock().unwrap();
            let account = accounts.get(&device.user());
            TokenOwner {
                user: device.user(),
                device,
                enrolled: account.is_some_and(|a| a.device.is_some()),
            }
        }))
    }

    fn revoke_token(&self, token: Hash) -> Stored<'_, ()> {
        self.tokens.lock().unwrap().remove(&token);
        stored(())
    }
}

impl KeyPackageStore for Stores {
    fn add_key_packages<'a>(
        &'a self,
        _device: &'a DeviceUri,
        _packages: &'a [StoredKeyPackage],
    ) -> Stored<'a, usize> {
        failed()
    }

    fn count_key_packages<'a>(&'a self, _device: &'a DeviceUri, _now: u64) -> Stored<'a, usize> {
        panic!("this stub panics, to show what becomes of it")
    }

    fn claim_key_packages<'a>(
        &'a self,
        _claim: &'a Claim,
    ) -> Stored<'a, Option<Vec<(DeviceUri, Bytes)>>> {
        failed()
    }

    fn claimed_for(&self, _: Hash) -> Stored<'_, Option<(DeviceUri, RoomUri, ServerName)>> {
        failed()
    }
}

impl LogStore for Stores {
    fn begin<'a>(&'a self, _room: &'a RoomUri, _head: LogHead) -> Stored<'a, LogHead> {
        failed()
    }

    fn append(&self, _append: Append) -> Future<'_, Result<(), AppendError>> {
        Box::pin(async { Err(AppendError::NoLog) })
    }

    fn head<'a>(&'a self, _room: &'a RoomUri) -> Stored<'a, Option<LogHead>> {
        stored(None)
    }

    fn read<'a>(
        &'a self,
        _room: &'a RoomUri,
        _after: u64,
        _limit: usize,
        _bytes_max: usize,
    ) -> Stored<'a, Vec<StoredEntry>> {
        failed()
    }

    fn find<'a>(&'a self, _room: &'a RoomUri, _key: Hash) -> Stored<'a, Option<(u64, u64)>> {
        stored(None)
    }

    fn take_over<'a>(&'a self, _room: &'a RoomUri) -> Stored<'a, u64> {
        failed()
    }

    fn commit_seqs(&self) -> Stored<'_, Vec<(RoomUri, u64)>> {
        stored(Vec::new())
    }

    fn stored_for(&self, _server: &ServerName) -> u64 {
        0
    }

    fn stored_by_server(&self) -> Vec<(ServerName, u64)> {
        Vec::new()
    }
}

impl RoomStore for Stores {
    fn create_room<'a>(
        &'a self,
        _record: &'a RoomRecord,
        _creator: &'a DeviceUri,
    ) -> Stored<'a, bool> {
        failed()
    }

    fn room<'a>(&'a self, room: &'a RoomUri) -> Stored<'a, Option<RoomRecord>> {
        let record = RoomRecord {
            room: room.clone(),
            hub: ServerName::parse("skerry.test").unwrap(),
            folded_seq: 0,
            snapshot: Bytes::new(),
            stopped: None,
            servers: Vec::new(),
        };
        let known = self.membership_of(room).is_some();
        stored(known.then_some(record))
    }

    fn all_rooms(&self) -> Stored<'_, Vec<(RoomUri, ServerName, u64)>> {
        stored(Vec::new())
    }

    fn fold(&self, _fold: Fold) -> Stored<'_, ()> {
        failed()
    }

    fn rooms_of_hub<'a>(&'a self, _hub: &'a ServerName) -> Stored<'a, u64> {
        stored(0)
    }

    fn set_stopped<'a>(&'a self, _room: &'a RoomUri, _why: Option<&'a str>) -> Stored<'a, ()> {
        failed()
    }

    fn memberships<'a>(&'a self, _device: &'a DeviceUri) -> Stored<'a, Vec<Membership>> {
        match self.failing.load(Ordering::Relaxed) {
            true => failed(),
            false => stored(self.membership.lock().unwrap().iter().cloned().collect()),
        }
    }

    fn membership<'a>(
        &'a self,
        _device: &'a DeviceUri,
        room: &'a RoomUri,
    ) -> Stored<'a, Option<Membership>> {
        stored(self.membership_of(room))
    }

    fn memberships_in<'a>(
        &'a self,
        _device: &'a DeviceUri,
        room: &'a RoomUri,
    ) -> Stored<'a, Vec<Membership>> {
        stored(self.membership_of(room).into_iter().collect())
    }

    fn local_devices<'a>(&'a self, _room: &'a RoomUri) -> Stored<'a, Vec<DeviceUri>> {
        stored(Vec::new())
    }

    fn acknowledge<'a>(
        &'a self,
        _device: &'a DeviceUri,
        _marks: &'a [(RoomUri, u64, u64)],
    ) -> Stored<'a, ()> {
        stored(())
    }

    fn peers<'a>(&'a self, _room: &'a RoomUri) -> Stored<'a, Vec<PeerCursor>> {
        stored(Vec::new())
    }

    fn rooms_of_peer<'a>(&'a self, _server: &'a ServerName) -> Stored<'a, Vec<PeerCursor>> {
        stored(Vec::new())
    }

    fn advance_peer<'a>(
        &'a self,
        _server: &'a ServerName,
        _cursors: &'a [(RoomUri, u64)],
    ) -> Stored<'a, ()> {
        stored(())
    }

    fn peer_servers(&self) -> Stored<'_, Vec<ServerName>> {
        stored(Vec::new())
    }

    fn forget_peer<'a>(&'a self, _server: &'a ServerName) -> Stored<'a, ()> {
        stored(())
    }

    fn add_order<'a>(
        &'a self,
        _room: &'a RoomUri,
        _order: &'a StoredOrder,
    ) -> Stored<'a, StoredOrder> {
        failed()
    }

    fn open_orders<'a>(&'a self, _room: &'a RoomUri) -> Stored<'a, Vec<StoredOrder>> {
        stored(Vec::new())
    }

    fn standing<'a>(&'a self, _room: &'a RoomUri) -> Stored<'a, Option<RoomStanding>> {
        stored(None)
    }

    fn signed_head<'a>(&'a self, _room: &'a RoomUri) -> Stored<'a, Option<Bytes>> {
        stored(None)
    }

    fn put_signed_head<'a>(&'a self, _room: &'a RoomUri, _head: &'a Bytes) -> Stored<'a, ()> {
        stored(())
    }

    fn keep_fork<'a>(&'a self, _fork: &'a StoredFork) -> Stored<'a, bool> {
        failed()
    }

    fn forks(&self) -> Stored<'_, Vec<StoredFork>> {
        stored(Vec::new())
    }

    fn tree<'a>(&'a self, _room: &'a RoomUri, _seq: u64) -> Stored<'a, Option<Bytes>> {
        stored(None)
    }
}

impl HeldStore for Stores {
    fn hold(&self, hold: Hold) -> Stored<'_, Vec<bool>> {
        stored(vec![true; hold.messages.len()])
    }

    fn first<'a>(
        &'a self,
        _room: &'a RoomUri,
        _limit: usize,
        _bytes_max: usize,
    ) -> Stored<'a, Vec<HeldMessage>> {
        stored(Vec::new())
    }

    fn settle<'a>(
        &'a self,
        _room: &'a RoomUri,
        _settled: &'a Settled,
    ) -> Stored<'a, Vec<(DeviceUri, ClientMsgId)>> {
        stored(Vec::new())
    }

    fn held_rooms(&self) -> Stored<'_, Vec<(RoomUri, ServerName)>> {
        stored(Vec::new())
    }
}
