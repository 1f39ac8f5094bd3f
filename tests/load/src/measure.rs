//! What processes used, from /proc; and how long messages took.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

/// Clock ticks a second in /proc (`getconf CLK_TCK` on Linux).
const TICKS: f64 = 100.0;
/// Bytes of a page of memory in /proc.
const PAGE_KIB: f64 = 4.0;

/// What has been used up to a moment.
pub(crate) struct Usage {
    at: Instant,
    servers: f64,
    own: f64,
    machine: f64,
    written: f64,
}

/// How long messages took, in microseconds.
#[derive(Default)]
pub(crate) struct Latencies(Vec<u32>);

impl Usage {
    /// Up to now, of the servers with these process ids.
    pub(crate) fn now(servers: &[u32]) -> Self {
        let sum = |read: fn(&str) -> f64| servers.iter().map(|pid| read(&pid.to_string())).sum();
        Self {
            at: Instant::now(),
            servers: sum(cpu_seconds),
            own: cpu_seconds("self"),
            machine: machine_seconds(),
            written: sum(written_bytes),
        }
    }

    /// CPU-seconds of the servers since they began.
    pub(crate) fn server_seconds(&self) -> f64 {
        self.servers
    }

    /// What `count` things cost from `before` until now; `name` says what they are.
    pub(crate) fn since(&self, before: &Self, name: &str, count: u64) -> Value {
        let (wall, cpu) = (
            (self.at - before.at).as_secs_f64(),
            self.servers - before.servers,
        );
        let count = to_f64(count);
        let own = self.own - before.own;
        json!({
            name: count,
            "wall_s": round(wall),
            "per_s": round(count / wall),
            "server_cpu_s": round(cpu),
            "per_server_cpu_s": round(count / cpu),
            "server_us_each": round(cpu / count * 1e6),
            "load_cpu_s": round(own),
            "other_cpu_s": round(self.machine - before.machine - own - cpu),
            "disk_kib_each": round((self.written - before.written) / count / 1024.0),
        })
    }
}

impl Latencies {
    /// Adds one.
    pub(crate) fn add(&mut self, took: Duration) {
        self.0
            .push(u32::try_from(took.as_micros()).unwrap_or(u32::MAX));
    }

    /// Adds all of another.
    pub(crate) fn join(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Median and 99th percentile in milliseconds.
    pub(crate) fn report(mut self) -> Value {
        self.0.sort_unstable();
        let at = |percent: usize| {
            let place = self.0.len().saturating_sub(1) * percent / 100;
            self.0.get(place).map(|us| round(f64::from(*us) / 1e3))
        };
        json!({ "p50_ms": at(50), "p99_ms": at(99), "max_ms": at(100) })
    }
}

/// Resident memory of a process in KiB.
pub(crate) fn resident_kib(pid: u32) -> f64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/statm")).unwrap_or_default();
    let pages = text.split(' ').nth(1).and_then(|n| n.parse::<f64>().ok());
    pages.unwrap_or_default() * PAGE_KIB
}

/// All of one object's members in another.
pub(crate) fn merged(mut one: Value, other: Value) -> Value {
    if let (Some(one), Value::Object(other)) = (one.as_object_mut(), other) {
        one.extend(other);
    }
    one
}

/// A count as a number to divide by.
pub(crate) fn to_f64(count: u64) -> f64 {
    u32::try_from(count).map_or(f64::INFINITY, f64::from)
}

/// Two digits after the point.
pub(crate) fn round(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}

fn cpu_seconds(pid: &str) -> f64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let after_name = text.rsplit_once(')').map_or("", |(_, rest)| rest);
    let fields: Vec<f64> = after_name
        .split_whitespace()
        .map(|field| field.parse().unwrap_or_default())
        .collect();
    fields
        .get(11..13)
        .map_or(0.0, |times| times.iter().sum::<f64>())
        / TICKS
}

/// Busy time of all cores.
fn machine_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/stat").unwrap_or_default();
    let line = text.lines().next().unwrap_or_default();
    let fields = line.split_whitespace().skip(1);
    let fields: Vec<f64> = fields
        .map(|field| field.parse().unwrap_or_default())
        .collect();
    // All but idle and waiting for a disk.
    let busy = fields
        .iter()
        .enumerate()
        .filter(|(index, _)| ![3, 4].contains(index) && *index < 8);
    busy.map(|(_, ticks)| ticks).sum::<f64>() / TICKS
}

fn written_bytes(pid: &str) -> f64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/io")).unwrap_or_default();
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("write_bytes: "));
    line.and_then(|n| n.trim().parse().ok()).unwrap_or_default()
}
