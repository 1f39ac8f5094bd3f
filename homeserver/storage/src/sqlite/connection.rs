//! Connections, transactions, and the one place that notices that the store has failed.
//!
//! A call that is dropped half-way leaves its transaction open; whoever takes the connection next
//! rolls it back. sqlx's own transactions are not used: they count a transaction as open which
//! SQLite itself has ended, as it does when the disk is full, and would refuse all that follow.

use std::fs::File;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex as StdMutex, PoisonError};

use futures::FutureExt;
use holm_core::ports::{StoreError, Stored};
use sqlx::SqliteConnection;
use tokio::sync::{Mutex, MutexGuard, watch};

use super::failure::Failure;
use super::log::recent::Recent;
use super::stored_bytes::Change;
use crate::drive::Drive;
use crate::stored_bytes::StoredBytes;

/// What all clones of a store share.
pub(crate) struct Shared {
    drive: Drive,
    writer: Mutex<Slot>,
    readers: Vec<Mutex<SqliteConnection>>,
    next_reader: AtomicUsize,
    failed: watch::Sender<Option<String>>,
    /// Ids of submits that the index does not have yet.
    recent: StdMutex<Recent>,
    /// What is committed of the sums by server.
    stored: StdMutex<StoredBytes>,
    /// Locked while the store is open; the lock ends with the file.
    _lock: Option<File>,
}

/// The writer's connection.
pub(crate) struct Slot {
    connection: SqliteConnection,
    /// Whether a transaction was begun and has not been seen to end.
    begun: bool,
}

/// A write transaction; rolled back unless committed.
pub(crate) struct Transaction<'a>(MutexGuard<'a, Slot>);

