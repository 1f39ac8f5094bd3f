//! Dead and slow peers beside healthy ones: what the healthy ones feel of them (FED-9, FED-15).

mod guests;
mod slow;

use std::process::Command;

use serde_json::{Value, json};

use self::guests::Guests;
use crate::args::Args;
use crate::measure::round;
use crate::pairs::{self, Pair};
use crate::report::{Floor, tell};
use crate::stage::Stage;

const HUB: &str = "islet.test";
const HEALTHY: [&str; 2] = ["skerry.test", "holm3.test"];

/// A hub and its healthy followers, with or without the others.
struct Side {
    stage: Stage,
    pairs: Vec<Pair>,
    /// They answer as long as they are kept.
    _guests: Guests,
}

/// Scenario `peers`: the same conversations on two hubs, of which one has dead and slow peers in
/// every room; measured in turn, the other hub's servers stopped meanwhile.
pub(crate) async fn run(args: &Args) {
    let (dead, slow) = (args.count("dead", 50), args.count("slow", 10));
    let mut sides = [
        Side::begin(args, dead, slow).await,
        Side::begin(args, 0, 0).await,
    ];
    for side in &sides {
        side.signal("-STOP");
    }
    let (mut ratios, mut apart, mut told) = (Vec::new(), Vec::new(), Vec::new());
    let mut wrong = [0; 4];
    for _ in 0..args.number("rounds", 5) {
        let mut p99 = [0.0; 2];
        for (side, p99) in sides.iter_mut().zip(&mut p99) {
            let measured = side.talk(args).await;
            *p99 = measured["p99_ms"].as_f64().unwrap_or(f64::INFINITY);
            for (sum, what) in wrong.iter_mut().zip(crate::report::WRONG) {
                *sum += measured[what].as_u64().unwrap_or(0);
            }
            told.push(measured);
        }
        ratios.push(p99[0] / p99[1]);
        apart.push(p99[0] - p99[1]);
    }
    let all = |key: &str, first: usize| {
        let of = told.iter().skip(first).step_by(2);
        of.map(|m| m[key].clone()).collect::<Vec<Value>>()
    };
    let mut line = json!({
        "server": "holm", "scenario": "peers", "dead": dead, "slow": slow,
        "pairs": args.number("pairs", 20), "rate": args.number("rate", 200),
        "p99_with_ms": all("p99_ms", 0), "p99_without_ms": all("p99_ms", 1),
        "p50_with_ms": all("p50_ms", 0), "p50_without_ms": all("p50_ms", 1),
        "us_each_with": all("server_us_each", 0), "us_each_without": all("server_us_each", 1),
        "rss_with_mib": all("rss_mib", 0).last(), "rss_without_mib": all("rss_mib", 1).last(),
        "ratio": round(median(ratios)), "apart_ms": round(median(apart)),
    });
    for (what, sum) in crate::report::WRONG.into_iter().zip(wrong) {
        line[what] = sum.into();
    }
    tell(
        args,
        line,
        Floor::Either([("ratio", 1.2), ("apart_ms", 5.0)]),
    );
}

impl Side {
    async fn begin(args: &Args, dead: usize, slow: usize) -> Self {
        let stage = Stage::start(&[HUB, HEALTHY[0], HEALTHY[1]]).await;
        let guests = Guests::invite(&stage, dead, slow).await;
        let mut people = Vec::new();
        for (domain, turn) in HEALTHY.into_iter().zip(0..) {
            let count = (args.count("pairs", 20) + turn) / HEALTHY.len();
            let names = [format!("from{turn}x"), format!("to{turn}x")];
            let both = stage.named_pairs([HUB, domain], &names, count, guests.users());
            people.push(both.await);
        }
        guests.go(&stage).await;
        // Without the connections that there were to the guests.
        stage.restart().await;
        let mut pairs = Vec::new();
        for (domain, people) in HEALTHY.into_iter().zip(people) {
            pairs.extend(pairs::connect(&stage, people, args, [HUB, domain]).await);
        }
        Self {
            stage,
            pairs,
            _guests: guests,
        }
    }

    /// One measurement, the servers running for it alone.
    async fn talk(&mut self, args: &Args) -> Value {
        self.signal("-CONT");
        pairs::schedule(&mut self.pairs, args.number("rate", 200));
        let lengths = [args.seconds("warm", 4), args.seconds("secs", 8)];
        let measured = pairs::run(&self.stage, &mut self.pairs, 1, lengths).await;
        self.signal("-STOP");
        measured
    }

    fn signal(&self, signal: &str) {
        let mut kill = Command::new("kill");
        kill.arg(signal);
        kill.args(self.stage.pids().iter().map(u32::to_string));
        assert!(
            kill.status().is_ok_and(|status| status.success()),
            "{signal}"
        );
    }
}

impl Drop for Side {
    fn drop(&mut self) {
        // Stopped processes would not see that they are to end.
        self.signal("-CONT");
    }
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers
        .get(numbers.len() / 2)
        .copied()
        .unwrap_or(f64::INFINITY)
}
