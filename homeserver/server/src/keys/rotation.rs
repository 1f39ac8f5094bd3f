//! Replacing keys of the running server: written down first, then used (DOC-3, DOC-10).
//!
//! If power fails in between, the server starts with the new keys, which nobody has seen yet.

use std::path::PathBuf;
use std::sync::Arc;

use holm_core::ports::{Clock, Rng};
use holm_core::{Begin, Identity, Keyring};
use tokio::sync::Mutex;

use super::{DataFolder, draw, file};

/// The right to replace the keys in a data folder; clones are one.
#[derive(Clone)]
pub struct Rotation {
    folder: PathBuf,
    identity: Identity,
    clock: Arc<dyn Clock>,
    rng: Arc<dyn Rng>,
    one_at_a_time: Arc<Mutex<()>>,
}

impl Rotation {
    /// For the server of `identity`, whose keys lie in `data`.
    pub fn new(
        data: &DataFolder,
        identity: &Identity,
        clock: Arc<dyn Clock>,
        rng: Arc<dyn Rng>,
    ) -> Self {
        Self {
            folder: data.path().to_owned(),
            identity: identity.clone(),
            clock,
            rng,
            one_at_a_time: Arc::default(),
        }
    }

    /// New request and room keys.
    ///
    /// # Errors
    /// The key file can't be written; the keys are as before.
    pub async fn rotate(&self, begin: Begin) -> std::io::Result<Arc<Keyring>> {
        self.replace(|keys, fresh, now_ms| keys.rotated(fresh, begin, now_ms))
            .await
    }

    /// A new root, signed by the one of today, and new request and room keys.
    ///
    /// # Errors
    /// As for [`Rotation::rotate`].
    pub async fn rotate_root(&self, begin: Begin) -> std::io::Result<Arc<Keyring>> {
        let root = draw(&*self.rng);
        let name = self.identity.name.clone();
        self.replace(|keys, fresh, now_ms| keys.with_root(&name, root, fresh, begin, now_ms))
            .await
    }

    async fn replace(
        &self,
        next: impl FnOnce(
            &Keyring,
            (holm_protocol::PrivateKey, holm_protocol::PrivateKey),
            u64,
        ) -> Keyring,
    ) -> std::io::Result<Arc<Keyring>> {
        let _one = self.one_at_a_time.lock().await;
        let fresh = (draw(&*self.rng), draw(&*self.rng));
        let keys = next(&self.identity.keys(), fresh, self.clock.now_ms());
        file::write(&self.folder, &keys)?;
        self.identity.replace_keys(keys);
        Ok(self.identity.keys())
    }
}
