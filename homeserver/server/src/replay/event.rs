//! What `holm replay` tells.

use std::fmt;
use std::path::PathBuf;

use holm_protocol::ServerName;
use serde::Serialize;

use crate::failure::Outcome;

/// An event of `holm replay --json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(super) enum ReplayEvent {
    /// A server is up.
    Server {
        domain: ServerName,
        pid: u32,
        url: String,
        data: PathBuf,
    },
    /// A part of the work is done.
    Progress {
        what: &'static str,
        done: usize,
        of: usize,
    },
    /// All is over.
    Summary(Summary),
}

/// What came of the replay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Summary {
    pub(super) users: usize,
    pub(super) servers: usize,
    pub(super) messages: usize,
    /// Messages that another user's device decrypted.
    pub(super) deliveries: usize,
    /// Messages missing from a device's transcript, over all devices.
    pub(super) lost: usize,
    /// Messages more than once in a device's transcript, over all devices.
    pub(super) doubled: usize,
    /// Lines of transcripts whose speaker, name, text or place is not the log's.
    pub(super) differences: usize,
    pub(super) elapsed_ms: u128,
    /// Time from sending to one delivery, in milliseconds.
    pub(super) p50_ms: u128,
    pub(super) p99_ms: u128,
}

impl Summary {
    pub(super) fn outcome(&self) -> Outcome {
        match self.lost + self.doubled + self.differences {
            0 => Outcome::Fine,
            _ => Outcome::Finding,
        }
    }
}

impl fmt::Display for ReplayEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Server {
                domain,
                pid,
                url,
                data,
            } => write!(
                f,
                "{domain} is up: process {pid}, {url}, data in {}",
                data.display()
            ),
            Self::Progress { what, done, of } => write!(f, "{what}: {done} of {of}"),
            Self::Summary(s) => write!(
                f,
                "{} users on {} servers, {} messages, {} deliveries: {} lost, {} doubled, {} \
                 differences. {} ms in all; from sending to delivery {} ms (median), {} ms (99 \
                 of 100).",
                s.users,
                s.servers,
                s.messages,
                s.deliveries,
                s.lost,
                s.doubled,
                s.differences,
                s.elapsed_ms,
                s.p50_ms,
                s.p99_ms
            ),
        }
    }
}
