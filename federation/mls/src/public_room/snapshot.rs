//! Snapshots: a room's group as one blob, from which replay goes on.
//!
//! Derived state: the log is the truth, and a snapshot that cannot be read is built anew from it.

use openmls::prelude::{GroupId, PublicGroup};
use openmls_rust_crypto::RustCrypto;
use serde::{Deserialize, Serialize};

use super::{PublicRoom, StageError};
use crate::store::{Row, StagedStore};
use crate::view::group_view;

/// Form of the blob.
const VERSION: u8 = 1;

#[derive(Serialize, Deserialize)]
struct Snapshot {
    version: u8,
    group_id: Vec<u8>,
    rows: Vec<(Vec<u8>, Vec<u8>)>,
    group_info: Vec<u8>,
}

impl PublicRoom {
    /// The whole state, for a later [`PublicRoom::load`].
    pub fn snapshot(&self) -> Vec<u8> {
        let rows = self.store.rows().into_iter();
        let rows = rows.filter_map(|row| Some((row.key, row.value?.to_vec())));
        let snapshot = Snapshot {
            version: VERSION,
            group_id: self.group.group_id().as_slice().to_vec(),
            rows: rows.collect(),
            group_info: self.group_info.clone(),
        };
        postcard::to_stdvec(&snapshot).unwrap_or_else(|e| unreachable!("plain bytes: {e}"))
    }

    /// The state a snapshot holds. Leaves are not verified again: the blob is the server's own.
    ///
    /// # Errors
    /// [`StageError::Invalid`], where the blob is of another form.
    pub fn load(snapshot: &[u8]) -> Result<Self, StageError> {
        let snapshot: Snapshot = postcard::from_bytes(snapshot).map_err(StageError::invalid)?;
        if snapshot.version != VERSION {
            return Err(StageError::invalid("a snapshot of another version"));
        }
        let (store, id) = (StagedStore::new(), snapshot.group_id);
        let rows = snapshot.rows.into_iter();
        store.load(rows.map(|(key, value)| Row {
            scope: id.clone(),
            key,
            value,
        }));
        let group = PublicGroup::load(&store, &GroupId::from_slice(&id))
            .map_err(StageError::invalid)?
            .ok_or_else(|| StageError::invalid("a snapshot without its group"))?;
        let view = group_view(&group)?;
        let (crypto, group_info) = (RustCrypto::default(), snapshot.group_info);
        Ok(Self {
            crypto,
            store,
            group,
            view,
            group_info,
        })
    }
}
