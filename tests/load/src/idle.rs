//! Idle connections: what one costs in memory.

use futures::StreamExt;
use serde_json::json;

use crate::args::Args;
use crate::line::Line;
use crate::measure::{Usage, resident_kib, round};
use crate::report::{Floor, tell};
use crate::stage::Stage;

const DOMAIN: &str = "islet.test";
/// Log-ins at once.
const AT_ONCE: usize = 32;

/// Scenario `c`: the accounts are made first, then the server is started again, so that its
/// memory is that of connections alone.
pub(crate) async fn run(args: &Args) {
    let count = args.count("conns", 5_000);
    let mut stage = Stage::start(&[DOMAIN]).await;
    let members = stage.members(DOMAIN, "idle", count).await;
    if args.number("tls", 0) == 0 {
        stage.go_plain().await;
    } else {
        stage.restart().await;
    }
    let (way, pids) = (stage.way(DOMAIN), stage.pids());
    let (before, begun) = (resident_kib(pids[0]), Usage::now(&pids));
    let open = |member: &holm_system_tests::Member| {
        let (way, token) = (way.clone(), member.token.clone());
        async move {
            let mut line = Line::open(&way, &token, None).await;
            line.caught_up().await;
            line
        }
    };
    let opening = futures::stream::iter(members.iter().map(open)).buffer_unordered(AT_ONCE);
    let lines: Vec<Line> = opening.collect().await;
    let connected = Usage::now(&pids);
    let just_after = resident_kib(pids[0]);
    tokio::time::sleep(args.seconds("idle", 15)).await;
    let idle = resident_kib(pids[0]);
    let connections = f64::from(args.number("conns", 5_000));
    let log_ins = connected.since(&begun, "log_ins", u64::try_from(lines.len()).unwrap_or(0));
    tell(
        args,
        json!({
            "server": "holm", "scenario": "c", "conns": connections,
            "tls": args.number("tls", 0) != 0,
            "kib_per_conn_idle": round((idle - before) / connections),
            "kib_per_conn_just_after": round((just_after - before) / connections),
            "rss_mib": round(idle / 1024.0),
            "log_ins": log_ins,
        }),
        match args.number("tls", 0) {
            0 => Floor::AtMost("kib_per_conn_idle", 20.0),
            _ => Floor::None,
        },
    );
    drop(lines);
}
