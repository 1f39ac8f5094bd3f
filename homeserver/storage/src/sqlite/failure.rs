//! Why a call failed, and whether the store may go on.

use libsqlite3_sys::{SQLITE_CORRUPT, SQLITE_IOERR, SQLITE_NOTADB};
use thiserror::Error;

/// Why a call failed.
#[derive(Debug, Error)]
pub(crate) enum Failure {
    /// SQLite refused or could not.
    #[error("SQLite: {0}")]
    Database(#[from] sqlx::Error),
    /// A stored value is not what the schema says: the file was changed or is damaged.
    #[error("corrupt: {table}.{column} of {row}: {why}")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// Key of the row.
        row: String,
        /// What is wrong.
        why: String,
    },
    /// The caller asked for what can't be.
    #[error("{0}")]
    Refused(&'static str),
    /// The store has failed before.
    #[error("the store has failed and waits for a restart: {0}")]
    Stopped(String),
}

impl Failure {
    /// Whether nothing may be written any more: after an I/O error the state of the file is not
    /// known, and a second fsync of the same handle would lie.
    pub(crate) fn is_fatal(&self) -> bool {
        match self {
            Self::Database(sqlx::Error::Database(error)) => {
                let code = error.code().and_then(|code| code.parse::<i32>().ok());
                // An extended code holds the primary one in its lowest byte.
                let primary = code.map(|code| code & 0xff);
                matches!(primary, Some(SQLITE_IOERR | SQLITE_CORRUPT | SQLITE_NOTADB))
            }
            Self::Database(error) => {
                matches!(error, sqlx::Error::WorkerCrashed | sqlx::Error::Io(_))
            }
            Self::Corrupt { .. } | Self::Refused(_) | Self::Stopped(_) => false,
        }
    }
}
