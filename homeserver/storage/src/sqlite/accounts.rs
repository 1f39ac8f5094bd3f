//! Accounts, their device and their tokens (ACC-1 to ACC-6).

use holm_core::ports::{Account, AccountStore, Consent, EnrolledDevice, Stored, TokenOwner};
use holm_protocol::identity::DeviceIdentity;
use holm_protocol::{DeviceUri, Hash, PublicKey, UserUri};
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;

use super::Sqlite;
use super::failure::Failure;
use super::row::Cells;

impl AccountStore for Sqlite {
    fn create_account<'a>(
        &'a self,
        user: &'a UserUri,
        password_hash: &'a str,
        device: &'a DeviceUri,
        token: Hash,
    ) -> Stored<'a, bool> {
        self.shared.stored(async move {
            let mut transaction = self.shared.transaction().await?;
            let connection = transaction.connection();
            let query = sqlx::query(INSERT_ACCOUNT).bind(user.as_str());
            let inserted = query.bind(password_hash).execute(&mut *connection).await?;
            let created = inserted.rows_affected() > 0;
            if created {
                insert_token(connection, user, device, token).await?;
            }
            transaction.commit().await?;
            Ok(created)
        })
    }

    fn account<'a>(&'a self, user: &'a UserUri) -> Stored<'a, Option<Account>> {
        self.shared.stored(async move {
            let mut reading = self.shared.reading().await?;
            let query = sqlx::query(ACCOUNT).bind(user.as_str());
            let row = query.fetch_optional(reading.connection()).await?;
            row.map(|row| account(&row, user)).transpose()
        })
    }

    fn enroll_device<'a>(
        &'a self,
        user: &'a UserUri,
        device: &'a EnrolledDevice,
    ) -> Stored<'a, bool> {
        self.shared.stored(async move {
            let mut transaction = self.shared.transaction().await?;
            let connection = transaction.connection();
            let query = sqlx::query(INSERT_DEVICE)
                .bind(device.identity.device.as_str())
                .bind(user.as_str())
                .bind(&device.mls_key.0[..])
                .bind(device.identity.to_bytes());
            query.execute(&mut *connection).await?;
            let query = sqlx::query(ACCOUNT).bind(user.as_str());
            let row = query.fetch_optional(&mut *connection).await?;
            let row = row.ok_or(Failure::Refused("no such account"))?;
            let enrolled = account(&row, user)?.device.as_ref() == Some(device);
            transaction.commit().await?;
            Ok(enrolled)
        })
    }

    fn set_consent<'a>(&'a self, user: &'a UserUri, consent: &'a Consent) -> Stored<'a, ()> {
        self.shared.stored(async move {
            let mut transaction = self.shared.transaction().await?;
            let query = sqlx::query(SET_CONSENT).bind(user.as_str());
            let query = query.bind(consent_text(consent));
            query.execute(transaction.connection()).await?;
            transaction.commit().await
        })
    }

    fn replace_token<'a>(
        &'a self,
        user: &'a UserUri,
        device: &'a DeviceUri,
        token: Hash,
    ) -> Stored<'a, ()> {
        self.shared.stored(async move {
            let mut transaction = self.shared.transaction().await?;
            let connection = transaction.connection();
            let query = sqlx::query(DELETE_TOKENS).bind(device.as_str());
            query.execute(&mut *connection).await?;
            insert_token(connection, user, device, token).await?;
            transaction.commit().await
        })
    }

    fn token(&self, token: Hash) -> Stored<'_, Option<TokenOwner>> {
        self.shared.stored(async move {
            let mut reading = self.shared.reading().await?;
            let query = sqlx::query(TOKEN).bind(&token.0[..]);
            let row = query.fetch_optional(reading.connection()).await?;
            row.map(|row| owner(&row, token)).transpose()
        })
    }

    fn revoke_token(&self, token: Hash) -> Stored<'_, ()> {
        self.shared.stored(async move {
            let mut transaction = self.shared.transaction().await?;
            let query = sqlx::query(DELETE_TOKEN).bind(&token.0[..]);
            query.execute(transaction.connection()).await?;
            transaction.commit().await
        })
    }
}

async fn insert_token(
    connection: &mut SqliteConnection,
    user: &UserUri,
    device: &DeviceUri,
    token: Hash,
) -> Result<(), Failure> {
    let query = sqlx::query(INSERT_TOKEN).bind(&token.0[..]);
    let query = query.bind(user.as_str()).bind(device.as_str());
    query.execute(connection).await?;
    Ok(())
}

fn account(row: &SqliteRow, user: &UserUri) -> Result<Account, Failure> {
    let cells = Cells::new(row, "account", user);
    let device = match cells.get::<Option<&[u8]>>("identity")? {
        None => None,
        Some(bytes) => Some(EnrolledDevice {
            identity: DeviceIdentity::from_bytes(bytes)
                .map_err(|e| Cells::new(row, "device", user).corrupt("identity", &e))?,
            mls_key: PublicKey(cells.array("mls_key")?),
        }),
    };
    Ok(Account {
        user: user.clone(),
        password_hash: cells.get("password_hash")?,
        device,
        consent: match cells.get::<Option<&str>>("consent")? {
            None => Consent::Anyone,
            Some(_) => Consent::Listed(cells.json("consent")?),
        },
    })
}

/// As the column has it: nothing for anyone.
fn consent_text(consent: &Consent) -> Option<String> {
    match consent {
        Consent::Anyone => None,
        Consent::Listed(users) => {
            let users = users.iter().map(UserUri::as_str);
            Some(users.collect::<serde_json::Value>().to_string())
        }
    }
}

fn owner(row: &SqliteRow, token: Hash) -> Result<TokenOwner, Failure> {
    let cells = Cells::new(row, "token", &token);
    Ok(TokenOwner {
        user: cells.parsed("user")?,
        device: cells.parsed("device")?,
        enrolled: cells.get("enrolled")?,
    })
}

const INSERT_ACCOUNT: &str = "INSERT INTO account (user, password_hash) VALUES (?1, ?2) \
     ON CONFLICT (user) DO NOTHING";

const ACCOUNT: &str = "SELECT account.password_hash, account.consent, device.identity, device.mls_key \
     FROM account LEFT JOIN device ON device.user = account.user WHERE account.user = ?1";

const SET_CONSENT: &str = "UPDATE account SET consent = ?2 WHERE user = ?1";

const INSERT_DEVICE: &str = "INSERT INTO device (device, user, mls_key, identity) \
     VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING";

const INSERT_TOKEN: &str = "INSERT INTO token (hash, user, device) VALUES (?1, ?2, ?3)";

const DELETE_TOKENS: &str = "DELETE FROM token WHERE device = ?1";

const DELETE_TOKEN: &str = "DELETE FROM token WHERE hash = ?1";

const TOKEN: &str = "SELECT token.user, token.device, device.device IS NOT NULL AS enrolled \
     FROM token LEFT JOIN device ON device.device = token.device WHERE token.hash = ?1";

/// For the test that prepares every statement.
#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[
    INSERT_ACCOUNT,
    ACCOUNT,
    SET_CONSENT,
    INSERT_DEVICE,
    INSERT_TOKEN,
    DELETE_TOKENS,
    DELETE_TOKEN,
    TOKEN,
];
