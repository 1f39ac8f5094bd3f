//! What the contract is held against: a log store that can be closed and opened again.

use std::path::Path;
use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use holm_core::ports::LogStore;
use holm_storage::{Drive, Memory, Sqlite};
use tempfile::TempDir;
use tokio::task::JoinHandle;

/// A log store that can be closed and opened again with all it has.
pub(crate) trait Subject: Send {
    /// The store.
    fn log(&self) -> &dyn LogStore;
    /// Closes the store and opens it again.
    fn reopen(&mut self) -> BoxFuture<'_, ()>;
}

impl Subject for Memory {
    fn log(&self) -> &dyn LogStore {
        self
    }

    fn reopen(&mut self) -> BoxFuture<'_, ()> {
        async {}.boxed()
    }
}

/// SQLite in a folder of its own, with its writer running.
pub(crate) struct Folder {
    temporary: TempDir,
    drive: Drive,
    running: Option<Running>,
}

/// A store with its writer's task.
pub(crate) struct Running {
    pub(crate) store: Sqlite,
    writer: JoinHandle<()>,
}

impl Running {
    pub(crate) async fn memory() -> Self {
        let (store, writer) = Sqlite::in_memory(Drive::Await).await.unwrap();
        Self::new(store, writer)
    }

    pub(crate) fn new(store: Sqlite, writer: holm_storage::Writer) -> Self {
        let writer = tokio::spawn(writer.run());
        Self { store, writer }
    }

    /// Drops the store and waits until its writer has let go of it too.
    pub(crate) async fn close(self) {
        drop(self.store);
        self.writer.await.unwrap();
    }
}

impl Folder {
    pub(crate) async fn new(drive: Drive) -> Self {
        let mut new = Self {
            temporary: tempfile::tempdir().unwrap(),
            drive,
            running: None,
        };
        new.reopen().await;
        new
    }

    pub(crate) fn path(&self) -> &Path {
        self.temporary.path()
    }

    pub(crate) async fn close(&mut self) {
        if let Some(running) = self.running.take() {
            running.close().await;
        }
    }
}

impl Subject for Folder {
    fn log(&self) -> &dyn LogStore {
        &self.running.as_ref().unwrap().store
    }

    fn reopen(&mut self) -> BoxFuture<'_, ()> {
        async {
            self.close().await;
            let opening = Sqlite::open(self.temporary.path(), self.drive.clone());
            let (store, writer) = opening.await.unwrap();
            self.running = Some(Running::new(store, writer));
        }
        .boxed()
    }
}

/// SQLite driven in place, as simulation does it.
pub(crate) fn in_place() -> Drive {
    Drive::InPlace {
        latency: Arc::new(|| std::time::Duration::from_millis(1)),
    }
}

/// Runs a test on a runtime with timers, in this thread.
pub(crate) fn block_on<T>(work: impl Future<Output = T>) -> T {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_time().build().unwrap().block_on(work)
}
