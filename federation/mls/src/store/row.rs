//! Rows: where one stands, what is in it, and what a transaction has to write.

use std::fmt;
use std::ops::Deref;

use zeroize::Zeroizing;

/// Bytes that are wiped when they are dropped, and not printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// Takes bytes into care; copies made before are the caller's.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }
}

impl Deref for Secret {
    type Target = Vec<u8>;

    fn deref(&self) -> &Vec<u8> {
        &self.0
    }
}

impl From<Vec<u8>> for Secret {
    fn from(bytes: Vec<u8>) -> Self {
        Self::new(bytes)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({} bytes, redacted)", self.len())
    }
}

/// A row as a database keeps it. Not printable: most rows hold keys.
pub struct Row {
    /// The MLS group id; empty for rows of the device itself.
    pub scope: Vec<u8>,
    /// Kind of the row, and what tells it from others of its kind.
    pub key: Vec<u8>,
    /// Its content.
    pub value: Vec<u8>,
}

/// A row to be written, or to be deleted.
#[derive(Clone, PartialEq, Eq)]
pub struct RowChange {
    /// The MLS group id; empty for rows of the device itself.
    pub scope: Vec<u8>,
    /// Kind of the row, and what tells it from others of its kind.
    pub key: Vec<u8>,
    /// The new content; `None` deletes the row.
    pub value: Option<Secret>,
}

impl RowChange {
    pub(super) fn new(place: &Place, value: Option<Secret>) -> Self {
        Self {
            scope: place.scope.clone(),
            key: place.key.clone(),
            value,
        }
    }
}

impl fmt::Debug for RowChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.key.split(|byte| *byte == 0).next().unwrap_or_default();
        let kind = String::from_utf8_lossy(kind);
        match &self.value {
            Some(value) => write!(f, "RowChange({kind}, {value:?})"),
            None => write!(f, "RowChange({kind}, deleted)"),
        }
    }
}

/// Where a row stands.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) scope: Vec<u8>,
    pub(super) key: Vec<u8>,
}

impl Place {
    /// Before every row of `scope`.
    pub(super) fn first_of(scope: &[u8]) -> Self {
        Self {
            scope: scope.to_vec(),
            key: Vec::new(),
        }
    }
}
