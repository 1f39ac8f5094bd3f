//! Whose replica this is: account, token, identity key and MLS key of the one device.

use std::fmt;

use holm_protocol::identity::DeviceIdentity;
use holm_protocol::{DeviceUri, PrivateKey, UserUri};
use sqlx::sqlite::SqliteConnection;
use zeroize::Zeroizing;

use super::damaged;
use crate::error::SdkError;

/// The account of a replica; its secrets are never printed.
#[derive(Clone)]
pub(crate) struct Account {
    /// The user.
    pub(crate) user: UserUri,
    /// The device.
    pub(crate) device: DeviceUri,
    /// The bearer token, while there is a session.
    pub(crate) token: Option<Zeroizing<String>>,
    /// The display name, which travels inside encrypted content.
    pub(crate) name: String,
    /// The user's identity key.
    pub(crate) identity_key: PrivateKey,
    /// The device's MLS signature key.
    pub(crate) mls_key: PrivateKey,
    /// The device's certificate, as it stands in its leaf.
    pub(crate) identity: DeviceIdentity,
    /// Whether the server knows the device.
    pub(crate) enrolled: bool,
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Account({}, keys and token redacted)", self.device)
    }
}

type Row = (
    String,
    String,
    Option<String>,
    String,
    Vec<u8>,
    Vec<u8>,
    Vec<u8>,
    bool,
);

/// The account, where there is one.
pub(crate) async fn load(connection: &mut SqliteConnection) -> Result<Option<Account>, SdkError> {
    let row: Option<Row> = sqlx::query_as(
        "SELECT user, device, token, name, identity_seed, mls_seed, identity, enrolled FROM account",
    )
    .fetch_optional(connection)
    .await?;
    row.map(read).transpose()
}

fn read(row: Row) -> Result<Account, SdkError> {
    let (user, device, token, name, identity_seed, mls_seed, identity, enrolled) = row;
    Ok(Account {
        user: UserUri::parse(&user).map_err(|_invalid| damaged("account.user"))?,
        device: DeviceUri::parse(&device).map_err(|_invalid| damaged("account.device"))?,
        token: token.map(Zeroizing::new),
        name,
        identity_key: key(&Zeroizing::new(identity_seed))?,
        mls_key: key(&Zeroizing::new(mls_seed))?,
        identity: DeviceIdentity::from_bytes(&identity)
            .map_err(|_invalid| damaged("account.identity"))?,
        enrolled,
    })
}

fn key(seed: &Zeroizing<Vec<u8>>) -> Result<PrivateKey, SdkError> {
    let seed: &[u8; 32] = seed
        .as_slice()
        .try_into()
        .map_err(|_length| damaged("a key of account"))?;
    Ok(PrivateKey::from_seed(seed))
}

/// Writes the account.
pub(crate) async fn save(
    connection: &mut SqliteConnection,
    account: &Account,
) -> Result<(), SdkError> {
    sqlx::query(
        "INSERT OR REPLACE INTO account \
         (id, user, device, token, name, identity_seed, mls_seed, identity, enrolled) \
         VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(account.user.as_str())
    .bind(account.device.as_str())
    .bind(account.token.as_ref().map(|t| t.as_str()))
    .bind(&account.name)
    .bind(Zeroizing::new(account.identity_key.seed()).as_slice())
    .bind(Zeroizing::new(account.mls_key.seed()).as_slice())
    .bind(account.identity.to_bytes())
    .bind(account.enrolled)
    .execute(connection)
    .await?;
    Ok(())
}

/// Writes the display name.
pub(crate) async fn set_name(
    connection: &mut SqliteConnection,
    name: &str,
) -> Result<(), SdkError> {
    sqlx::query("UPDATE account SET name = ?")
        .bind(name)
        .execute(connection)
        .await?;
    Ok(())
}
