//! Checks of the repository itself, which no compiler makes.
//!
//! Directions between crates, sizes, requirement ids, paths in documents, version floors: what a
//! person would otherwise have to remember. Each check is a pure function from a [`Tree`] of files
//! to findings, so each is tested with a small tree in which it fails (CONTRIBUTING.md).

pub mod attacks;
pub mod checks;
pub mod rust;
pub mod spec;
pub mod tree;

pub use tree::Tree;

use std::fmt;

/// Something the repository promises and does not keep.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// The check that found it.
    pub check: &'static str,
    /// File, and line where there is one.
    pub place: String,
    /// What is wrong and what to do.
    pub what: String,
}

impl Finding {
    /// A finding about a whole file.
    pub fn new(check: &'static str, place: impl Into<String>, what: impl Into<String>) -> Self {
        Self {
            check,
            place: place.into(),
            what: what.into(),
        }
    }

    /// A finding about one line, counted from 1.
    pub fn at(check: &'static str, path: &str, line: usize, what: impl Into<String>) -> Self {
        Self::new(check, format!("{path}:{line}"), what)
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} [{}]", self.place, self.what, self.check)
    }
}

/// Runs every check.
pub fn check_all(tree: &Tree) -> Vec<Finding> {
    let mut findings: Vec<_> = checks::ALL.iter().flat_map(|check| check(tree)).collect();
    findings.sort();
    findings.dedup();
    findings
}
