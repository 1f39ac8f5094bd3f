//! Accounts: registration, log-in, tokens, the one device (spec 07 §2, ACC-1 to ACC-6).
//!
//! Passwords are kept as Argon2id hashes, tokens as SHA-256; neither can be read back. A user has
//! one device for now: logging in elsewhere answers `link_required`.

mod password;

pub(crate) use password::PasswordWork;

use holm_protocol::identity::{DeviceIdentity, login_bytes};
use holm_protocol::limits::{CLOCK_SKEW_MS_MAX, PASSWORD_LEN_MAX, PASSWORD_LEN_MIN};
use holm_protocol::{Base64Url, Code, DeviceUri, Hash, Problem, PublicKey, Signature, UserUri};

use crate::caller::Caller;
use crate::homeserver::{Homeserver, Registration, internal};
use crate::ports::{Account, EnrolledDevice};

/// A session of a device; the token is shown once.
#[derive(Clone, PartialEq, Eq)]
pub struct Session {
    /// The user.
    pub user: UserUri,
    /// The device.
    pub device: DeviceUri,
    /// The bearer token.
    pub token: String,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Session({}, token redacted)", self.device)
    }
}

/// Proof that a device logs in again: its MLS key over label, device and time (ACC-4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceProof {
    /// The device.
    pub device: DeviceUri,
    /// When it was signed, milliseconds since 1970.
    pub time: u64,
    /// By the device's MLS key over [`holm_protocol::identity::login_bytes`].
    pub signature: Signature,
}

impl Homeserver {
    /// Registers a user and opens the first session (ACC-1, ACC-2).
    pub async fn register(&self, name: &str, password: &str) -> Result<Session, Problem> {
        if self.settings.registration == Registration::Closed {
            let text = "this server's operator makes the accounts; ask for one";
            return Err(Problem::new(Code::RegistrationClosed, text));
        }
        let user = self.user(name)?;
        check_password(password)?;
        let device = self.new_device(&user)?;
        let hash = self.hash_password(password).await?;
        let (token, token_hash) = self.new_token();
        let accounts = &self.ports.accounts;
        let created = accounts
            .create_account(&user, &hash, &device, token_hash)
            .await;
        match created.map_err(|e| internal(&e))? {
            true => Ok(Session {
                user,
                device,
                token,
            }),
            false => Err(Problem::new(
                Code::NameTaken,
                format!("{name} is taken; choose another"),
            )),
        }
    }

    /// Opens a session: with a proof for the enrolled device, or without one while none is
    /// (ACC-3, ACC-4).
    pub async fn log_in(
        &self,
        name: &str,
        password: &str,
        proof: Option<DeviceProof>,
    ) -> Result<Session, Problem> {
        let user = self.user(name)?;
        check_password(password)?;
        let account = self
            .ports
            .accounts
            .account(&user)
            .await
            .map_err(|e| internal(&e))?;
        let known = account.as_ref().map(|a| a.password_hash.clone());
        let right = self.check_password_hash(password, known).await?;
        let Some(account) = account.filter(|_| right) else {
            return Err(Problem::new(
                Code::WrongCredentials,
                "user name or password is wrong",
            ));
        };
        let device = self.device_for_login(&account, proof)?;
        let (token, hash) = self.new_token();
        let stored = self
            .ports
            .accounts
            .replace_token(&user, &device, hash)
            .await;
        stored.map_err(|e| internal(&e))?;
        // The token of an earlier connection has just ended.
        self.delivery.close(&device, crate::delivery::CLOSE_TOKEN);
        Ok(Session {
            user,
            device,
            token,
        })
    }

    /// Whose token this is.
    pub async fn authenticate(&self, token: &str) -> Result<Caller, Problem> {
        let refused = || Problem::new(Code::Unauthenticated, "the token is not valid; log in");
        let bytes = Base64Url::parse(token).map_err(|_not_a_token| refused())?;
        let hash = Hash::sha256(bytes.as_slice());
        let owner = self
            .ports
            .accounts
            .token(hash)
            .await
            .map_err(|e| internal(&e))?;
        let owner = owner.ok_or_else(refused)?;
        Ok(Caller {
            user: owner.user,
            device: owner.device,
            enrolled: owner.enrolled,
            token: hash,
        })
    }

