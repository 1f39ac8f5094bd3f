//! Problems: every refusal, with a stable code and a sentence that helps (RFC 9457, PROB-1).
//!
//! One form on both APIs and in frames. The code is what programs branch on; the sentence is for
//! people and may change (spec 10).

mod code;

pub use code::Code;

use std::fmt;

use serde::{Deserialize, Serialize};

/// A refusal as it goes over the wire (PROB-1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// `urn:holm:problem:<code>`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The code's summary, the same for every occurrence.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What programs branch on.
    pub code: Code,
    /// What happened here and what to do about it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
    /// The room's epoch, with `wrong_epoch` and `epoch_too_old`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epoch: Option<u64>,
    /// Our clock, milliseconds since 1970, with `clock_skew`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<u64>,
    /// Seconds to wait, with `rate_limited` and `unavailable`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
}

impl Problem {
    /// A problem with its sentence.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("urn:holm:problem:{}", code.as_str()),
            title: code.title().into(),
            status: code.status(),
            code,
            detail: detail.into(),
            epoch: None,
            time: None,
            retry_after: None,
        }
    }

    /// Adds the room's epoch.
    #[must_use]
    pub fn with_epoch(mut self, epoch: u64) -> Self {
        self.epoch = Some(epoch);
        self
    }

    /// Adds our clock.
    #[must_use]
    pub fn with_time(mut self, time: u64) -> Self {
        self.time = Some(time);
        self
    }

    /// Adds how many seconds to wait.
    #[must_use]
    pub fn with_retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.as_str(), self.detail)
    }
}

impl std::error::Error for Problem {}
