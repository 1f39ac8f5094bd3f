//! A disk in memory below SQLite, whose power failures and faults a test decides.
//!
//! What was written and not synced is at the mercy of whoever fails the power: each write is kept,
//! lost or torn (F04, F05). Directory entries count as durable at once. A sync that fails loses
//! what it was to write, as it does on Linux, whatever a later sync says. One VFS serves all disks
//! of a process; a database on a disk is `/<name>/<file>`, opened by one connection alone.

mod file;
mod vfs;

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, Once, PoisonError};

pub use file::Fate;
use file::File;
pub use vfs::Handle;

/// Name of the VFS.
pub const VFS: &str = "holm-disk";

/// One disk; cloning shares it.
#[derive(Clone, Default)]
pub struct Disk(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    files: BTreeMap<String, File>,
    /// Handles of an earlier boot are dead.
    boot: u64,
    syncs: u64,
    fault: Option<Fault>,
    /// Syncs are answered and not carried out, as by a drive with a cache that lies.
    lies: bool,
}

/// What a disk refuses to do from now on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Every sync fails.
    Sync,
    /// Every write fails: no space is left.
    Full,
}

static DISKS: LazyLock<Mutex<BTreeMap<String, Disk>>> = LazyLock::new(Mutex::default);
static REGISTER: Once = Once::new();

impl Disk {
    /// A new disk under a name of its own.
    ///
    /// # Panics
    /// Where SQLite does not take the VFS.
    pub fn mount(name: &str) -> Self {
        REGISTER.call_once(|| {
            sqlite_vfs::register(VFS, vfs::Mounts, false).expect("SQLite takes a VFS");
        });
        let disk = Self::default();
        disks().insert(name.to_owned(), disk.clone());
        disk
    }

    /// A new disk with what a process sees on the disk `from`, as at the death of the process that
    /// wrote it; an empty one where there is no such disk.
    pub fn mount_copy(name: &str, from: &str) -> Self {
        let disk = Self::mount(name);
        let source = disks().get(from).cloned().unwrap_or_default();
        let renamed = |path: &str| path.replacen(from, name, 1);
        let files = &source.state().files;
        let copies = files
            .iter()
            .map(|(path, file)| (renamed(path), file.image()));
        disk.state().files = copies.collect();
        disk
    }

    /// Forgets the disk of this name; its bytes go with the last clone.
    pub fn unmount(name: &str) {
        disks().remove(name);
    }

    /// The process died: its handles are dead, what it wrote is in the page cache.
    pub fn kill_process(&self) {
        self.state().boot += 1;
    }

    /// The power fails: `fate` says of each write that was not synced, in order, what became of
    /// it. Faults are over.
    pub fn fail_power(&self, mut fate: impl FnMut() -> Fate) {
        let mut state = self.state();
        state.boot += 1;
        state.fault = None;
        for file in state.files.values_mut() {
            file.fail_power(&mut fate);
        }
    }

    /// Sets what the disk refuses.
    pub fn fault(&self, fault: Option<Fault>) {
        self.state().fault = fault;
    }

    /// Whether syncs are answered and not carried out.
    pub fn lie(&self, lies: bool) {
        self.state().lies = lies;
    }

    /// Syncs so far.
    pub fn syncs(&self) -> u64 {
        self.state().syncs
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn disks() -> MutexGuard<'static, BTreeMap<String, Disk>> {
    DISKS.lock().unwrap_or_else(PoisonError::into_inner)
}
