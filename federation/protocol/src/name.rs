//! The name of a server: a DNS domain in its one canonical form.
//!
//! Names are compared byte for byte everywhere, so there is exactly one spelling: ASCII lower
//! case, A-labels, no trailing dot, no port, no address literal (ID-1, ID-5). The same parser
//! serves JSON, MLS credentials, DNS and configuration, so no second reading can differ (spec 01 §1).
//! The last label begins with a letter: URL parsers take `127.0x1` for an IP address as well as
//! `127.0.0.1`, and a name that is an address would pass by the resolver and its guards.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::limits::SERVER_NAME_LEN_MAX;

/// A server's domain, canonical (ID-1).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ServerName(Arc<str>);

/// Why a text is no name or URI of the protocol.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NameError {
    /// Empty, or longer than the limit.
    #[error("the name has {len} bytes; 1 to {max} are allowed")]
    Length {
        /// Bytes found.
        len: usize,
        /// Bytes allowed.
        max: usize,
    },
    /// A character outside the allowed set, upper case included.
    #[error("the character {0:?} is not allowed here; names are ASCII lower case")]
    Character(char),
    /// Empty label, hyphen at an edge, a single label, or an IP address.
    #[error("not a domain name: {0}")]
    Label(&'static str),
    /// Not of the form `mimi://domain/kind/name`.
    #[error("not of the form {0}")]
    Shape(&'static str),
}

impl ServerName {
    /// Parses the canonical form; nothing is normalized here (ID-5).
    pub fn parse(text: &str) -> Result<Self, NameError> {
        check_domain(text)?;
        Ok(Self(Arc::from(text)))
    }

    /// The domain as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Checks the canonical form of a domain (ID-1).
pub(crate) fn check_domain(text: &str) -> Result<(), NameError> {
    if text.is_empty() || text.len() > SERVER_NAME_LEN_MAX {
        return Err(NameError::Length {
            len: text.len(),
            max: SERVER_NAME_LEN_MAX,
        });
    }
    let labels: Vec<&str> = text.split('.').collect();
    if labels.len() < 2 {
        return Err(NameError::Label(
            "at least two labels are needed, like islet.example",
        ));
    }
    labels.iter().try_for_each(|label| check_label(label))?;
    if labels
        .last()
        .is_some_and(|last| last.starts_with(|c: char| c.is_ascii_lowercase()))
    {
        Ok(())
    } else {
        Err(NameError::Label(
            "the last label begins with a letter; an IP address is not a server name",
        ))
    }
}

fn check_label(label: &str) -> Result<(), NameError> {
    if label.is_empty() || label.len() > 63 {
        return Err(NameError::Label("each label has 1 to 63 characters"));
    }
    if label.starts_with('-') || label.ends_with('-') {
        return Err(NameError::Label(
            "a label neither begins nor ends with a hyphen",
        ));
    }
    let allowed = |c: &char| c.is_ascii_lowercase() || c.is_ascii_digit() || *c == '-';
    match label.chars().find(|c| !allowed(c)) {
        Some(c) => Err(NameError::Character(c)),
        None => Ok(()),
    }
}

impl TryFrom<String> for ServerName {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        Self::parse(&text)
    }
}

impl std::str::FromStr for ServerName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        Self::parse(text)
    }
}

impl From<ServerName> for String {
    fn from(name: ServerName) -> Self {
        name.0.as_ref().to_owned()
    }
}

impl fmt::Display for ServerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ServerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
