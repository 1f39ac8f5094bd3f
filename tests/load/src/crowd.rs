//! One room, one sender: a place in the window is free when every member has the message.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::json;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::args::Args;
use crate::line::Line;
use crate::measure::{Latencies, Usage, merged, resident_kib, round};
use crate::message::{Press, Stamp};
use crate::report::{Floor, tell};
use crate::stage::Stage;

const DOMAIN: &str = "islet.test";
/// Messages of which arrivals are counted; more than any window.
const COUNTED: usize = 1_024;
/// How long the last messages may take to arrive.
const LAST: Duration = Duration::from_secs(30);

/// How many members have each of the newest messages.
struct Arrivals {
    counts: Vec<AtomicU64>,
    members: u64,
    /// Messages that all have.
    complete: AtomicU64,
    deliveries: AtomicU64,
    wrong: AtomicU64,
    news: Notify,
}

impl Arrivals {
    fn add(&self, number: u64) {
        self.deliveries.fetch_add(1, Ordering::Relaxed);
        let place = usize::try_from(number).unwrap_or(0) % COUNTED;
        if self.counts[place].fetch_add(1, Ordering::AcqRel) + 1 == self.members {
            self.counts[place].store(0, Ordering::Release);
            self.complete.fetch_add(1, Ordering::AcqRel);
            self.news.notify_one();
        }
    }
}

/// Scenario `b`.
pub(crate) async fn run(args: &Args) {
    let count = args.count("members", 500);
    let mut stage = Stage::start(&[DOMAIN]).await;
    let mut members = stage.members(DOMAIN, "member", count).await;
    let others = members.split_off(1);
    let users: Vec<_> = others.iter().map(|other| other.user.clone()).collect();
    let room = stage.room(&mut members[0], &users).await;
    let press = Press::new(&mut members[0], &room, args.count("size", 100));
    stage.go_plain().await;
    let way = stage.way(DOMAIN);
    let arrivals = Arc::new(Arrivals {
        counts: (0..COUNTED).map(|_| AtomicU64::new(0)).collect(),
        members: u64::try_from(count).unwrap_or(1),
        complete: AtomicU64::new(0),
        deliveries: AtomicU64::new(0),
        wrong: AtomicU64::new(0),
        news: Notify::new(),
    });
    let mut listening = JoinSet::new();
    for other in others {
        let mut line = Line::open(&way, &other.token, Some(&room)).await;
        line.caught_up().await;
        listening.spawn(listen(line, Arc::clone(&arrivals)));
    }
    let mut sender = Line::open(&way, &members[0].token, Some(&room)).await;
    sender.caught_up().await;
    let told = speak(args, &stage, sender, press, &arrivals).await;
    let floor = if count == 500 {
        Floor::AtLeast("per_server_cpu_s", 60_000.0)
    } else {
        Floor::None
    };
    tell(args, told, floor);
}

async fn listen(mut line: Line, arrivals: Arc<Arrivals>) {
    let (mut next, mut events) = (0, Vec::new());
    loop {
        line.events(&mut events).await;
        for event in events.drain(..) {
            let wrong = event.stamp.number != next || line.disorder > 0;
            arrivals
                .wrong
                .fetch_add(u64::from(wrong), Ordering::Relaxed);
            next = event.stamp.number + 1;
            arrivals.add(event.stamp.number);
        }
        line.acknowledge().await;
    }
}

async fn speak(
    args: &Args,
    stage: &Stage,
    mut line: Line,
    mut press: Press,
    arrivals: &Arrivals,
) -> serde_json::Value {
    let window = u64::from(args.number("window", 8));
    let (warm, length) = (args.seconds("warm", 2), args.seconds("secs", 8));
    let (begun, pids) = (Instant::now(), stage.pids());
    let (mut sent, mut events, mut latencies) = (0, Vec::new(), Latencies::default());
    let (mut before, mut cost, mut last) = (None, None, Instant::now());
    loop {
        let elapsed = begun.elapsed();
        let deliveries = arrivals.deliveries.load(Ordering::Relaxed);
        if before.is_none() && elapsed >= warm {
            before = Some((Usage::now(&pids), deliveries));
        }
        if let Some((usage, counted)) = before.as_ref().filter(|_| cost.is_none())
            && elapsed >= warm + length
        {
            cost = Some(Usage::now(&pids).since(usage, "deliveries", deliveries - counted));
        }
        let complete = arrivals.complete.load(Ordering::Acquire);
        if cost.is_some() && (complete == sent || last.elapsed() > LAST) {
            break;
        }
        while cost.is_none() && sent < complete + window {
            let sent_us = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
            line.say(press.frame(Stamp {
                number: sent,
                sent_us,
            }))
            .await;
            line.flush().await;
            (sent, last) = (sent + 1, Instant::now());
        }
        line.flush().await;
        tokio::select! {
            () = line.events(&mut events) => {}
            () = arrivals.news.notified() => {}
            () = tokio::time::sleep(Duration::from_millis(100)) => {}
        }
        for event in events.drain(..) {
            let took = begun
                .elapsed()
                .saturating_sub(Duration::from_micros(event.stamp.sent_us));
            latencies.add(took);
            arrivals.add(event.stamp.number);
        }
        line.acknowledge().await;
    }
    let complete = arrivals.complete.load(Ordering::Acquire);
    let told = json!({
        "server": "holm", "scenario": "b", "members": arrivals.members, "window": window,
        "message_bytes": press.len(), "lost": sent - complete,
        "out_of_order_or_twice": arrivals.wrong.load(Ordering::Relaxed),
        "errors": line.problems,
        "rss_mib": round(pids.iter().map(|pid| resident_kib(*pid)).sum::<f64>() / 1024.0),
    });
    merged(told, merged(cost.unwrap_or_default(), latencies.report()))
}
