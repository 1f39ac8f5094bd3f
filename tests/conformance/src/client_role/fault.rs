//! What is wrong with the server under test, in one sentence.

use std::fmt;

use crate::case::Outcome;

/// Why a case failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The server does something else than the spec says.
    Wrong(String),
    /// Nothing is wrong: the case needs another server, and the target names none.
    NeedsAnother,
}

/// The end of a step of a case.
pub(crate) type Check<T = ()> = Result<T, Fault>;

impl From<Fault> for Outcome {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Wrong(why) => Self::Fail(why),
            Fault::NeedsAnother => Self::Skip(fault.to_string()),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wrong(why) => f.write_str(why),
            Self::NeedsAnother => f.write_str("needs another server of the federation"),
        }
    }
}

/// What is wrong, in one sentence.
pub(crate) fn wrong(why: impl Into<String>) -> Fault {
    Fault::Wrong(why.into())
}

/// A step that ended so.
pub(crate) fn fault<T>(why: impl Into<String>) -> Check<T> {
    Err(wrong(why))
}

/// Holds, or is the fault that `why` tells.
pub(crate) fn ensure(holds: bool, why: impl FnOnce() -> String) -> Check {
    match holds {
        true => Ok(()),
        false => fault(why()),
    }
}

/// Both are the same, or the fault names them.
pub(crate) fn same<T: PartialEq + fmt::Debug>(what: &str, got: &T, wanted: &T) -> Check {
    ensure(got == wanted, || {
        format!("{what}: wanted {wanted:?}, got {got:?}")
    })
}

/// Adds what was being done to a fault.
pub(crate) trait During<T> {
    /// The same, its fault told as one that came up while doing `what`.
    fn during(self, what: &str) -> Check<T>;
}

impl<T, E: fmt::Display> During<T> for Result<T, E> {
    fn during(self, what: &str) -> Check<T> {
        self.map_err(|error| wrong(format!("{what}: {error}")))
    }
}
