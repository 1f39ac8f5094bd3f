//! KeyPackages: enough of them wait on the server for others to add this device (KP-1, KP-2).
//!
//! The private halves are durable before a package leaves, and stay until a Welcome uses one.

use holm_client_types::key_package::UploadKeyPackagesRequest;
use holm_mls::new_key_package;

use super::Inner;
use crate::error::SdkError;
use crate::mls::refused;

/// KeyPackages kept waiting.
const KEPT: usize = 20;

impl Inner {
    /// Uploads as many KeyPackages as are missing.
    pub(crate) async fn replenish_key_packages(&self) -> Result<(), SdkError> {
        let waiting = self.api()?.count_key_packages().await?;
        let missing = KEPT.saturating_sub(waiting);
        if missing == 0 {
            return Ok(());
        }
        let key_packages = self.make_key_packages(missing).await?;
        let request = UploadKeyPackagesRequest {
            key_packages: key_packages.into_iter().map(Into::into).collect(),
        };
        self.api()?.upload_key_packages(&request).await
    }

    async fn make_key_packages(&self, count: usize) -> Result<Vec<Vec<u8>>, SdkError> {
        let account = self.account()?;
        let now_ms = self.now_ms();
        let mut state = self.lock().await;
        let step = state.step().await?;
        let make = |_| {
            new_key_package(
                step.provider,
                &account.mls_key,
                &account.identity,
                now_ms,
                false,
            )
        };
        let made = (0..count).map(make).collect::<Result<Vec<_>, _>>();
        let made = made.map_err(refused)?;
        step.commit().await?;
        Ok(made)
    }
}
