//! A disk in memory below SQLite, whose power failures and faults a test decides.
//!
//! What was written and not synced is lost with the power. Directory entries count as durable at
//! once, and single writes are not torn.

use std::collections::BTreeMap;
use std::io::{Error, ErrorKind, Result};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, Once, PoisonError};
use std::time::Duration;

use sqlite_vfs::{DatabaseHandle, LockKind, OpenOptions, Vfs, WalDisabled};

/// Name of the VFS.
pub(crate) const VFS: &str = "testdisk";

/// One disk; cloning shares it. A database on it is `/<name>/<file>`.
#[derive(Clone, Default)]
pub(crate) struct Disk(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    files: BTreeMap<String, File>,
    /// Handles of an earlier boot are dead.
    boot: u64,
    syncs: u64,
    fault: Option<Fault>,
}

/// What a disk refuses to do from now on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Every sync fails.
    Sync,
    /// Every write fails: no space is left.
    Full,
}

#[derive(Default)]
struct File {
    durable: Vec<u8>,
    seen: Vec<u8>,
}

static DISKS: LazyLock<Mutex<BTreeMap<String, Disk>>> = LazyLock::new(Mutex::default);
static REGISTER: Once = Once::new();

impl Disk {
    /// A new disk under a name of its own.
    pub(crate) fn mount(name: &str) -> Self {
        REGISTER.call_once(|| sqlite_vfs::register(VFS, Mounts, false).unwrap());
        let disk = Self::default();
        disks().insert(name.to_owned(), disk.clone());
        disk
    }

    /// The power fails: what was not synced is gone, unless `page_cache` survives.
    pub(crate) fn fail_power(&self, page_cache: bool) {
        let mut state = self.state();
        state.boot += 1;
        state.fault = None;
        for file in state.files.values_mut() {
            match page_cache {
                true => file.durable = file.seen.clone(),
                false => file.seen = file.durable.clone(),
            }
        }
    }

    /// Sets what the disk refuses.
    pub(crate) fn fault(&self, fault: Option<Fault>) {
        self.state().fault = fault;
    }

    /// Syncs so far.
    pub(crate) fn syncs(&self) -> u64 {
        self.state().syncs
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn disks() -> MutexGuard<'static, BTreeMap<String, Disk>> {
    DISKS.lock().unwrap_or_else(PoisonError::into_inner)
}

fn disk_of(path: &str) -> Result<Disk> {
    let name = path.trim_start_matches('/').split('/').next();
    let disk = disks().get(name.unwrap_or_default()).cloned();
    disk.ok_or_else(|| ErrorKind::NotFound.into())
}

struct Mounts;

/// An open file.
pub(crate) struct Handle {
    disk: Disk,
    path: String,
    boot: u64,
    lock: LockKind,
}

impl Handle {
    fn with<T>(&self, work: impl FnOnce(&mut File) -> T) -> Result<T> {
        let mut state = self.disk.state();
        match state.boot == self.boot {
            true => Ok(work(state.files.entry(self.path.clone()).or_default())),
            false => Err(Error::other("a handle from before the power failed")),
        }
    }

    fn refuses(&self, fault: Fault) -> bool {
        self.disk.state().fault == Some(fault)
    }
}

impl Vfs for Mounts {
    type Handle = Handle;

    fn open(&self, path: &str, _: OpenOptions) -> Result<Handle> {
        let disk = disk_of(path).unwrap_or_default();
        let boot = {
            let mut state = disk.state();
            state.files.entry(path.to_owned()).or_default();
            state.boot
        };
        Ok(Handle {
            disk,
            path: path.to_owned(),
            boot,
            lock: LockKind::None,
        })
    }

    fn delete(&self, path: &str) -> Result<()> {
        let removed = disk_of(path)?.state().files.remove(path);
        removed.map(drop).ok_or_else(|| ErrorKind::NotFound.into())
    }

    fn exists(&self, path: &str) -> Result<bool> {
        Ok(disk_of(path).is_ok_and(|disk| disk.state().files.contains_key(path)))
    }

    fn temporary_name(&self) -> String {
        "/temporary/file".to_owned()
    }

    fn random(&self, buffer: &mut [i8]) {
        buffer.fill(7);
    }

    fn sleep(&self, duration: Duration) -> Duration {
        duration
    }
}

impl DatabaseHandle for Handle {
    type WalIndex = WalDisabled;

    fn size(&self) -> Result<u64> {
        self.with(|file| u64::try_from(file.seen.len()).unwrap())
    }

    fn read_exact_at(&mut self, buffer: &mut [u8], offset: u64) -> Result<()> {
        let read = self.with(|file| {
            let from = file.seen.get(position(offset)..).unwrap_or_default();
            let len = from.len().min(buffer.len());
            buffer[..len].copy_from_slice(&from[..len]);
            // SQLite asks for zeroes after a short read.
            buffer[len..].fill(0);
            len == buffer.len()
        })?;
        match read {
            true => Ok(()),
            false => Err(ErrorKind::UnexpectedEof.into()),
        }
    }

    fn write_all_at(&mut self, bytes: &[u8], offset: u64) -> Result<()> {
        if self.refuses(Fault::Full) {
            return Err(ErrorKind::WriteZero.into());
        }
        self.with(|file| {
            let (from, to) = (position(offset), position(offset) + bytes.len());
            file.seen.resize(file.seen.len().max(to), 0);
            file.seen[from..to].copy_from_slice(bytes);
        })
    }

    fn sync(&mut self, _data_only: bool) -> Result<()> {
        if self.refuses(Fault::Sync) {
            return Err(Error::other("the disk failed to sync"));
        }
        self.with(|file| file.durable = file.seen.clone())?;
        self.disk.state().syncs += 1;
        Ok(())
    }

    fn set_len(&mut self, size: u64) -> Result<()> {
        self.with(|file| file.seen.resize(position(size), 0))
    }

    // The one connection locks exclusively, so a lock always succeeds.
    fn lock(&mut self, lock: LockKind) -> Result<bool> {
        self.lock = lock;
        Ok(true)
    }

    fn reserved(&mut self) -> Result<bool> {
        Ok(false)
    }

    fn current_lock(&self) -> Result<LockKind> {
        Ok(self.lock)
    }

    fn wal_index(&self, _readonly: bool) -> Result<WalDisabled> {
        Ok(WalDisabled)
    }
}

fn position(offset: u64) -> usize {
    usize::try_from(offset).unwrap()
}
