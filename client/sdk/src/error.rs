//! What can go wrong in the library, by who can do something about it.

use holm_protocol::{Problem, RoomUri, UserUri};
use thiserror::Error;

/// Why an operation failed.
#[derive(Debug, Error)]
pub enum SdkError {
    /// The server refused; the code says why.
    #[error("the server refused: {0}")]
    Refused(Problem),
    /// The server cannot be reached or proven now; trying again may help.
    #[error("the server cannot be reached: {0}")]
    Network(String),
    /// The server's answer is not of the documented form.
    #[error("the server's answer is not of the documented form: {0}")]
    Answer(String),
    /// The local replica cannot be read or written.
    #[error("the local replica failed: {0}")]
    Replica(String),
    /// Another process has the replica open.
    #[error("the local replica is in use by another process")]
    ReplicaInUse,
    /// MLS refused.
    #[error("MLS: {0}")]
    Mls(String),
    /// There is no session; register or log in first.
    #[error("not logged in")]
    NoSession,
    /// The replica belongs to another account.
    #[error("this profile belongs to {0}")]
    OtherAccount(UserUri),
    /// The device is not in this room.
    #[error("not in the room {0}")]
    UnknownRoom(RoomUri),
    /// The room takes nothing more: the device was removed, or the room stopped here.
    #[error("the room is closed here: {0}")]
    RoomClosed(String),
    /// A value of the caller's is not usable.
    #[error("{0}")]
    Invalid(String),
    /// Other commits were first, and what was to be done makes no sense any more.
    #[error("others were first, and now it cannot be done any more: {0}")]
    Overtaken(String),
    /// The session ended; log in again.
    #[error("the session has ended: {0}")]
    SessionEnded(String),
    /// A newer connection of the same device took this one's place.
    #[error("another connection of this device took over")]
    Replaced,
    /// It did not happen in time; it may still happen.
    #[error("timed out: {0}")]
    TimedOut(&'static str),
}

impl SdkError {
    /// Whether the same request may succeed later.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Network(_) | Self::TimedOut(_) => true,
            Self::Refused(problem) => is_transient(problem),
            _ => false,
        }
    }

    /// The problem, where the server refused.
    pub fn problem(&self) -> Option<&Problem> {
        match self {
            Self::Refused(problem) => Some(problem),
            _ => None,
        }
    }
}

/// Whether a problem passes by itself.
pub(crate) fn is_transient(problem: &Problem) -> bool {
    use holm_protocol::Code;
    let by_code = matches!(
        problem.code,
        Code::RateLimited
            | Code::StorageExceeded
            | Code::Internal
            | Code::PeerUnreachable
            | Code::PeerUntrusted
            | Code::Unavailable
            | Code::Timeout
            | Code::Gap
    );
    by_code || (problem.code == Code::Unknown && problem.status >= 500)
}

impl From<sqlx::Error> for SdkError {
    fn from(error: sqlx::Error) -> Self {
        let locked = matches!(&error, sqlx::Error::Database(e)
            if e.code().is_some_and(|code| code == "5" || code == "6" || code == "261"));
        match locked {
            true => Self::ReplicaInUse,
            false => Self::Replica(error.to_string()),
        }
    }
}
