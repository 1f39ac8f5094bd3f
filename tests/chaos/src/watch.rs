//! How much the servers use, looked at each half second.

use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use crate::server::Server;
use crate::tally::Tally;

const EVERY: Duration = Duration::from_millis(500);

/// Watches without end.
pub(crate) async fn watch(servers: &[Server<'_>], tally: &Tally) {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        for server in servers.iter().filter(|server| server.is_serving()) {
            let pid = server.lab.pid();
            let (rss, open) = (rss_mib(pid), descriptors(pid));
            let mut counted = tally.counted();
            counted.rss_mib_max = counted.rss_mib_max.max(rss.unwrap_or(0));
            counted.descriptors_max = counted.descriptors_max.max(open.unwrap_or(0));
        }
    }
}

fn rss_mib(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kib / 1024)
}

fn descriptors(pid: u32) -> Option<u64> {
    let open = std::fs::read_dir(format!("/proc/{pid}/fd")).ok()?;
    u64::try_from(open.count()).ok()
}
