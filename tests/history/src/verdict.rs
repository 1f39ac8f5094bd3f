//! What a history comes to.

use serde::Serialize;

use crate::anomaly::{Anomaly, Kind};
use crate::latency::Latency;

/// How far the run had come when it was judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// All faults were healed and everybody had the time to converge: what is missing is lost.
    Settled,
    /// In the middle: what is missing may be on its way.
    Running,
}

/// What a history comes to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// What is wrong, by kind, room and number.
    pub anomalies: Vec<Anomaly>,
    /// What was judged: no anomalies among nothing mean nothing.
    pub counts: Counts,
    /// From the first submit to the acknowledgement.
    pub accepted: Latency,
    /// From the first submit to each delivery at another device.
    pub delivered: Latency,
}

/// What was judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Observations that the history had no room for; anything but 0 voids it.
    pub unrecorded: u64,
    /// Rooms.
    pub rooms: usize,
    /// Devices that were in a room, once for each room.
    pub memberships: usize,
    /// Messages sent.
    pub messages: usize,
    /// Those acknowledged.
    pub accepted: usize,
    /// Those refused for good.
    pub refused: usize,
    /// Those nobody said anything about.
    pub unanswered: usize,
    /// Messages shown as they arrived.
    pub deliveries: usize,
    /// Commits.
    pub commits: usize,
}

impl Verdict {
    /// Whether nothing is wrong, and all of it was judged.
    pub fn is_sound(&self) -> bool {
        self.anomalies.is_empty() && self.counts.unrecorded == 0
    }

    /// How many anomalies there are of a kind.
    pub fn count(&self, kind: Kind) -> usize {
        self.anomalies.iter().filter(|a| a.kind == kind).count()
    }

    /// All anomalies, a line each.
    pub fn lines(&self) -> String {
        let lines: Vec<String> = self.anomalies.iter().map(Anomaly::to_string).collect();
        lines.join("\n")
    }
}
