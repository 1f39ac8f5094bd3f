//! Argon2id (RFC 9106) away from the async threads, one at a time a core.
//!
//! An unknown user costs as much as a wrong password, so the time does not tell which names exist.

use argon2::Argon2;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use holm_protocol::{Code, Problem};
use zeroize::Zeroizing;

use crate::homeserver::Homeserver;

/// What an unknown user's password is compared with: a well-formed hash no password has.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

impl Homeserver {
    /// Hashes a password with a fresh salt.
    pub(super) async fn hash_password(&self, password: &str) -> Result<String, Problem> {
        let mut salt = [0; 16];
        self.ports.rng.fill(&mut salt);
        let password = Zeroizing::new(password.to_owned());
        self.compute_password(move || hash(&password, &salt))
            .await?
            .ok_or_else(failed)
    }

    /// Whether the password fits the hash; never where there is none.
    pub(super) async fn check_password_hash(
        &self,
        password: &str,
        known: Option<String>,
    ) -> Result<bool, Problem> {
        let exists = known.is_some();
        let known = known.unwrap_or_else(|| NOBODY.to_owned());
        let password = Zeroizing::new(password.to_owned());
        Ok(self
            .compute_password(move || fits(&password, &known))
            .await?
            && exists)
    }

    async fn compute_password<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let Ok(_permit) = self.password_work.acquire().await else {
            return Err(failed());
        };
        self.compute(work).await.ok_or_else(failed)
    }
}

fn hash(password: &str, salt: &[u8]) -> Option<String> {
    let salt = SaltString::encode_b64(salt).ok()?;
    let hash = Argon2::default()
        .hash_password(password.as_bytes(), &salt)
        .ok()?;
    Some(hash.to_string())
}

fn fits(password: &str, known: &str) -> bool {
    PasswordHash::new(known).is_ok_and(|known| {
        Argon2::default()
            .verify_password(password.as_bytes(), &known)
            .is_ok()
    })
}

fn failed() -> Problem {
    Problem::new(
        Code::Unavailable,
        "the password could not be checked now; try again",
    )
}
