//! Many connected devices lose their server at once and come back when it does.

use std::time::Duration;

use futures::StreamExt;
use holm_protocol::RoomUri;
use holm_system_tests::random;
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use crate::args::Args;
use crate::line::Line;
use crate::measure::{Latencies, Usage, merged, resident_kib, round};
use crate::message::{Press, Stamp};
use crate::report::{Floor, tell};
use crate::stage::Stage;
use crate::way::Way;

const DOMAIN: &str = "islet.test";
/// Log-ins at once, before anything is measured.
const AT_ONCE: usize = 32;
/// Waits of a device between its tries, the first and the longest, as the client library has them.
const WAIT: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(10));
/// How long one try may take, and the last message.
const TRY: Duration = Duration::from_secs(30);
/// A device that has no connection again by then is lost.
const LAST: Duration = Duration::from_mins(3);

/// A connected device.
struct Seat {
    token: String,
    room: RoomUri,
    line: Line,
}

/// A device that is back.
struct Back {
    seat: Seat,
    took: Duration,
    tries: u64,
}

/// Scenario `reconnect`: the time from SIGKILL until the last device has caught up again. Then a
/// message in each room has to reach all of its members.
pub(crate) async fn run(args: &Args) {
    let mut stage = Stage::start(&[DOMAIN]).await;
    let (seats, presses) = seats(args, &mut stage).await;
    let (way, sockets) = (stage.way(DOMAIN), seats.len());
    eprintln!("{sockets} devices connected");
    let server = stage.scene.lab.server(DOMAIN).expect("the server");
    let (own, begun) = (Usage::now(&[]), Instant::now());
    let mut coming = JoinSet::new();
    for seat in seats {
        let way = way.clone();
        coming.spawn(async move { timeout(LAST, come_back(seat, &way, begun)).await.ok() });
    }
    server.kill().await.expect("SIGKILL");
    let killed = begun.elapsed();
    server.restart().await.expect("the server starts");
    let ready = begun.elapsed();
    let back: Vec<Back> = coming.join_all().await.into_iter().flatten().collect();
    let live = begun.elapsed();
    let server_cpu = Usage::now(&[server.pid()]).server_seconds();
    let cost = Usage::now(&[]).since(&own, "sockets", 0);
    let (mut latencies, tries) = (
        Latencies::default(),
        back.iter().map(|b| b.tries).sum::<u64>(),
    );
    for one in &back {
        latencies.add(one.took);
    }
    let rss = round(resident_kib(server.pid()) / 1024.0);
    let returned = back.len();
    let (reached, wrong) = greet(back, presses).await;
    let told = json!({
        "server": "holm", "scenario": "reconnect", "sockets": sockets, "returned": returned,
        "all_live_s": round(live.as_secs_f64()), "killed_s": round(killed.as_secs_f64()),
        "ready_s": round(ready.as_secs_f64()), "tries": tries,
        "server_cpu_s": round(server_cpu), "load_cpu_s": cost["load_cpu_s"], "rss_mib": rss,
        "lost": sockets - reached, "out_of_order_or_twice": wrong,
    });
    let told = merged(told, latencies.report());
    tell(args, told, Floor::AtMost("all_live_s", 30.0));
}

/// Devices in rooms of `members`, connected; and one message for each room.
async fn seats(args: &Args, stage: &mut Stage) -> (Vec<Seat>, Vec<(RoomUri, Press)>) {
    let (count, size) = (args.count("sockets", 10_000), args.count("members", 100));
    let mut members = stage.members(DOMAIN, "seat", count).await;
    let (mut places, mut presses) = (Vec::with_capacity(count), Vec::new());
    for group in members.chunks_mut(size.max(1)) {
        let users: Vec<_> = group.iter().skip(1).map(|m| m.user.clone()).collect();
        let room = stage.room(&mut group[0], &users).await;
        let press = Press::new(&mut group[0], &room, 100);
        places.extend(group.iter().map(|m| (m.token.clone(), room.clone())));
        presses.push((room, press));
    }
    stage.go_plain().await;
    drop(members);
    let way = stage.way(DOMAIN);
    let open = |(token, room): (String, RoomUri)| {
        let way = way.clone();
        async move {
            let mut line = Line::open(&way, &token, Some(&room)).await;
            line.caught_up().await;
            Seat { token, room, line }
        }
    };
    let opening = futures::stream::iter(places)
        .map(open)
        .buffer_unordered(AT_ONCE);
    (opening.collect().await, presses)
}

/// Waits for the end of the connection, and tries until there is another and nothing is missing.
async fn come_back(mut seat: Seat, way: &Way, begun: Instant) -> Back {
    seat.line.ended().await;
    let (mut wait, mut tries) = (WAIT.0, 0);
    loop {
        let part = u16::from_be_bytes(random::<2>());
        sleep(wait + wait.mul_f64(f64::from(part) / 65_536.0)).await;
        tries += 1;
        match timeout(TRY, again(&seat.token, &seat.room, way)).await {
            Ok(Ok(line)) => {
                seat.line = line;
                let took = begun.elapsed();
                return Back { seat, took, tries };
            }
            Ok(Err(_)) | Err(_) => wait = (wait * 2).min(WAIT.1),
        }
    }
}

async fn again(token: &str, room: &RoomUri, way: &Way) -> Result<Line, String> {
    let mut line = Line::try_open(way, token, Some((room, 1))).await?;
    line.try_caught_up().await?;
    Ok(line)
}

/// One message in each room: how many devices have it, and how many have something else.
async fn greet(mut back: Vec<Back>, presses: Vec<(RoomUri, Press)>) -> (usize, u64) {
    for (room, mut press) in presses {
        let writer = back.iter_mut().find(|b| b.seat.room == room);
        let Some(Back { seat, .. }) = writer else {
            continue;
        };
        let stamp = Stamp {
            number: 0,
            sent_us: 0,
        };
        seat.line.say(press.frame(stamp)).await;
        seat.line.flush().await;
    }
    let mut hearing = JoinSet::new();
    for mut one in back {
        hearing.spawn(async move {
            let mut events = Vec::new();
            while events.is_empty() {
                let heard = one.seat.line.events(&mut events);
                if timeout(TRY, heard).await.is_err() {
                    return (0, one.seat.line.disorder);
                }
            }
            let more = u64::try_from(events.len()).unwrap_or(1) - 1;
            (1, one.seat.line.disorder + more)
        });
    }
    let all = hearing.join_all().await.into_iter();
    all.fold((0, 0), |sum: (usize, u64), one| {
        (sum.0 + one.0, sum.1 + one.1)
    })
}
