//! Accounts: registration, log-in, tokens, the one device (spec 07 §2).

use holm_protocol::identity::DeviceIdentity;
use holm_protocol::{DeviceUri, Problem, PublicKey, Signature, UserUri};

use crate::caller::Caller;
use crate::homeserver::Homeserver;

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

/// Proof that a device logs in again: its MLS key over label, user, device and time (ACC-4).
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
    /// Registers a user and opens the first session.
    pub async fn register(&self, _name: &str, _password: &str) -> Result<Session, Problem> {
        unimplemented!()
    }

    /// Opens a session: with a proof for the enrolled device, or without one while none is.
    pub async fn log_in(
        &self,
        _name: &str,
        _password: &str,
        _proof: Option<DeviceProof>,
    ) -> Result<Session, Problem> {
        unimplemented!()
    }

    /// Whose token this is.
    pub async fn authenticate(&self, _token: &str) -> Result<Caller, Problem> {
        unimplemented!()
    }

    /// Ends the caller's token.
    pub async fn log_out(&self, _caller: &Caller) -> Result<(), Problem> {
        unimplemented!()
    }

    /// Enrolls the caller's device with its certified MLS key.
    pub async fn enroll_device(
        &self,
        _caller: &Caller,
        _identity: DeviceIdentity,
        _mls_key: PublicKey,
    ) -> Result<(), Problem> {
        unimplemented!()
    }
}
