//! Argon2id (RFC 9106) away from the async threads, one at a time a core.
//!
//! An unknown user costs as much as a wrong password, so the time does not tell which names exist.

use std::sync::{Arc, Mutex, PoisonError};

use argon2::password_hash::{Output, ParamsString, PasswordHash, Salt, SaltString};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use holm_protocol::{Code, Problem};
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use crate::homeserver::Homeserver;

/// What an unknown user's password is compared with: a well-formed hash no password has.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Where passwords are worked on: 19 MiB and a core each, two at a time.
pub(crate) struct PasswordWork {
    turns: Semaphore,
    /// Memory that is free, at most one a turn.
    memory: Mutex<Vec<Vec<Block>>>,
}

impl Default for PasswordWork {
    fn default() -> Self {
        Self {
            turns: Semaphore::new(2),
            memory: Mutex::default(),
        }
    }
}

impl PasswordWork {
    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Vec<Block>>> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Homeserver {
    /// Hashes a password with a fresh salt.
    pub(super) async fn hash_password(&self, password: &str) -> Result<String, Problem> {
        let mut salt = [0; 16];
        self.ports.rng.fill(&mut salt);
        let password = Zeroizing::new(password.to_owned());
        self.compute_password(move |memory| hash(&password, &salt, memory))
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
            .compute_password(move |memory| fits(&password, &known, memory))
            .await?
            && exists)
    }

    async fn compute_password<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Vec<Block>) -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let desk = Arc::clone(&self.password_work);
        let Ok(_permit) = self.password_work.turns.acquire().await else {
            return Err(failed());
        };
        let computed = self.compute(move || {
            let mut memory = desk.lock().pop().unwrap_or_default();
            let result = work(&mut memory);
            // What was derived from a password does not stay.
            memory.fill(Block::default());
            desk.lock().push(memory);
            result
        });
        computed.await.ok_or_else(failed)
    }
}

/// Computes, in memory that is used again: freed memory of this size would stay with whichever
/// thread had it, and there are many.
fn derive(
    password: &str,
    salt: Salt<'_>,
    params: &Params,
    memory: &mut Vec<Block>,
) -> Option<Output> {
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
    memory.resize(params.block_count().max(memory.len()), Block::default());
    let mut bytes = [0; 64];
    let raw = salt.decode_b64(&mut bytes).ok()?;
    let len = params.output_len().unwrap_or(Params::DEFAULT_OUTPUT_LEN);
    let derived = Output::init_with(len, |out| {
        let memory = &mut memory[..params.block_count()];
        let done = argon2.hash_password_into_with_memory(password.as_bytes(), raw, out, memory);
        done.map_err(Into::into)
    });
    derived.ok()
}

fn hash(password: &str, salt: &[u8], memory: &mut Vec<Block>) -> Option<String> {
    let salt = SaltString::encode_b64(salt).ok()?;
    let params = Params::default();
    let hash = PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(&params).ok()?,
        salt: Some(salt.as_salt()),
        hash: Some(derive(password, salt.as_salt(), &params, memory)?),
    };
    Some(hash.to_string())
}

/// Compared in constant time by `Output`.
fn fits(password: &str, known: &str, memory: &mut Vec<Block>) -> bool {
    let read = |known| {
        let known = PasswordHash::new(known).ok()?;
        let params = Params::try_from(&known).ok()?;
        Some((known.algorithm, known.salt?, params, known.hash?))
    };
    read(known).is_some_and(|(algorithm, salt, params, hash)| {
        algorithm == Algorithm::Argon2id.ident()
            && derive(password, salt, &params, memory) == Some(hash)
    })
}

fn failed() -> Problem {
    Problem::new(
        Code::Unavailable,
        "the password could not be checked now; try again",
    )
}

#[cfg(test)]
mod tests {
    use argon2::Argon2;
    use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};

    use super::{NOBODY, fits, hash};

    // ACC-1
    #[test]
    fn a_hash_is_the_one_the_library_makes_and_memory_is_used_again() {
        let mut memory = Vec::new();
        let ours = hash("correct horse", &[7; 16], &mut memory).unwrap();
        let salt = SaltString::encode_b64(&[7; 16]).unwrap();
        let library = Argon2::default()
            .hash_password(b"correct horse", &salt)
            .unwrap();
        assert_eq!(ours, library.to_string());
        let held = memory.capacity();
        assert!(fits("correct horse", &ours, &mut memory));
        assert!(!fits("correct horse ", &ours, &mut memory));
        assert!(!fits("correct horse", NOBODY, &mut memory));
        assert!(!fits(
            "correct horse",
            "$argon2i$v=19$m=8,t=1,p=1$AAAAAAAAAAA",
            &mut memory
        ));
        assert_eq!(memory.capacity(), held);
        let parsed = PasswordHash::new(&ours).unwrap();
        assert!(
            Argon2::default()
                .verify_password(b"correct horse", &parsed)
                .is_ok()
        );
    }
}
