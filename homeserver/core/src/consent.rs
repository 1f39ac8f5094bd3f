//! Who may add a user to rooms: read and replaced as a whole by the user (spec 07 §3, KP-5, KP-6).
//!
//! It is held against every claim of KeyPackages, before one leaves (`key_package`).

use holm_protocol::limits::CONSENT_USERS_MAX;
use holm_protocol::{Code, Problem};

use crate::caller::Caller;
use crate::homeserver::{Homeserver, internal};
use crate::ports::Consent;

impl Homeserver {
    /// Whom the caller lets add them.
    ///
    /// # Errors
    /// The store failed.
    pub async fn consent(&self, caller: &Caller) -> Result<Consent, Problem> {
        let account = self.ports.accounts.account(&caller.user).await;
        let account = account.map_err(|e| internal(&e))?;
        Ok(account.map(|a| a.consent).unwrap_or_default())
    }

    /// Replaces whom the caller lets add them; it holds for every claim after the answer.
    ///
    /// # Errors
    /// `limit` for more than 1,024 users (LIM-30); the store failed.
    pub async fn set_consent(&self, caller: &Caller, mut consent: Consent) -> Result<(), Problem> {
        if let Consent::Listed(users) = &mut consent {
            users.sort();
            users.dedup();
            if users.len() > CONSENT_USERS_MAX {
                let text = format!("a consent names at most {CONSENT_USERS_MAX} users");
                return Err(Problem::new(Code::Limit, text));
            }
        }
        let stored = self.ports.accounts.set_consent(&caller.user, &consent);
        stored.await.map_err(|e| internal(&e))
    }
}
