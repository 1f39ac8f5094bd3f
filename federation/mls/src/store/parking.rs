//! Parking: rows of an external commit kept as one blob until the log shows the commit.
//!
//! OpenMLS merges an external commit when it is built, and so overwrites the old group. Its rows
//! wait outside the store: applied when the commit stands in the log, dropped when the hub
//! refused it (ROOM-9; spec 05 §2).

use std::collections::BTreeSet;

use super::row::{Place, Secret};
use super::rows::Kind;
use super::{Staged, StagedStore, StoreError};

const PARKED: Kind = Kind("parked");

type ParkedRow = (Vec<u8>, Vec<u8>, Option<Vec<u8>>);

impl StagedStore {
    /// Takes the changes out as one blob; the rows stay what they were.
    pub fn park(&self) -> Result<Secret, StoreError> {
        let mut staged = self.lock();
        let row = |(place, value): (&Place, &Option<Secret>)| -> ParkedRow {
            (
                place.scope.clone(),
                place.key.clone(),
                value.as_ref().map(|v| v.to_vec()),
            )
        };
        let rows: Vec<ParkedRow> = staged.overlay.iter().map(row).collect();
        let blob = PARKED.encode(&rows)?;
        staged.overlay.clear();
        Ok(blob)
    }

    /// Puts parked changes back, to be written and accepted like any other. A group in the blob
    /// takes the place of the group of that id: rows of the old one that it lacks are deleted.
    pub fn unpark(&self, blob: &[u8]) -> Result<(), StoreError> {
        let parked: Vec<ParkedRow> = PARKED.decode(blob)?;
        let groups: BTreeSet<Vec<u8>> = parked
            .iter()
            .map(|(scope, _, _)| scope.clone())
            .filter(|scope| !scope.is_empty())
            .collect();
        let mut staged = self.lock();
        for scope in &groups {
            clear_scope(&mut staged, scope);
        }
        for (scope, key, value) in parked {
            staged
                .overlay
                .insert(Place { scope, key }, value.map(Secret::new));
        }
        Ok(())
    }
}

fn clear_scope(staged: &mut Staged, scope: &[u8]) {
    staged.overlay.retain(|place, _| place.scope != scope);
    let old: Vec<Place> = staged
        .base
        .keys()
        .filter(|place| place.scope == scope)
        .cloned()
        .collect();
    staged
        .overlay
        .extend(old.into_iter().map(|place| (place, None)));
}
