//! Reading a row's cells as what they are; a cell that is not names table, column and row.

use std::fmt::Display;
use std::str::FromStr;

use bytes::Bytes;
use holm_protocol::Hash;
use serde::de::DeserializeOwned;
use sqlx::sqlite::SqliteRow;
use sqlx::{Decode, Row as _, Sqlite, Type};

use super::failure::Failure;

/// A row with the name it has in errors.
pub(crate) struct Cells<'r> {
    row: &'r SqliteRow,
    table: &'static str,
    key: &'r (dyn Display + Sync),
}

impl<'r> Cells<'r> {
    /// A row of `table`, known by `key`.
    pub(crate) fn new(
        row: &'r SqliteRow,
        table: &'static str,
        key: &'r (dyn Display + Sync),
    ) -> Self {
        Self { row, table, key }
    }

    /// A cell in the type SQLite stores.
    pub(crate) fn get<T: Decode<'r, Sqlite> + Type<Sqlite>>(
        &self,
        column: &'static str,
    ) -> Result<T, Failure> {
        let cell = self.row.try_get(column);
        cell.map_err(|e| self.corrupt(column, &e))
    }

    /// An unsigned number.
    pub(crate) fn number<N: TryFrom<i64, Error: Display>>(
        &self,
        column: &'static str,
    ) -> Result<N, Failure> {
        let number = N::try_from(self.get(column)?);
        number.map_err(|e| self.corrupt(column, &e))
    }

    /// An unsigned number or nothing.
    pub(crate) fn optional_number(&self, column: &'static str) -> Result<Option<u64>, Failure> {
        let number = self.get::<Option<i64>>(column)?.map(u64::try_from);
        number.transpose().map_err(|e| self.corrupt(column, &e))
    }

    /// A name in its text form.
    pub(crate) fn parsed<T: FromStr<Err: Display>>(
        &self,
        column: &'static str,
    ) -> Result<T, Failure> {
        let value = self.get::<&str>(column)?.parse();
        value.map_err(|e| self.corrupt(column, &e))
    }

    /// Bytes.
    pub(crate) fn bytes(&self, column: &'static str) -> Result<Bytes, Failure> {
        self.get::<&[u8]>(column).map(Bytes::copy_from_slice)
    }

    /// A value kept as JSON.
    pub(crate) fn json<T: DeserializeOwned>(&self, column: &'static str) -> Result<T, Failure> {
        let value = serde_json::from_str(self.get(column)?);
        value.map_err(|e| self.corrupt(column, &e))
    }

    /// A hash.
    pub(crate) fn hash(&self, column: &'static str) -> Result<Hash, Failure> {
        self.array(column).map(Hash)
    }

    /// Bytes of a known number.
    pub(crate) fn array<const N: usize>(&self, column: &'static str) -> Result<[u8; N], Failure> {
        let bytes = <[u8; N]>::try_from(self.get::<&[u8]>(column)?);
        bytes.map_err(|e| self.corrupt(column, &e))
    }

    /// What to say of a cell that is not what it should be.
    pub(crate) fn corrupt(&self, column: &'static str, why: &dyn Display) -> Failure {
        Failure::Corrupt {
            table: self.table,
            column,
            row: self.key.to_string(),
            why: why.to_string(),
        }
    }
}

/// A number as SQLite stores it.
pub(crate) fn stored_number(number: u64) -> Result<i64, Failure> {
    i64::try_from(number).map_err(|_too_large| Failure::Refused("a number of 2^63 or more"))
}
