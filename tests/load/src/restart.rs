//! A server with many stored messages is killed and started again: how soon it serves.

use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use crate::args::Args;
use crate::line::Line;
use crate::measure::{Usage, merged, resident_kib, round};
use crate::reader::read_all;
use crate::report::{Floor, tell};
use crate::stage::{People, Stage};
use crate::writer::{Writer, write_all};

const DOMAIN: &str = "islet.test";
/// Messages of one writer that wait for their answer.
const WINDOW: u64 = 64;
/// Events that the first device to come back had not acknowledged.
const BEHIND: u64 = 100;

/// Scenario `restart`: the time from the start of the process until it has answered a request that
/// needs a token, and a device has caught up. The slowest of a few starts, each after SIGKILL; what
/// is stored is read to its end after the last.
pub(crate) async fn run(args: &Args) {
    let (count, rooms) = (args.number("messages", 1_000_000), args.count("rooms", 200));
    let stage = Stage::start(&[DOMAIN]).await;
    let mut people = stage.pairs([DOMAIN, DOMAIN], rooms).await;
    let (way, size) = (stage.way(DOMAIN), args.count("size", 100));
    let mut writers = Vec::with_capacity(rooms);
    for (sender, _, room) in &mut people {
        writers.push(Writer::open(&way, sender, room, size).await);
    }
    let writers = write_all(writers, count.into(), WINDOW).await;
    eprintln!("{count} messages stored");
    let (mut starts, mut served) = (Vec::new(), Duration::ZERO);
    for _ in 0..args.number("times", 3) {
        let server = stage.scene.lab.server(DOMAIN).expect("the server");
        server.kill().await.expect("SIGKILL");
        let begun = Instant::now();
        server.restart().await.expect("the server starts");
        let ready = begun.elapsed();
        serve(&stage, &people[0], &writers[0]).await;
        let took = begun.elapsed();
        served = served.max(took);
        starts.push(json!({
            "ready_s": round(ready.as_secs_f64()), "served_s": round(took.as_secs_f64()),
            "server_cpu_s": round(Usage::now(&[server.pid()]).server_seconds()),
        }));
    }
    let found = read_all(&way, &people, &writers).await;
    let pids = stage.pids();
    let told = json!({
        "server": "holm", "scenario": "restart", "messages": count, "rooms": rooms,
        "served_s": round(served.as_secs_f64()), "starts": starts,
        "rss_mib": round(pids.iter().map(|pid| resident_kib(*pid)).sum::<f64>() / 1024.0),
    });
    let told = merged(told, found.against(&writers));
    tell(args, told, Floor::AtMost("served_s", 2.0));
}

/// A request with a token, and a device that catches up.
async fn serve(stage: &Stage, (_, member, room): &People, writer: &Writer) {
    member.get("/client/v1/rooms").await.expect_good();
    let seq = (writer.said + 1).saturating_sub(BEHIND).max(1);
    let way = stage.way(DOMAIN);
    let line = Line::try_open(&way, &member.token, Some((room, seq))).await;
    line.expect("a connection").caught_up().await;
}
