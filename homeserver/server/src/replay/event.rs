//! What `holm replay` tells.

use std::fmt;
use std::path::PathBuf;

use holm_protocol::{ServerName, UserUri};
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
    /// Somebody will be killed; the same seed does it at the same lines again.
    Seed { seed: u64 },
    /// The replay killed a server.
    Killed { domain: ServerName, pid: u32 },
    /// A server that a signal ended serves again.
    Restarted {
        domain: ServerName,
        pid: u32,
        /// From its end to being ready, in milliseconds.
        ready_ms: u128,
    },
    /// The replay killed a device and opened it again from its database.
    DeviceKilled { user: UserUri },
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
    /// Servers that the replay killed.
    pub(super) kills: usize,
    /// Servers that were started again, whoever ended them.
    pub(super) restarts: usize,
    /// Time from a server's end to being ready again, in milliseconds.
    pub(super) ready_p50_ms: u128,
    pub(super) ready_max_ms: u128,
    /// Devices that the replay killed.
    pub(super) device_kills: usize,
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
            Self::Seed { seed } => write!(f, "kills are drawn from --seed {seed}"),
            Self::Killed { domain, pid } => write!(f, "{domain} is killed: process {pid}"),
            Self::Restarted {
                domain,
                pid,
                ready_ms,
            } => write!(
                f,
                "{domain} is up again: process {pid}, after {ready_ms} ms"
            ),
            Self::DeviceKilled { user } => write!(f, "the device of {} was killed", user.address()),
            Self::Progress { what, done, of } => write!(f, "{what}: {done} of {of}"),
            Self::Summary(summary) => summary.fmt(f),
        }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} users on {} servers, {} messages, {} deliveries: {} lost, {} doubled, {} \
             differences. {} ms in all; from sending to delivery {} ms (median), {} ms (99 of 100).",
            self.users,
            self.servers,
            self.messages,
            self.deliveries,
            self.lost,
            self.doubled,
            self.differences,
            self.elapsed_ms,
            self.p50_ms,
            self.p99_ms
        )?;
        if self.kills + self.restarts + self.device_kills > 0 {
            write!(
                f,
                " {} kills of servers, {} restarts, ready again after {} ms (median), {} ms at \
                 most; {} kills of devices.",
                self.kills, self.restarts, self.ready_p50_ms, self.ready_max_ms, self.device_kills
            )?;
        }
        Ok(())
    }
}
