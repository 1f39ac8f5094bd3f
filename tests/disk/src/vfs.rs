//! The disks as SQLite sees them.

use std::io::{Error, ErrorKind, Result};
use std::time::Duration;

use sqlite_vfs::{DatabaseHandle, LockKind, OpenOptions, Vfs, WalDisabled};

use crate::file::File;
use crate::{Disk, Fault, disks};

/// All disks of the process.
pub(crate) struct Mounts;

/// An open file.
pub struct Handle {
    disk: Disk,
    path: String,
    boot: u64,
    lock: LockKind,
}

fn disk_of(path: &str) -> Result<Disk> {
    let name = path.trim_start_matches('/').split('/').next();
    let disk = disks().get(name.unwrap_or_default()).cloned();
    disk.ok_or_else(|| ErrorKind::NotFound.into())
}

impl Handle {
    fn with<T>(&self, work: impl FnOnce(&mut File) -> T) -> Result<T> {
        let mut state = self.disk.state();
        match state.boot == self.boot {
            true => Ok(work(state.files.entry(self.path.clone()).or_default())),
            false => Err(Error::other("a handle from before the crash")),
        }
    }

    fn refuses(&self, fault: Fault) -> bool {
        self.disk.state().fault == Some(fault)
    }
}

impl Vfs for Mounts {
    type Handle = Handle;

    fn open(&self, path: &str, _: OpenOptions) -> Result<Handle> {
        // Temporary files have a disk of their own.
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
        self.with(|file| u64::try_from(file.seen.len()).unwrap_or(u64::MAX))
    }

    fn read_exact_at(&mut self, buffer: &mut [u8], offset: u64) -> Result<()> {
        let offset = position(offset)?;
        let whole = self.with(|file| {
            let from = file.seen.get(offset..).unwrap_or_default();
            let len = from.len().min(buffer.len());
            buffer[..len].copy_from_slice(&from[..len]);
            // SQLite asks for zeroes after a short read.
            buffer[len..].fill(0);
            len == buffer.len()
        })?;
        match whole {
            true => Ok(()),
            false => Err(ErrorKind::UnexpectedEof.into()),
        }
    }

    fn write_all_at(&mut self, bytes: &[u8], offset: u64) -> Result<()> {
        if self.refuses(Fault::Full) {
            return Err(ErrorKind::WriteZero.into());
        }
        let offset = position(offset)?;
        self.with(|file| file.write(offset, bytes))
    }

    fn sync(&mut self, _data_only: bool) -> Result<()> {
        if self.refuses(Fault::Sync) {
            self.with(File::forget_unsynced)?;
            return Err(Error::other("the disk failed to sync"));
        }
        if !self.disk.state().lies {
            self.with(File::sync)?;
        }
        self.disk.state().syncs += 1;
        Ok(())
    }

    fn set_len(&mut self, size: u64) -> Result<()> {
        let size = position(size)?;
        self.with(|file| file.set_len(size))
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

fn position(offset: u64) -> Result<usize> {
    usize::try_from(offset).map_err(Error::other)
}
