//! The local replica: one SQLite database that is what its user sees.
//!
//! One connection, one transaction a batch: MLS rows, messages, cursor and outbox move together
//! or not at all, so a crash between any two instructions leaves a state that once was (REL-1).
//! It holds keys and plaintext: the file is 0600 in a folder 0700, deleted content is overwritten.

pub(crate) mod account;
pub(crate) mod expiry;
pub(crate) mod keys;
pub(crate) mod messages;
pub(crate) mod orders;
pub(crate) mod outbox;
pub(crate) mod pending;
pub(crate) mod rooms;
pub(crate) mod timeline;
pub(crate) mod trust;

use std::path::{Path, PathBuf};

use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteLockingMode, SqliteSynchronous,
};
use sqlx::{Connection, Sqlite, Transaction};

use crate::error::SdkError;

/// Where a replica lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReplicaPlace {
    /// In a folder, as `replica.db`; made where it is missing.
    Folder(PathBuf),
    /// A file of a VFS that the process has registered: for simulated disks.
    Vfs {
        /// The VFS.
        vfs: &'static str,
        /// The file.
        file: PathBuf,
    },
    /// In memory, gone with the device.
    Memory,
}

/// Version of the schema, in SQLite's `user_version`.
const SCHEMA_VERSION: i64 = 1;
const SCHEMA: &str = include_str!("replica/schema.sql");

/// An open replica.
pub(crate) struct Replica {
    connection: SqliteConnection,
}

impl Replica {
    /// Opens a replica, making it where it is missing.
    pub(crate) async fn open(place: &ReplicaPlace) -> Result<Self, SdkError> {
        let options = match place {
            ReplicaPlace::Memory => SqliteConnectOptions::new().in_memory(true),
            ReplicaPlace::Folder(folder) => durable(private_file(folder)?),
            ReplicaPlace::Vfs { vfs, file } => durable(file.clone()).vfs(*vfs),
        };
        let options = options
            .pragma("secure_delete", "ON")
            .pragma("temp_store", "MEMORY")
            .statement_cache_capacity(128);
        let connection = SqliteConnection::connect_with(&options).await?;
        let mut replica = Self { connection };
        replica.migrate().await?;
        // Also writes anew what a failed sync has left in the page cache alone.
        replica.wipe().await?;
        Ok(replica)
    }

    /// Begins the one transaction of a step.
    pub(crate) async fn begin(&mut self) -> Result<Transaction<'_, Sqlite>, SdkError> {
        Ok(self.connection.begin_with("BEGIN IMMEDIATE").await?)
    }

    /// For reading outside a transaction.
    pub(crate) fn reader(&mut self) -> &mut SqliteConnection {
        &mut self.connection
    }

    /// Empties the write-ahead log, which holds earlier versions of rows.
    pub(crate) async fn wipe(&mut self) -> Result<(), SdkError> {
        let checkpoint = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)");
        checkpoint.execute(&mut self.connection).await?;
        Ok(())
    }

    async fn migrate(&mut self) -> Result<(), SdkError> {
        let mut transaction = self.connection.begin_with("BEGIN EXCLUSIVE").await?;
        let (version,): (i64,) = sqlx::query_as("PRAGMA user_version")
            .fetch_one(&mut *transaction)
            .await?;
        match version {
            SCHEMA_VERSION => {}
            0 => {
                sqlx::raw_sql(SCHEMA).execute(&mut *transaction).await?;
                sqlx::query("PRAGMA user_version = 1")
                    .execute(&mut *transaction)
                    .await?;
            }
            newer => {
                let why = format!("it was written by a newer version (schema {newer})");
                return Err(SdkError::Replica(why));
            }
        }
        Ok(transaction.commit().await?)
    }
}

fn private_file(folder: &Path) -> Result<PathBuf, SdkError> {
    let file = folder.join("replica.db");
    make_private(folder, &file)
        .map_err(|e| SdkError::Replica(format!("{}: {e}", file.display())))?;
    Ok(file)
}

fn durable(file: PathBuf) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true)
        .locking_mode(SqliteLockingMode::Exclusive)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(std::time::Duration::from_millis(500))
}

/// The folder 0700 and an empty file 0600 before SQLite sees them; its other files inherit.
fn make_private(folder: &Path, file: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    let mut options = std::fs::OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
        builder.mode(0o700);
        options.mode(0o600);
    }
    builder.recursive(true).create(folder)?;
    options.open(file).map(|_created| ())
}

/// A whole number as SQLite keeps it.
pub(crate) fn to_sql(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A whole number as it was kept.
pub(crate) fn from_sql(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

/// A stored value that is not of its form: the replica is damaged.
pub(crate) fn damaged(what: &str) -> SdkError {
    SdkError::Replica(format!("damaged: {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_replica_on_disk_is_private_and_opened_once() {
        // REL-1
        let folder = tempfile::tempdir().unwrap();
        let place = ReplicaPlace::Folder(folder.path().join("alice"));
        let first = Replica::open(&place).await.unwrap();
        let second = Replica::open(&place).await.err().unwrap();
        assert!(matches!(second, SdkError::ReplicaInUse), "{second}");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let file = folder.path().join("alice/replica.db");
            let mode = std::fs::metadata(file).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        drop(first);
    }

    #[tokio::test]
    async fn what_was_replaced_is_wiped_from_the_disk() {
        // REL-4
        let folder = tempfile::tempdir().unwrap();
        let place = ReplicaPlace::Folder(folder.path().into());
        let mut replica = Replica::open(&place).await.unwrap();
        let row = |value: &[u8]| holm_mls::RowChange {
            scope: b"group".to_vec(),
            key: b"secrets".to_vec(),
            value: Some(holm_mls::Secret::new(value.to_vec())),
        };
        let on_disk = |needle: &[u8]| {
            let files = std::fs::read_dir(folder.path()).unwrap();
            let mut bytes = files.map(|file| std::fs::read(file.unwrap().path()).unwrap());
            bytes.any(|b| b.windows(needle.len()).any(|w| w == needle))
        };
        let (old, new) = ([b'o'; 64], [b'n'; 64]);
        for value in [old, new] {
            let mut tx = replica.begin().await.unwrap();
            keys::write(&mut tx, &[row(&value)]).await.unwrap();
            tx.commit().await.unwrap();
        }
        assert!(on_disk(&old), "the log has it until it is wiped");
        replica.wipe().await.unwrap();
        assert!(!on_disk(&old));
        assert!(on_disk(&new));
    }

    #[tokio::test]
    async fn durability_settings_are_those_asked_for() {
        // REL-1
        let folder = tempfile::tempdir().unwrap();
        let place = ReplicaPlace::Folder(folder.path().into());
        let mut replica = Replica::open(&place).await.unwrap();
        for (pragma, expected) in [("PRAGMA synchronous", 2), ("PRAGMA secure_delete", 1)] {
            let (value,): (i64,) = sqlx::query_as(pragma)
                .fetch_one(replica.reader())
                .await
                .unwrap();
            assert_eq!(value, expected, "{pragma}");
        }
        let (mode,): (String,) = sqlx::query_as("PRAGMA journal_mode")
            .fetch_one(replica.reader())
            .await
            .unwrap();
        assert_eq!(mode, "wal");
    }
}
