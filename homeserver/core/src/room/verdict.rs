//! What becomes of a message that a device sends (SYNC-5, SYNC-16).

use holm_protocol::Problem;
use holm_protocol::federation::{Sent, SubmitResult};

/// What becomes of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It stands in the log.
    Sent(Sent),
    /// This server has it durably and brings it to the hub when that can be reached; the device is
    /// told then what became of it.
    Held,
    /// It is not taken.
    Refused(Problem),
}

impl From<Result<Sent, Problem>> for Verdict {
    fn from(result: Result<Sent, Problem>) -> Self {
        match result {
            Ok(sent) => Self::Sent(sent),
            Err(problem) => Self::Refused(problem),
        }
    }
}

impl From<SubmitResult> for Verdict {
    fn from(result: SubmitResult) -> Self {
        match result {
            SubmitResult::Sent(sent) => Self::Sent(sent),
            SubmitResult::Refused { problem } => Self::Refused(problem),
        }
    }
}
