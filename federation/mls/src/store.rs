//! The staged store: OpenMLS's rows in memory, and apart from them what an operation changed.
//!
//! OpenMLS writes while it works, and never asks whether the write will last. So it writes here:
//! changes gather in an overlay, its owner writes them to a database in the transaction that
//! holds the message they belong to, and only then are they accepted (docs/adr/0001).
//!
//! 1. [`StagedStore::load`] the rows of the groups concerned; run OpenMLS.
//! 2. [`StagedStore::pending_changes`] goes into the transaction; the overlay stays.
//! 3. Committed: [`StagedStore::accept`]. Failed: [`StagedStore::discard`], and drop the group
//!    object, which has moved on. So the rows in memory are never ahead of the database.
//!
//! Every `StorageProvider` is a `PublicStorageProvider`, so one type serves devices and servers.
//! Values are wiped when they are dropped, and not printed.

mod parking;
mod row;
mod rows;
mod storage_provider;

pub use row::{Row, RowChange, Secret};

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use thiserror::Error;

use row::Place;

/// A row could not be read or written; it names the kind of row, never its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum StoreError {
    /// A value has no binary form.
    #[error("a row of kind {0} can't be written")]
    Write(&'static str),
    /// A stored value is not of the kind its key says.
    #[error("a row of kind {0} can't be read")]
    Read(&'static str),
    /// A list names a row that is not there.
    #[error("a row of kind {0} is missing")]
    Missing(&'static str),
}

/// Rows in memory and the changes on top of them.
#[derive(Default)]
pub struct StagedStore(Mutex<Staged>);

#[derive(Default)]
struct Staged {
    base: BTreeMap<Place, Secret>,
    overlay: BTreeMap<Place, Option<Secret>>,
}

impl Staged {
    fn clear(&mut self, scope: &[u8]) {
        self.overlay.retain(|place, _| place.scope != scope);
        let old = self.base.keys().filter(|place| place.scope == scope);
        let deleted: Vec<_> = old.map(|place| (place.clone(), None)).collect();
        self.overlay.extend(deleted);
    }
}

impl StagedStore {
    /// A store without rows.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes rows that a database holds.
    pub fn load(&self, rows: impl IntoIterator<Item = Row>) {
        let mut staged = self.lock();
        for row in rows {
            let place = Place {
                scope: row.scope,
                key: row.key,
            };
            staged.base.insert(place, Secret::new(row.value));
        }
    }

    /// All rows as the database has them, as changes that would write them elsewhere.
    pub fn rows(&self) -> Vec<RowChange> {
        let staged = self.lock();
        let rows = staged.base.iter();
        rows.map(|(place, value)| RowChange::new(place, Some(value.clone())))
            .collect()
    }

    /// Whether rows of `scope` are loaded: an MLS group id, or empty for the device's own.
    pub fn has_scope(&self, scope: &[u8]) -> bool {
        let first = Place::first_of(scope);
        let staged = self.lock();
        staged
            .base
            .range(first..)
            .next()
            .is_some_and(|(place, _)| place.scope == scope)
    }

    /// Deletes every row of `scope`, as a change like any other: before a device that was in a
    /// group joins it anew, so that no key of the old one stays behind.
    pub fn clear(&self, scope: &[u8]) {
        self.lock().clear(scope);
    }

    /// Forgets the rows of `scope`, and changes of it that were not accepted.
    pub fn evict(&self, scope: &[u8]) {
        let mut staged = self.lock();
        staged.base.retain(|place, _| place.scope != scope);
        staged.overlay.retain(|place, _| place.scope != scope);
    }

    /// What a transaction has to write; the changes stay until accepted or discarded.
    pub fn pending_changes(&self) -> Vec<RowChange> {
        let staged = self.lock();
        let differs =
            |(place, value): &(&Place, &Option<Secret>)| staged.base.get(*place) != value.as_ref();
        let changed = staged.overlay.iter().filter(differs);
        changed
            .map(|(place, value)| RowChange::new(place, value.clone()))
            .collect()
    }

    /// The database holds the changes: they become rows.
    pub fn accept(&self) {
        let mut staged = self.lock();
        for (place, value) in std::mem::take(&mut staged.overlay) {
            match value {
                Some(value) => staged.base.insert(place, value),
                None => staged.base.remove(&place),
            };
        }
    }

    /// The changes came to nothing: the rows are what they were.
    pub fn discard(&self) {
        self.lock().overlay.clear();
    }

    /// A panic elsewhere leaves whole rows behind, so a poisoned lock is still good.
    fn lock(&self) -> MutexGuard<'_, Staged> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for StagedStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let staged = self.lock();
        let (rows, changes) = (staged.base.len(), staged.overlay.len());
        write!(f, "StagedStore({rows} rows, {changes} changes, redacted)")
    }
}
