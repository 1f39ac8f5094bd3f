//! The store's ports over one SQLite file.
//!
//! One connection writes, a few read; each stands behind a lock and there is no pool, whose
//! connections come back by a task that in-place driving would wait for in vain. Appends and
//! watermarks go through a queue to one [`Writer`], which commits all that wait in one
//! transaction. An I/O error
//! stops the store for good: after a failed fsync nobody knows what the disk holds.

mod accounts;
mod connection;
mod failure;
mod held;
mod key_packages;
mod log;
mod open;
mod peers;
mod rooms;
mod row;
mod stored_bytes;
mod writer;

use std::path::Path;
use std::sync::Arc;

use tokio::sync::mpsc;

use crate::drive::Drive;
use connection::Shared;
use writer::Job;

pub use open::OpenError;
pub use writer::Writer;

/// A store over one SQLite file. Cloning shares it.
#[derive(Clone)]
pub struct Sqlite {
    shared: Arc<Shared>,
    queue: mpsc::Sender<Job>,
}

impl Sqlite {
    /// Opens the store in `folder`, made where it is missing: `holm.db`, readable by its owner
    /// alone, and `holm.lock`, held while the store is open.
    ///
    /// Appends and acknowledgements are answered while the [`Writer`] runs.
    ///
    /// # Errors
    /// Another server has the folder, the file is not ours or newer, or the database does not
    /// promise durability.
    pub async fn open(folder: &Path, drive: Drive) -> Result<(Self, Writer), OpenError> {
        open::folder(folder, drive).await.map(Self::assemble)
    }

    /// A store in memory, gone with its last clone: for tests.
    ///
    /// # Errors
    /// SQLite could not set it up.
    pub async fn in_memory(drive: Drive) -> Result<(Self, Writer), OpenError> {
        open::memory(drive).await.map(Self::assemble)
    }

    /// Opens `file` through a VFS that was registered as `vfs`, with the writer's connection
    /// alone: for simulated disks.
    ///
    /// # Errors
    /// As [`Sqlite::open`].
    pub async fn open_vfs(
        vfs: &'static str,
        file: &Path,
        drive: Drive,
    ) -> Result<(Self, Writer), OpenError> {
        open::vfs(vfs, file, drive).await.map(Self::assemble)
    }

    /// Waits until the store has failed for good, and says why; the server has to stop then.
    /// Every later call answers that the store is unavailable.
    pub async fn failed(&self) -> String {
        self.shared.failed().await
    }

    fn assemble(shared: Shared) -> (Self, Writer) {
        let shared = Arc::new(shared);
        let (writer, queue) = Writer::new(Arc::clone(&shared));
        (Self { shared, queue }, writer)
    }
}

#[cfg(test)]
mod tests;
