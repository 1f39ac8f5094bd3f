//! Who may add the user to rooms (KP-5, KP-6).
//!
//! The user's own server holds it against every claim of KeyPackages; nothing of it is kept here.

use std::sync::Arc;

pub use holm_client_types::consent::{Consent, ConsentFrom};

use super::{Device, on_task};
use crate::error::SdkError;

impl Device {
    /// Whom the user lets add them.
    ///
    /// # Errors
    /// The server cannot be reached or refuses.
    pub async fn consent(&self) -> Result<Consent, SdkError> {
        let inner = Arc::clone(&self.inner);
        on_task(&self.inner, async move { inner.api()?.consent().await }).await
    }

    /// Replaces whom the user lets add them; it holds for every claim after this returns.
    ///
    /// # Errors
    /// The server cannot be reached or refuses, more than 1,024 users for example.
    pub async fn set_consent(&self, consent: Consent) -> Result<(), SdkError> {
        let inner = Arc::clone(&self.inner);
        let set = async move { inner.api()?.set_consent(&consent).await };
        on_task(&self.inner, set).await
    }
}
