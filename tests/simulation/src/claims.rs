//! The store of KeyPackages, watched: what is handed out is recorded (KP-3).

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures::FutureExt;
use holm_core::ports::{Claim, KeyPackageStore, Stored, StoredKeyPackage};
use holm_history::{Observation, Recorder};
use holm_protocol::{DeviceUri, Hash, RoomUri, ServerName};
use holm_storage::Sqlite;

/// Which packages were handed out under which claim; it outlives the process that did it.
#[derive(Debug, Default)]
pub struct Claims(Mutex<BTreeSet<(Hash, [u8; 16])>>);

/// A store whose claims are recorded.
pub(crate) struct Watched {
    pub(crate) store: Sqlite,
    pub(crate) claims: Arc<Claims>,
    pub(crate) history: Recorder,
}

impl Watched {
    /// A repeated claim gets the same packages, which is no second time.
    fn record(&self, claim: &Claim, packages: &[(DeviceUri, Bytes)]) {
        let mut claims = self.claims.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (_, bytes) in packages {
            let package = Hash::sha256(bytes);
            if claims.insert((package, claim.claim_id)) {
                let by = format!("{} for {}", claim.requester, claim.room);
                let claimed = Observation::Claimed {
                    package,
                    by,
                    last_resort: false,
                };
                self.history.record(claim.now_ms, claimed);
            }
        }
    }
}

impl KeyPackageStore for Watched {
    fn add_key_packages<'a>(
        &'a self,
        device: &'a DeviceUri,
        packages: &'a [StoredKeyPackage],
    ) -> Stored<'a, usize> {
        self.store.add_key_packages(device, packages)
    }

    fn count_key_packages<'a>(&'a self, device: &'a DeviceUri, now_ms: u64) -> Stored<'a, usize> {
        self.store.count_key_packages(device, now_ms)
    }

    fn claim_key_packages<'a>(
        &'a self,
        claim: &'a Claim,
    ) -> Stored<'a, Option<Vec<(DeviceUri, Bytes)>>> {
        async move {
            let claimed = self.store.claim_key_packages(claim).await?;
            self.record(claim, claimed.as_deref().unwrap_or_default());
            Ok(claimed)
        }
        .boxed()
    }

    fn claimed_for(&self, reference: Hash) -> Stored<'_, Option<(DeviceUri, RoomUri, ServerName)>> {
        self.store.claimed_for(reference)
    }
}
