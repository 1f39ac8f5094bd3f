//! A follower is killed, the hub's users write on, and it comes back to what it missed (FED-9).

use serde_json::json;
use tokio::time::Instant;

use crate::args::Args;
use crate::measure::{Usage, merged, resident_kib, round};
use crate::reader::read_all;
use crate::report::{Floor, tell};
use crate::stage::Stage;
use crate::writer::{Writer, write_all};

const HUB: &str = "islet.test";
const FOLLOWER: &str = "skerry.test";
/// Messages of one writer that wait for their answer.
const WINDOW: u64 = 64;

/// Scenario `backlog`: the time from the follower's start until devices have read the last of it
/// there, all once and in order.
pub(crate) async fn run(args: &Args) {
    let (count, rooms) = (args.number("events", 1_000), args.count("rooms", 10));
    let stage = Stage::start(&[HUB, FOLLOWER]).await;
    let mut people = stage.pairs([HUB, FOLLOWER], rooms).await;
    stage.restart().await;
    let (hub_way, size) = (stage.way(HUB), args.count("size", 100));
    let mut writers = Vec::with_capacity(rooms);
    for (sender, _, room) in &mut people {
        writers.push(Writer::open(&hub_way, sender, room, size).await);
    }
    // One message a room arrives before, so that the follower is known to follow.
    let first = u64::try_from(rooms).unwrap_or(0);
    let writers = write_all(writers, first, 1).await;
    read_all(&stage.way(FOLLOWER), &people, &writers).await;

    let follower = stage.scene.lab.server(FOLLOWER).expect("the follower");
    follower.kill().await.expect("SIGKILL");
    let writers = write_all(writers, count.into(), WINDOW).await;
    eprintln!("{count} events wait for the follower");
    let hub = stage.scene.lab.server(HUB).expect("the hub").pid();
    let (hub_before, begun) = (Usage::now(&[hub]), Instant::now());
    follower.restart().await.expect("the follower starts");
    let ready = begun.elapsed();
    let found = read_all(&stage.way(FOLLOWER), &people, &writers).await;
    let caught_up = begun.elapsed();
    let follower_usage = Usage::now(&[follower.pid()]);
    let cost = Usage::now(&[hub]).since(&hub_before, "events", count.into());
    let told = json!({
        "server": "holm", "scenario": "backlog", "rooms": rooms,
        "ready_s": round(ready.as_secs_f64()), "caught_up_s": round(caught_up.as_secs_f64()),
        "hub_cpu_s": cost["server_cpu_s"],
        "follower_cpu_s": round(follower_usage.server_seconds()),
        "load_cpu_s": cost["load_cpu_s"],
        "per_s": cost["per_s"], "events": count,
        "rss_mib": round(resident_kib(follower.pid()) / 1024.0),
    });
    let most = if count <= 1_000 { 5.0 } else { 60.0 };
    let told = merged(told, found.against(&writers));
    tell(args, told, Floor::AtMost("caught_up_s", most));
}
