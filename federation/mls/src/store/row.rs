//! Rows: where one stands, what is in it, and what a transaction has to write.

use std::fmt;

use zeroize::Zeroizing;

/// Bytes that are wiped when they are dropped.
pub type Secret = Zeroizing<Vec<u8>>;

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
            Some(value) => write!(f, "RowChange({kind}, {} bytes, redacted)", value.len()),
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