/// A connection to read with.
pub(crate) enum Reading<'a> {
    /// One of the readers.
    Reader(MutexGuard<'a, SqliteConnection>),
    /// The writer's, where there are no readers.
    Writer(MutexGuard<'a, Slot>),
}

impl Shared {
    /// What the clones of a store share, over open connections.
    pub(crate) fn new(
        drive: Drive,
        writer: SqliteConnection,
        readers: Vec<SqliteConnection>,
        (recent, stored): (Recent, StoredBytes),
        lock: Option<File>,
    ) -> Self {
        Self {
            drive,
            writer: Mutex::new(Slot {
                connection: writer,
                begun: false,
            }),
            readers: readers.into_iter().map(Mutex::new).collect(),
            next_reader: AtomicUsize::new(0),
            failed: watch::Sender::new(None),
            recent: StdMutex::new(recent),
            stored: StdMutex::new(stored),
            _lock: lock,
        }
    }

    /// Brings a call to its end: one transaction, driven as a whole.
    pub(crate) fn stored<'a, T: Send + 'a>(
        &'a self,
        work: impl Future<Output = Result<T, Failure>> + Send + 'a,
    ) -> Stored<'a, T> {
        async move {
            let result = self.run(work).await;
            result.map_err(|failure| StoreError(failure.to_string()))
        }
        .boxed()
    }

    /// Drives `work` unless the store has failed, and notices where it fails the store.
    pub(crate) async fn run<T: Send>(
        &self,
        work: impl Future<Output = Result<T, Failure>> + Send,
    ) -> Result<T, Failure> {
        if let Some(why) = self.failure() {
            return Err(Failure::Stopped(why));
        }
        self.drive.run(self.supervise(work)).await
    }

    async fn supervise<T: Send>(
        &self,
        work: impl Future<Output = Result<T, Failure>> + Send,
    ) -> Result<T, Failure> {
        let result = work.await;
        match &result {
            Ok(_) => {}
            Err(failure) if failure.is_fatal() => self.fail(failure),
            // Rolls back what the failed call has begun, so that no lock stays.
            Err(_) => drop(self.slot().await),
        }
        result
    }

    /// A connection to read with, the next that is free.
    pub(crate) async fn reading(&self) -> Result<Reading<'_>, Failure> {
        if let Some(free) = self.readers.iter().find_map(|one| one.try_lock().ok()) {
            return Ok(Reading::Reader(free));
        }
        let turn = self.next_reader.fetch_add(1, Ordering::Relaxed);
        match turn.checked_rem(self.readers.len()) {
            Some(n) => Ok(Reading::Reader(self.readers[n].lock().await)),
            None => self.slot().await.map(Reading::Writer),
        }
    }

    /// Begins a write transaction.
    pub(crate) async fn transaction(&self) -> Result<Transaction<'_>, Failure> {
        let mut slot = self.slot().await?;
        slot.begun = true;
        sqlx::query(BEGIN).execute(&mut slot.connection).await?;
        Ok(Transaction(slot))
    }

    /// The writer's connection, outside any transaction.
    async fn slot(&self) -> Result<MutexGuard<'_, Slot>, Failure> {
        let mut slot = self.writer.lock().await;
        // Whoever waited for the lock may have waited for the call that failed the store.
        if let Some(why) = self.failure() {
            return Err(Failure::Stopped(why));
        }
        if slot.begun {
            // An error means that SQLite has ended it already; if not, the next BEGIN says so.
            let result = sqlx::query(ROLLBACK).execute(&mut slot.connection).await;
            tracing::debug!(?result, "rolled back an abandoned transaction");
            slot.begun = false;
        }
        Ok(slot)
    }

    /// Ids of submits that the index does not have yet; never held while anything is waited for.
    pub(crate) fn recent(&self) -> std::sync::MutexGuard<'_, Recent> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The sums by server; never held while anything is waited for.
    pub(crate) fn stored_bytes(&self) -> std::sync::MutexGuard<'_, StoredBytes> {
        self.stored.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A change of the sums is committed.
    pub(crate) fn stored_changed(&self, change: &Change) {
        let mut stored = self.stored_bytes();
        stored.add_all(&change.added);
        for (server, bytes) in change.dropped.all() {
            stored.take_away(&server, bytes);
        }
    }

    /// Why the store has failed, if it has.
    pub(crate) fn failure(&self) -> Option<String> {
        self.failed.borrow().clone()
    }

    /// Waits until the store has failed.
    pub(crate) async fn failed(&self) -> String {
        let mut failed = self.failed.subscribe();
        let reason = failed.wait_for(Option::is_some).await;
        // The sender lives as long as `self`.
        reason.map_or_else(|e| e.to_string(), |why| why.clone().unwrap_or_default())
    }

    fn fail(&self, failure: &Failure) {
        tracing::error!(%failure, "the store has failed; restart the server");
        self.failed.send_if_modified(|failed| {
            let first = failed.is_none();
            failed.get_or_insert_with(|| failure.to_string());
            first
        });
    }
}

impl Transaction<'_> {
    /// The connection, inside the transaction.
    pub(crate) fn connection(&mut self) -> &mut SqliteConnection {
        &mut self.0.connection
    }

    /// Makes it durable: when this returns, the file is synced.
    ///
    /// # Errors
    /// The outcome is not known then.
    pub(crate) async fn commit(mut self) -> Result<(), Failure> {
        sqlx::query(COMMIT).execute(self.connection()).await?;
        self.0.begun = false;
        Ok(())
    }

    /// Leaves everything as it was.
    pub(crate) async fn rollback(mut self) -> Result<(), Failure> {
        sqlx::query(ROLLBACK).execute(self.connection()).await?;
        self.0.begun = false;
        Ok(())
    }
}

impl Reading<'_> {
    /// The connection.
    pub(crate) fn connection(&mut self) -> &mut SqliteConnection {
        match self {
            Self::Reader(connection) => connection,
            Self::Writer(slot) => &mut slot.connection,
        }
    }
}

/// Takes the write lock at once, so that no transaction fails half-way for want of it.
const BEGIN: &str = "BEGIN IMMEDIATE";
const COMMIT: &str = "COMMIT";
const ROLLBACK: &str = "ROLLBACK";

/// For the test that prepares every statement.
#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[BEGIN, COMMIT, ROLLBACK];
