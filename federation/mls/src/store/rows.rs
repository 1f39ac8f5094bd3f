//! Typed rows: how a kind, a key and a value become bytes.
//!
//! postcard, which is a fifth of JSON's size. The join configuration alone is JSON: its serde form
//! is untagged, and only a self-describing encoding reads that back.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::row::{Place, Secret};
use super::{StagedStore, StoreError};

/// What a row is: the first part of its key.
#[derive(Clone, Copy)]
pub(super) struct Kind(pub(super) &'static str);

impl Kind {
    /// The row of this kind that a group has one of.
    pub(super) fn of<G: Serialize>(self, group_id: &G) -> Result<At, StoreError> {
        self.at(self.scope(group_id)?, &())
    }

    /// The row of this kind that a group has several of.
    pub(super) fn part<G: Serialize, P: Serialize>(
        self,
        group_id: &G,
        part: &P,
    ) -> Result<At, StoreError> {
        self.at(self.scope(group_id)?, part)
    }

    /// A row of the device itself.
    pub(super) fn device<K: Serialize>(self, key: &K) -> Result<At, StoreError> {
        self.at(Vec::new(), key)
    }

    fn at<P: Serialize>(self, scope: Vec<u8>, part: &P) -> Result<At, StoreError> {
        let mut key = self.0.as_bytes().to_vec();
        key.push(0);
        let key = postcard::to_extend(part, key).map_err(|_cause| StoreError::Write(self.0))?;
        Ok(At {
            kind: self,
            place: Place { scope, key },
        })
    }

    /// The group id itself: postcard writes it as its length and its bytes.
    fn scope<G: Serialize>(self, group_id: &G) -> Result<Vec<u8>, StoreError> {
        let framed = postcard::to_stdvec(group_id).map_err(|_cause| StoreError::Write(self.0))?;
        postcard::from_bytes(&framed).map_err(|_cause| StoreError::Read(self.0))
    }

    pub(super) fn encode<T: Serialize + ?Sized>(self, value: &T) -> Result<Secret, StoreError> {
        let bytes = postcard::to_stdvec(value).map_err(|_cause| StoreError::Write(self.0))?;
        Ok(Secret::new(bytes))
    }

    pub(super) fn decode<T: DeserializeOwned>(self, bytes: &[u8]) -> Result<T, StoreError> {
        postcard::from_bytes(bytes).map_err(|_cause| StoreError::Read(self.0))
    }
}

/// A kind of row at its place.
pub(super) struct At {
    kind: Kind,
    place: Place,
}

impl StagedStore {
    pub(super) fn put<T: Serialize + ?Sized>(&self, at: At, value: &T) -> Result<(), StoreError> {
        let value = at.kind.encode(value)?;
        self.lock().overlay.insert(at.place, Some(value));
        Ok(())
    }

    pub(super) fn get<T: DeserializeOwned>(&self, at: &At) -> Result<Option<T>, StoreError> {
        self.raw(at).map(|bytes| at.kind.decode(&bytes)).transpose()
    }

    pub(super) fn put_json<T: Serialize>(&self, at: At, value: &T) -> Result<(), StoreError> {
        let json = serde_json::to_vec(value).map_err(|_cause| StoreError::Write(at.kind.0))?;
        self.lock()
            .overlay
            .insert(at.place, Some(Secret::new(json)));
        Ok(())
    }

    pub(super) fn get_json<T: DeserializeOwned>(&self, at: &At) -> Result<Option<T>, StoreError> {
        let read = |bytes: Secret| serde_json::from_slice(&bytes);
        self.raw(at)
            .map(read)
            .transpose()
            .map_err(|_cause| StoreError::Read(at.kind.0))
    }

    #[expect(
        clippy::unnecessary_wraps,
        reason = "every caller's answer is this Result"
    )]
    pub(super) fn delete(&self, at: At) -> Result<(), StoreError> {
        self.lock().overlay.insert(at.place, None);
        Ok(())
    }

    /// The encoded elements of a list; empty where there is none.
    pub(super) fn list(&self, at: &At) -> Result<Vec<Vec<u8>>, StoreError> {
        Ok(self.get(at)?.unwrap_or_default())
    }

    /// Adds an element to the end of a list, once.
    pub(super) fn append(&self, at: At, element: &[u8]) -> Result<(), StoreError> {
        let mut list = self.list(&at)?;
        list.retain(|one| one != element);
        list.push(element.to_vec());
        self.put(at, &list)
    }

    fn raw(&self, at: &At) -> Option<Secret> {
        let staged = self.lock();
        match staged.overlay.get(&at.place) {
            Some(changed) => changed.clone(),
            None => staged.base.get(&at.place).cloned(),
        }
    }
}
