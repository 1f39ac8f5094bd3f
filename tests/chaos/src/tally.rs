//! What was done, what went wrong, and how much the servers used, while it happens.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;

/// A kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Fault {
    /// A server ended at whatever point it was.
    Sigkill,
    /// A server that stood still for a while.
    Sigstop,
    /// A device ended at whatever point it was.
    DeviceKill,
    /// Nothing passes between two servers, or between devices and a server.
    Partition,
    /// The same in one direction alone.
    PartitionOneWay,
    /// Connections that were open when a partition ended and stay dead, and nobody is told.
    HalfOpen,
    /// Devices that read nothing for a while.
    SlowReaders,
    /// All connections of all devices closed at once.
    ReconnectStorm,
    /// DNS knows a server no more.
    DnsLost,
    /// A server's disk is full.
    Enospc,
    /// A server's fsync fails.
    FsyncEio,
    /// A server's fsync takes long.
    SlowDisk,
    /// A server's clock jumps.
    ClockSkew,
    /// A server shows a certificate that has expired.
    CertificateExpired,
}

/// Counts and findings; many write.
#[derive(Debug, Default)]
pub(crate) struct Tally(Mutex<Counted>);

/// What was counted.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Counted {
    /// How often each fault came about.
    pub(crate) faults: BTreeMap<Fault, u64>,
    /// Faults that this machine can't inject, and why.
    pub(crate) impossible: Vec<String>,
    /// What must not happen and is no matter of the history.
    pub(crate) problems: Vec<String>,
    /// Servers started again.
    pub(crate) restarts: u64,
    /// Servers that ended themselves, as they should when their disk fails.
    pub(crate) fail_stops: u64,
    /// Commits made by members.
    pub(crate) commits: u64,
    /// The most memory a server used, MiB.
    pub(crate) rss_mib_max: u64,
    /// The most descriptors a server had open.
    pub(crate) descriptors_max: u64,
}

/// Problems kept; more say the same.
const PROBLEMS_MAX: usize = 100;

impl Tally {
    /// A fault came about.
    pub(crate) fn count(&self, fault: Fault) {
        *self.counted().faults.entry(fault).or_default() += 1;
    }

    /// A fault can't be injected here.
    pub(crate) fn impossible(&self, why: String) {
        self.counted().impossible.push(why);
    }

    /// Something must not happen and did.
    pub(crate) fn problem(&self, what: String) {
        let mut counted = self.counted();
        if counted.problems.len() < PROBLEMS_MAX && !counted.problems.contains(&what) {
            counted.problems.push(what);
        }
    }

    /// What was counted so far.
    pub(crate) fn snapshot(&self) -> Counted {
        self.counted().clone()
    }

    /// The counts, to be changed.
    pub(crate) fn counted(&self) -> MutexGuard<'_, Counted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
