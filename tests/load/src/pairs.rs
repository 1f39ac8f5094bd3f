//! One-to-one: each pair a room of its own, one sends and the other receives.
//!
//! The receiver's arrival frees the sender's window inside this program, so that no receipt
//! crosses the server for it.

use std::time::Duration;

use holm_protocol::RoomUri;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, Interval, interval_at};

use crate::args::Args;
use crate::line::Line;
use crate::measure::{Latencies, Usage, merged, resident_kib, round};
use crate::message::{Press, Stamp};
use crate::report::{Floor, tell};
use crate::stage::{People, Stage};
use crate::way::Way;

/// How long the last messages may take to arrive.
const LAST: Duration = Duration::from_secs(30);

/// One pair, ready to talk.
pub(crate) struct Pair {
    press: Press,
    room: RoomUri,
    from: Line,
    to: Line,
    sent: u64,
    arrived: u64,
    /// Fixed moments to send at; without, whenever the window has place.
    due: Option<Interval>,
}

/// What a pair came to.
#[derive(Default)]
struct Told {
    measured: u64,
    latencies: Latencies,
    wrong: u64,
}

/// The phases of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Warm,
    Measure,
    Over,
}

/// Scenario `a`.
pub(crate) async fn one_server(args: &Args) {
    let (stage, mut pairs) = plain_pairs(args).await;
    let lengths = lengths(args);
    let floor = Floor::AtLeast("per_server_cpu_s", 10_000.0);
    for window in windows(args) {
        let measured = run(&stage, &mut pairs, window, lengths).await;
        let floor = if window == 32 { floor } else { Floor::None };
        tell(args, merged(named("a", args, window), measured), floor);
    }
}

/// Scenario `d`.
pub(crate) async fn two_servers(args: &Args) {
    let stage = Stage::start(&["islet.test", "skerry.test"]).await;
    let domains = ["islet.test", "skerry.test"];
    let people = stage.pairs(domains, args.count("pairs", 50)).await;
    stage.restart().await;
    let mut pairs = connect(&stage, people, args, domains).await;
    let lengths = lengths(args);
    let floor = Floor::AtLeast("per_server_cpu_s", 4_000.0);
    for window in windows(args) {
        let measured = run(&stage, &mut pairs, window, lengths).await;
        let floor = if window == 32 { floor } else { Floor::None };
        tell(args, merged(named("d", args, window), measured), floor);
    }
}

/// Scenario `fill`: what a message costs with few and with many stored.
pub(crate) async fn fill(args: &Args) {
    let (stage, mut pairs) = plain_pairs(args).await;
    let (window, many) = (args.count("window", 32), args.number("stored", 1_000_000));
    let mut costs = Vec::new();
    for (name, before) in [("fill-few", 0), ("fill-many", many.into())] {
        while stored(&pairs) < before {
            let lengths = [Duration::ZERO, Duration::from_secs(5)];
            run(&stage, &mut pairs, 128, lengths).await;
            eprintln!("{} stored", stored(&pairs));
        }
        // The first thousand are stored in about this time.
        let lengths = [Duration::from_millis(100), args.seconds("secs", 4)];
        let mut measured = run(&stage, &mut pairs, window, lengths).await;
        measured["stored_at_end"] = stored(&pairs).into();
        costs.push(measured["server_us_each"].as_f64().unwrap_or_default());
        tell(
            args,
            merged(named(name, args, window), measured),
            Floor::None,
        );
    }
    let ratio = round(costs[1] / costs[0]);
    let line = json!({ "server": "holm", "scenario": "fill", "ratio": ratio });
    tell(args, line, Floor::AtMost("ratio", 1.25));
}

fn stored(pairs: &[Pair]) -> u64 {
    pairs.iter().map(|pair| pair.arrived).sum()
}

async fn plain_pairs(args: &Args) -> (Stage, Vec<Pair>) {
    let mut stage = Stage::start(&["islet.test"]).await;
    let count = args.count("pairs", 50);
    let people = stage.pairs(["islet.test", "islet.test"], count).await;
    stage.go_plain().await;
    let pairs = connect(&stage, people, args, ["islet.test", "islet.test"]).await;
    (stage, pairs)
}

/// Connects pairs; with a rate, each has its moments.
pub(crate) async fn connect(
    stage: &Stage,
    people: Vec<People>,
    args: &Args,
    [from, to]: [&str; 2],
) -> Vec<Pair> {
    let mut pairs = Vec::with_capacity(people.len());
    let ways: [Way; 2] = [stage.way(from), stage.way(to)];
    for (mut sender, receiver, room) in people {
        let mut pair = Pair {
            press: Press::new(&mut sender, &room, args.count("size", 100)),
            from: Line::open(&ways[0], &sender.token, Some(&room)).await,
            to: Line::open(&ways[1], &receiver.token, Some(&room)).await,
            room,
            sent: 0,
            arrived: 0,
            due: None,
        };
        pair.from.caught_up().await;
        pair.to.caught_up().await;
        pairs.push(pair);
    }
    schedule(&mut pairs, args.number("rate", 0));
    pairs
}

