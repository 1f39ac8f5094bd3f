//! KeyPackages: uploaded ahead, handed out once, by claim id (KP-1 to KP-4, FED-2, FED-12).
//!
//! A claim marks its packages and records itself in one transaction, so that a package leaves
//! under one claim alone, and the same claim gets the same packages whatever happened in between.

use bytes::Bytes;
use holm_core::ports::{Claim, KeyPackageStore, Stored, StoredKeyPackage};
use holm_protocol::{DeviceUri, Hash, RoomUri, ServerName};
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;

use super::Sqlite;
use super::failure::Failure;
use super::row::{Cells, stored_number};

/// Packages with their devices, as a claim is answered.
type Packages = Vec<(DeviceUri, Bytes)>;

impl KeyPackageStore for Sqlite {
    fn add_key_packages<'a>(
        &'a self,
        device: &'a DeviceUri,
        packages: &'a [StoredKeyPackage],
    ) -> Stored<'a, usize> {
        self.shared.stored(async move {
            let mut transaction = self.shared.transaction().await?;
            for package in packages {
                let query = sqlx::query(INSERT)
                    .bind(&package.reference.0[..])
                    .bind(device.as_str())
                    .bind(stored_number(package.expires)?)
                    .bind(&package.bytes[..]);
                query.execute(transaction.connection()).await?;
            }
            let unclaimed = count(transaction.connection(), device, 0).await?;
            transaction.commit().await?;
            Ok(unclaimed)
        })
    }

    fn count_key_packages<'a>(&'a self, device: &'a DeviceUri, now_ms: u64) -> Stored<'a, usize> {
        self.shared.stored(async move {
            let mut reading = self.shared.reading().await?;
            count(reading.connection(), device, now_ms).await
        })
    }

    fn claim_key_packages<'a>(&'a self, claim: &'a Claim) -> Stored<'a, Option<Packages>> {
        self.shared.stored(async move {
            let mut transaction = self.shared.transaction().await?;
            let answer = answer(transaction.connection(), claim).await?;
            match answer.as_ref().is_some_and(Vec::is_empty) {
                // Where no package is left nothing is recorded: the same claim may succeed later.
                true => transaction.rollback().await?,
                false => transaction.commit().await?,
            }
            Ok(answer)
        })
    }

    fn claimed_for(&self, reference: Hash) -> Stored<'_, Option<(DeviceUri, RoomUri, ServerName)>> {
        self.shared.stored(async move {
            let mut reading = self.shared.reading().await?;
            let query = sqlx::query(CLAIMED_FOR).bind(&reference.0[..]);
            let row = query.fetch_optional(reading.connection()).await?;
            let Some(row) = row else { return Ok(None) };
            let package = Cells::new(&row, "key_package", &reference);
            let claim = Cells::new(&row, "claim", &reference);
            let (device, room) = (package.parsed("device")?, claim.parsed("room")?);
            Ok(Some((device, room, claim.parsed("hub")?)))
        })
    }
}

async fn count(
    connection: &mut SqliteConnection,
    device: &DeviceUri,
    now_ms: u64,
) -> Result<usize, Failure> {
    let query = sqlx::query(COUNT).bind(device.as_str());
    let query = query.bind(stored_number(now_ms / 1_000)?);
    let row = query.fetch_one(connection).await?;
    Cells::new(&row, "key_package", device).number("unclaimed")
}

/// The claim's packages, new or as before; `None` where its id was used for another claim.
async fn answer(
    connection: &mut SqliteConnection,
    claim: &Claim,
) -> Result<Option<Packages>, Failure> {
    let query = sqlx::query(CLAIM).bind(&claim.claim_id[..]);
    let row = query.fetch_optional(&mut *connection).await?;
    let id: i64 = match &row {
        Some(row) if !is_same(row, claim)? => return Ok(None),
        Some(row) => Cells::new(row, "claim", &claim.user).get("id")?,
        None => match take(connection, claim).await? {
            Some(id) => id,
            None => return Ok(Some(Vec::new())),
        },
    };
    let query = sqlx::query(CLAIMED).bind(id);
    let rows = query.fetch_all(connection).await?;
    let packages = rows.iter().map(|row| package(row, claim));
    packages.collect::<Result<_, _>>().map(Some)
}

/// Records a claim and marks its packages; `None` where there is none.
async fn take(connection: &mut SqliteConnection, claim: &Claim) -> Result<Option<i64>, Failure> {
    let query = sqlx::query(INSERT_CLAIM)
        .bind(&claim.claim_id[..])
        .bind(claim.user.as_str())
        .bind(claim.requester.as_str())
        .bind(claim.room.as_str())
        .bind(claim.hub.as_str())
        .bind(stored_number(claim.now_ms)?);
    let inserted = query.fetch_optional(&mut *connection).await?;
    let Some(row) = inserted else {
        return Ok(None);
    };
    let id: i64 = Cells::new(&row, "claim", &claim.user).get("id")?;
    let query = sqlx::query(TAKE).bind(id).bind(claim.user.as_str());
    let query = query.bind(stored_number(claim.now_ms / 1_000)?);
    let taken = query.execute(connection).await?;
    Ok((taken.rows_affected() > 0).then_some(id))
}

fn is_same(row: &SqliteRow, claim: &Claim) -> Result<bool, Failure> {
    let cells = Cells::new(row, "claim", &claim.user);
    let user = cells.get::<&str>("user")? == claim.user.as_str();
    let requester = cells.get::<&str>("requester")? == claim.requester.as_str();
    let room = cells.get::<&str>("room")? == claim.room.as_str();
    let hub = cells.get::<&str>("hub")? == claim.hub.as_str();
    Ok(user && requester && room && hub)
}

fn package(row: &SqliteRow, claim: &Claim) -> Result<(DeviceUri, Bytes), Failure> {
    let cells = Cells::new(row, "key_package", &claim.user);
    Ok((cells.parsed("device")?, cells.bytes("bytes")?))
}

const INSERT: &str = "INSERT INTO key_package (reference, device, expires, bytes) \
     VALUES (?1, ?2, ?3, ?4) ON CONFLICT (reference) DO NOTHING";

const COUNT: &str = "SELECT count(*) AS unclaimed FROM key_package \
     WHERE device = ?1 AND claim IS NULL AND expires > ?2";

const CLAIM: &str = "SELECT id, user, requester, room, hub FROM claim WHERE claim_id = ?1";

/// A user that has no account here claims nothing.
const INSERT_CLAIM: &str = "INSERT INTO claim (claim_id, user, requester, room, hub, time) \
     SELECT ?1, user, ?3, ?4, ?5, ?6 FROM account WHERE user = ?2 RETURNING id";

/// Marks the oldest package of each device of the user.
const TAKE: &str = "UPDATE key_package SET claim = ?1 WHERE id IN ( \
     SELECT min(key_package.id) FROM device JOIN key_package USING (device) \
     WHERE device.user = ?2 AND key_package.claim IS NULL AND key_package.expires > ?3 \
     GROUP BY device.device)";

const CLAIMED: &str = "SELECT device, bytes FROM key_package WHERE claim = ?1 ORDER BY device";

const CLAIMED_FOR: &str = "SELECT key_package.device, claim.room, claim.hub \
     FROM key_package JOIN claim ON claim.id = key_package.claim WHERE reference = ?1";

/// For the test that prepares every statement.
#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[
    INSERT,
    COUNT,
    CLAIM,
    INSERT_CLAIM,
    TAKE,
    CLAIMED,
    CLAIMED_FOR,
];
