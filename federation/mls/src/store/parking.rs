//! Parking: rows of an external commit kept as one blob until the log shows the commit.
//!
//! OpenMLS merges an external commit when it is built, and so overwrites the old group. Its rows
//! wait outside the store: applied when the commit stands in the log, dropped when the hub
//! refused it (ROOM-9; spec 05 §2).

use std::collections::BTreeSet;

use super::row::{Place, Secret};
use super::rows::Kind;
use super::{StagedStore, StoreError};

const PARKED: Kind = Kind("parked");

/// Scope, key and new content of a changed row.
type ParkedRow<B> = (B, B, Option<B>);

impl StagedStore {
    /// Takes the changes out as one blob; the rows stay what they were.
    pub fn park(&self) -> Result<Secret, StoreError> {
        let mut staged = self.lock();
        let changes = staged.overlay.iter();
        let rows: Vec<ParkedRow<&[u8]>> = changes
            .map(|(place, value)| {
                let value = value.as_ref().map(|value| value.as_slice());
                (place.scope.as_slice(), place.key.as_slice(), value)
            })
            .collect();
        let blob = PARKED.encode(&rows)?;
        drop(rows);
        staged.overlay.clear();
        Ok(blob)
    }

    /// Puts parked changes back, to be written and accepted like any other. A group in the blob
    /// takes the place of the group of that id: rows of the old one that it lacks are deleted.
    pub fn unpark(&self, blob: &[u8]) -> Result<(), StoreError> {
        let parked: Vec<ParkedRow<Vec<u8>>> = PARKED.decode(blob)?;
        let scopes: BTreeSet<_> = parked.iter().map(|(scope, _, _)| scope.clone()).collect();
        let mut staged = self.lock();
        for scope in scopes.iter().filter(|scope| !scope.is_empty()) {
            staged.clear(scope);
        }
        for (scope, key, value) in parked {
            let value = value.map(Secret::new);
            staged.overlay.insert(Place { scope, key }, value);
        }
        Ok(())
    }
}
