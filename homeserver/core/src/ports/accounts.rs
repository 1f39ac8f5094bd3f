//! Accounts, their device and their tokens.

use holm_protocol::identity::DeviceIdentity;
use holm_protocol::{DeviceUri, Hash, PublicKey, UserUri};

use super::Stored;

/// An account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The user.
    pub user: UserUri,
    /// Argon2id, in the PHC string form.
    pub password_hash: String,
    /// The device, once one has been enrolled.
    pub device: Option<EnrolledDevice>,
    /// Who may add the user to rooms.
    pub consent: Consent,
}

/// Who may claim a user's KeyPackages (KP-5).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Consent {
    /// Every user of every server.
    #[default]
    Anyone,
    /// Those named, at most 1,024 (LIM-30).
    Listed(Vec<UserUri>),
}

/// A device with its certified MLS key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnrolledDevice {
    /// Device, identity key and certificate.
    pub identity: DeviceIdentity,
    /// The device's MLS signature key.
    pub mls_key: PublicKey,
}

/// Whose a token is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenOwner {
    /// The user.
    pub user: UserUri,
    /// The device the token is bound to.
    pub device: DeviceUri,
    /// Whether that device has been enrolled.
    pub enrolled: bool,
}

/// Accounts, devices and tokens. Tokens are known by their hash alone.
pub trait AccountStore: Send + Sync {
    /// Creates an account with its first token; `false` where the name is taken, for ever.
    fn create_account<'a>(
        &'a self,
        user: &'a UserUri,
        password_hash: &'a str,
        device: &'a DeviceUri,
        token: Hash,
    ) -> Stored<'a, bool>;

    /// The account of a user.
    fn account<'a>(&'a self, user: &'a UserUri) -> Stored<'a, Option<Account>>;

    /// Enrolls the device; `false` where the account has another one.
    fn enroll_device<'a>(
        &'a self,
        user: &'a UserUri,
        device: &'a EnrolledDevice,
    ) -> Stored<'a, bool>;

    /// Replaces whom a user lets add them.
    fn set_consent<'a>(&'a self, user: &'a UserUri, consent: &'a Consent) -> Stored<'a, ()>;

    /// Adds a token for a device, and ends the device's earlier ones.
    fn replace_token<'a>(
        &'a self,
        user: &'a UserUri,
        device: &'a DeviceUri,
        token: Hash,
    ) -> Stored<'a, ()>;

    /// Whose a token is.
    fn token(&self, token: Hash) -> Stored<'_, Option<TokenOwner>>;

    /// Ends a token.
    fn revoke_token(&self, token: Hash) -> Stored<'_, ()>;
}