    /// Ends the caller's token and closes its connection (ACC-6).
    pub async fn log_out(&self, caller: &Caller) -> Result<(), Problem> {
        self.ports
            .accounts
            .revoke_token(caller.token)
            .await
            .map_err(|e| internal(&e))?;
        self.delivery
            .close(&caller.device, crate::delivery::CLOSE_TOKEN);
        Ok(())
    }

    /// Enrolls the caller's device with its certified MLS key (ACC-5).
    pub async fn enroll_device(
        &self,
        caller: &Caller,
        identity: DeviceIdentity,
        mls_key: PublicKey,
    ) -> Result<(), Problem> {
        if identity.device != caller.device {
            let text = format!(
                "the certificate is for {}, not this device",
                identity.device
            );
            return Err(Problem::new(Code::InvalidCertificate, text));
        }
        let checked = identity.check(&mls_key, self.now_ms());
        checked.map_err(|e| Problem::new(Code::InvalidCertificate, e.to_string()))?;
        let device = EnrolledDevice { identity, mls_key };
        let enrolled = self
            .ports
            .accounts
            .enroll_device(&caller.user, &device)
            .await;
        match enrolled.map_err(|e| internal(&e))? {
            true => Ok(()),
            false => Err(link_required()),
        }
    }

    fn user(&self, name: &str) -> Result<UserUri, Problem> {
        UserUri::new(self.name(), name).map_err(|e| Problem::new(Code::BadRequest, e.to_string()))
    }

    /// A fresh device id: 40 random bits, unique enough within one user.
    fn new_device(&self, user: &UserUri) -> Result<DeviceUri, Problem> {
        const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
        let mut bytes = [0; 8];
        self.ports.rng.fill(&mut bytes);
        let letter = |b: &u8| char::from(LETTERS[usize::from(b % 32)]);
        let id: String = bytes.iter().map(letter).collect();
        DeviceUri::new(user, &id).map_err(|e| {
            Problem::new(
                Code::BadRequest,
                format!("the name is too long for this domain: {e}"),
            )
        })
    }

    fn new_token(&self) -> (String, Hash) {
        let mut bytes = [0; 32];
        self.ports.rng.fill(&mut bytes);
        (Base64Url::to_text(&bytes), Hash::sha256(&bytes))
    }

    fn device_for_login(
        &self,
        account: &Account,
        proof: Option<DeviceProof>,
    ) -> Result<DeviceUri, Problem> {
        match (&account.device, proof) {
            (None, _) => self.new_device(&account.user),
            (Some(device), Some(proof)) => {
                check_proof(device, &proof, self.now_ms())?;
                Ok(proof.device)
            }
            (Some(_), None) => Err(link_required()),
        }
    }
}

/// Its bytes are counted and hashed as they came (ACC-7, LIM-17).
fn check_password(password: &str) -> Result<(), Problem> {
    match password.len() {
        PASSWORD_LEN_MIN..=PASSWORD_LEN_MAX => Ok(()),
        len => {
            let text = format!("a password has 8 to 1,024 bytes, this one has {len}");
            Err(Problem::new(Code::BadRequest, text))
        }
    }
}

/// The enrolled device's own key, for this device, in time (ACC-4).
fn check_proof(device: &EnrolledDevice, proof: &DeviceProof, now_ms: u64) -> Result<(), Problem> {
    if proof.device != device.identity.device {
        return Err(link_required());
    }
    if now_ms.abs_diff(proof.time) > CLOCK_SKEW_MS_MAX {
        let text = "the proof was signed more than five minutes off our clock";
        return Err(Problem::new(Code::ClockSkew, text).with_time(now_ms));
    }
    let bytes = login_bytes(&proof.device, proof.time);
    match device.mls_key.verifies_raw(&bytes, &proof.signature) {
        true => Ok(()),
        false => Err(Problem::new(
            Code::WrongCredentials,
            "the device's proof does not hold",
        )),
    }
}

fn link_required() -> Problem {
    let text = "the account has a device; a further one must be linked by it";
    Problem::new(Code::LinkRequired, text)
}