/// With a rate of messages a second in all, the pairs take turns from now on.
pub(crate) fn schedule(pairs: &mut [Pair], rate: u32) {
    let count = u32::try_from(pairs.len()).unwrap_or(u32::MAX);
    let begin = Instant::now();
    for (pair, turn) in pairs.iter_mut().zip(0_u32..).filter(|_| rate > 0) {
        let every = Duration::from_secs(count.into()) / rate;
        pair.due = Some(interval_at(begin + every / count * turn, every));
    }
}

/// How long to warm up and to measure.
fn lengths(args: &Args) -> [Duration; 2] {
    [args.seconds("warm", 2), args.seconds("secs", 8)]
}

fn windows(args: &Args) -> Vec<usize> {
    match args.count("window", 0) {
        0 if args.number("rate", 0) > 0 => vec![1],
        0 => vec![1, 32],
        window => vec![window],
    }
}

fn named(scenario: &str, args: &Args, window: usize) -> Value {
    json!({
        "server": "holm",
        "scenario": scenario,
        "pairs": args.number("pairs", 50),
        "window": window,
        "size": args.number("size", 100),
        "rate": args.number("rate", 0),
    })
}

/// All pairs talk; what the middle of it cost.
pub(crate) async fn run(
    stage: &Stage,
    pairs: &mut Vec<Pair>,
    window: usize,
    [warm, seconds]: [Duration; 2],
) -> Value {
    let (phase, phases) = watch::channel(Phase::Warm);
    let begun = Instant::now();
    let mut talking = JoinSet::new();
    for pair in pairs.drain(..) {
        talking.spawn(pair.talk(window, begun, phases.clone()));
    }
    tokio::time::sleep(warm).await;
    let pids = stage.pids();
    let before = Usage::now(&pids);
    phase.send_replace(Phase::Measure);
    tokio::time::sleep(seconds).await;
    let after = Usage::now(&pids);
    phase.send_replace(Phase::Over);
    let mut all = Told::default();
    while let Some(pair) = talking.join_next().await {
        let (pair, told) = pair.expect("a pair");
        all.measured += told.measured;
        all.wrong += told.wrong;
        all.latencies.join(told.latencies);
        pairs.push(pair);
    }
    let sum = |f: fn(&Pair) -> u64| pairs.iter().map(f).sum::<u64>();
    let (bytes, rss) = (
        pairs.first().map(|p| p.press.len()),
        pids.iter().map(|p| resident_kib(*p)),
    );
    let correct = json!({
        "message_bytes": bytes,
        "rss_mib": round(rss.sum::<f64>() / 1024.0),
        "not_acknowledged": sum(|p| p.sent) - sum(|p| p.from.sent),
        "lost": sum(|p| p.sent) - sum(|p| p.arrived),
        "out_of_order_or_twice": all.wrong + sum(|p| p.from.disorder + p.to.disorder),
        "errors": sum(|p| p.from.problems + p.to.problems),
    });
    let cost = after.since(&before, "messages", all.measured);
    merged(merged(cost, all.latencies.report()), correct)
}

impl Pair {
    async fn talk(
        mut self,
        window: usize,
        begun: Instant,
        phases: watch::Receiver<Phase>,
    ) -> (Self, Told) {
        let mut told = Told::default();
        let mut events = Vec::new();
        loop {
            let phase = *phases.borrow();
            if phase != Phase::Over && self.due.is_none() {
                self.fill(window, begun).await;
            } else if phase == Phase::Over
                && self.sent == self.arrived
                && self.sent == self.from.sent
            {
                return (self, told);
            }
            let (from, to) = (&mut self.from, &mut self.to);
            let mut own = Vec::new();
            tokio::select! {
                () = next(&mut self.due), if phase != Phase::Over => self.send(begun).await,
                () = to.events(&mut events) => {}
                () = from.events(&mut own) => {}
                () = tokio::time::sleep(LAST) => {
                    eprintln!("{}: {} of {} arrived", self.room, self.arrived, self.sent);
                    return (self, told);
                }
            }
            for event in events.drain(..) {
                told.wrong += u64::from(event.stamp.number != self.arrived);
                self.arrived += 1;
                if phase == Phase::Measure {
                    told.measured += 1;
                    let sent = Duration::from_micros(event.stamp.sent_us);
                    told.latencies.add(begun.elapsed().saturating_sub(sent));
                }
            }
            self.from.acknowledge().await;
            self.to.acknowledge().await;
        }
    }

    /// Sends until the window is full.
    async fn fill(&mut self, window: usize, begun: Instant) {
        let window = u64::try_from(window).unwrap_or(u64::MAX);
        while self.sent < self.arrived + window {
            self.send(begun).await;
        }
    }

    /// Sends one message at once, as a device does.
    async fn send(&mut self, begun: Instant) {
        let sent_us = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
        let number = self.sent;
        let frame = self.press.frame(Stamp { number, sent_us });
        self.from.say(frame).await;
        self.from.flush().await;
        self.sent += 1;
    }
}

/// The next moment to send at; never without moments.
async fn next(due: &mut Option<Interval>) {
    match due {
        Some(due) => drop(due.tick().await),
        None => std::future::pending().await,
    }
}
