//! Opening: the lock file, file modes, pragmas that are read back, migrations.
//!
//! A server that can't promise durability does not start: journal mode, synchronous and foreign
//! keys are asked for after they were set.

use std::fs::{DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteLockingMode, SqliteSynchronous};
use sqlx::{ConnectOptions, SqliteConnection};
use thiserror::Error;

use super::connection::Shared;
use super::log::recent;
use super::stored_bytes;
use crate::drive::Drive;

/// Why a store could not be opened.
#[derive(Debug, Error)]
pub enum OpenError {
    /// Another server holds the lock file.
    #[error("another server is running on {}", .0.display())]
    InUse(PathBuf),
    /// A file could not be made or locked.
    #[error("{}: {cause}", path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// The ids of the newest submits can't be read.
    #[error("the database is damaged: {0}")]
    Damaged(String),
    /// Another program is in the middle of reading it, so its log can't be written into it.
    #[error("another program is reading the database; let it end, then start again")]
    Read,
    /// SQLite could not open or migrate it.
    #[error("the database could not be opened: {0}")]
    Database(#[from] sqlx::Error),
    /// A file of another program.
    #[error("the database is another program's (application_id {0})")]
    Foreign(i64),
    /// Written by a newer version.
    #[error("the database has schema {found}, this version knows up to {known}")]
    Newer {
        /// Schema of the file.
        found: i64,
        /// The newest schema known.
        known: usize,
    },
    /// A setting did not take.
    #[error("the database does not keep its promises: {pragma} is {found}, not {wanted}")]
    Pragma {
        /// The setting.
        pragma: &'static str,
        /// What it is.
        found: String,
        /// What it has to be.
        wanted: &'static str,
    },
}

/// Opens `holm.db` in a folder.
pub(super) async fn folder(folder: &Path, drive: Drive) -> Result<Shared, OpenError> {
    let lock = lock(folder)?;
    let path = folder.join("holm.db");
    create(&path)?;
    sync_folder(folder)?;
    let options = base().filename(&path).journal_mode(SqliteJournalMode::Wal);
    let readers = drive.readers();
    connect(options, "wal", readers, drive, Some(lock)).await
}

/// Opens a database in memory.
pub(super) async fn memory(drive: Drive) -> Result<Shared, OpenError> {
    connect(base().in_memory(true), "memory", 0, drive, None).await
}

/// Opens a database through a registered VFS; WAL without shared memory, hence exclusively.
pub(super) async fn vfs(vfs: &'static str, file: &Path, drive: Drive) -> Result<Shared, OpenError> {
    let options = base()
        .filename(file)
        .vfs(vfs)
        .create_if_missing(true)
        .locking_mode(SqliteLockingMode::Exclusive)
        .journal_mode(SqliteJournalMode::Wal);
    connect(options, "wal", 0, drive, None).await
}

fn base() -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY_WAIT)
        // A damaged or planted schema gets no say.
        .pragma("trusted_schema", "OFF")
        .pragma("cell_size_check", "ON")
        .disable_statement_logging()
}

async fn connect(
    options: SqliteConnectOptions,
    journal: &'static str,
    readers: usize,
    drive: Drive,
    lock: Option<File>,
) -> Result<Shared, OpenError> {
    let connecting = async {
        let mut writer = options.connect().await?;
        check_pragmas(&mut writer, journal).await?;
        migrate(&mut writer).await?;
        write_anew(&mut writer).await?;
        let recent = recent::load(&mut writer).await;
        let recent = recent.map_err(|e| OpenError::Damaged(e.to_string()))?;
        let stored = stored_bytes::load(&mut writer).await;
        let stored = stored.map_err(|e| OpenError::Damaged(e.to_string()))?;
        let mut reading = Vec::with_capacity(readers);
        let options = options.pragma("query_only", "ON");
        for _ in 0..readers {
            let mut reader = options.connect().await?;
            check_pragmas(&mut reader, journal).await?;
            reading.push(reader);
        }
        Ok::<_, OpenError>((writer, reading, (recent, stored)))
    };
    let (writer, reading, known) = drive.run(connecting).await?;
    Ok(Shared::new(drive, writer, reading, known, lock))
}

async fn check_pragmas(
    connection: &mut SqliteConnection,
    journal: &'static str,
) -> Result<(), OpenError> {
    for (pragma, sql, wanted) in [
        ("journal_mode", JOURNAL_MODE, journal),
        ("synchronous", SYNCHRONOUS, "2"),
        ("foreign_keys", FOREIGN_KEYS, "1"),
    ] {
        let found: String = sqlx::query_scalar(sql).fetch_one(&mut *connection).await?;
        if found != wanted {
            return Err(OpenError::Pragma {
                pragma,
                found,
                wanted,
            });
        }
    }
    Ok(())
}

/// Moves the write-ahead log into the database, and with it what a failed sync of an earlier
/// process has left in the page cache alone: the system takes such pages for clean and would not
/// write them again, so that later commits stood on a hole (LOG-9).
async fn write_anew(connection: &mut SqliteConnection) -> Result<(), OpenError> {
    let (busy, _, _): (i64, i64, i64) = sqlx::query_as(CHECKPOINT).fetch_one(connection).await?;
    match busy {
        0 => Ok(()),
        _ => Err(OpenError::Read),
    }
}

/// Brings the schema to the newest version, each step in a transaction of its own.
async fn migrate(connection: &mut SqliteConnection) -> Result<(), OpenError> {
    let id: i64 = sqlx::query_scalar(APPLICATION_ID)
        .fetch_one(&mut *connection)
        .await?;
    if id != 0 && id != OURS {
        return Err(OpenError::Foreign(id));
    }
    let found: i64 = sqlx::query_scalar(USER_VERSION)
        .fetch_one(&mut *connection)
        .await?;
    let done = usize::try_from(found).ok();
    let Some(steps) = done.and_then(|done| MIGRATIONS.get(done..)) else {
        let known = MIGRATIONS.len();
        return Err(OpenError::Newer { found, known });
    };
    for step in steps {
        sqlx::query(BEGIN).execute(&mut *connection).await?;
        sqlx::raw_sql(*step).execute(&mut *connection).await?;
        sqlx::query(COMMIT).execute(&mut *connection).await?;
    }
    Ok(())
}

/// Takes the folder's lock file; it is never deleted, since another may hold it open.
fn lock(folder: &Path) -> Result<File, OpenError> {
    let mut builder = DirBuilder::new();
    builder.recursive(true).mode(0o700);
    builder.create(folder).map_err(at(folder))?;
    let path = folder.join("holm.lock");
    let file = create(&path)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse(folder.into())),
        Err(TryLockError::Error(cause)) => Err(at(&path)(cause)),
    }
}

/// Makes a file that only its owner reads, or takes others' rights on it away. SQLite gives its
/// WAL the database's mode.
fn create(path: &Path) -> Result<File, OpenError> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    let file = options.mode(0o600).open(path).map_err(at(path))?;
    let private = Permissions::from_mode(0o600);
    file.set_permissions(private).map_err(at(path))?;
    Ok(file)
}

/// Makes the folder's new entries durable.
fn sync_folder(folder: &Path) -> Result<(), OpenError> {
    let opened = File::open(folder).map_err(at(folder))?;
    opened.sync_all().map_err(at(folder))
}

fn at(path: &Path) -> impl Fn(io::Error) -> OpenError + '_ {
    |cause| OpenError::File {
        path: path.into(),
        cause,
    }
}

/// How long a call waits where another process has locked the file.
const BUSY_WAIT: Duration = Duration::from_secs(5);

/// "holm", the application_id of our files.
const OURS: i64 = 0x686f_6c6d;

/// The schema's versions in order; each ends by setting `user_version`.
const MIGRATIONS: &[&str] = &[include_str!("../../migrations/0001_first.sql")];

const BEGIN: &str = "BEGIN EXCLUSIVE";
const COMMIT: &str = "COMMIT";
const APPLICATION_ID: &str = "PRAGMA application_id";
const CHECKPOINT: &str = "PRAGMA wal_checkpoint(TRUNCATE)";
const USER_VERSION: &str = "PRAGMA user_version";
const JOURNAL_MODE: &str = "SELECT CAST(journal_mode AS TEXT) FROM pragma_journal_mode";
const SYNCHRONOUS: &str = "SELECT CAST(synchronous AS TEXT) FROM pragma_synchronous";
const FOREIGN_KEYS: &str = "SELECT CAST(foreign_keys AS TEXT) FROM pragma_foreign_keys";

/// For the test that prepares every statement.
#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[
    BEGIN,
    COMMIT,
    APPLICATION_ID,
    USER_VERSION,
    CHECKPOINT,
    JOURNAL_MODE,
    SYNCHRONOUS,
    FOREIGN_KEYS,
];
