//! `holm-simulation`: runs seeds and says what they found.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use clap::Parser;
use holm_simulation::plan::Plan;
use holm_simulation::world::{self, Outcome};

/// Runs a federation in simulation, once for each seed.
#[derive(Parser)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of the command line"
)]
struct Arguments {
    /// The first seed.
    #[arg(default_value_t = 1)]
    seed: u64,
    /// How many seeds.
    #[arg(long, default_value_t = 1)]
    seeds: u64,
    /// How many of them at once, each on a thread of its own.
    #[arg(long, default_value_t = 1)]
    jobs: u64,
    /// For how many simulated seconds things break.
    #[arg(long, default_value_t = 240)]
    seconds: u64,
    /// A hub lies: it shows two followers two histories.
    #[arg(long)]
    forks: bool,
    /// Members claim heads that no hub has signed, which must raise no alarm.
    #[arg(long, conflicts_with = "forks")]
    claims: bool,
    /// The hub is away for so many simulated hours.
    #[arg(long, conflicts_with_all = ["forks", "claims"])]
    away: Option<u64>,
    /// Say nothing of seeds that are sound.
    #[arg(long)]
    quiet: bool,
    /// End with the first seed that is not sound, or with those that run beside it.
    #[arg(long)]
    until_found: bool,
    /// Print the trace.
    #[arg(long)]
    trace: bool,
    /// Show the servers' and devices' own log lines, as RUST_LOG says; with one job.
    #[arg(long)]
    logs: bool,
}

impl Arguments {
    fn plan(&self, seed: u64) -> Plan {
        match (self.forks, self.claims, self.away) {
            (true, ..) => Plan::fork(seed),
            (_, true, _) => Plan::claims(seed, self.seconds),
            (_, _, Some(hours)) => Plan::away(seed, hours),
            _ => Plan::of(seed, self.seconds),
        }
    }

    /// How the seed is run again.
    fn again(&self, seed: u64) -> String {
        let seconds = self.seconds;
        let kind = match (self.forks, self.claims, self.away) {
            (true, ..) => "--forks".to_owned(),
            (_, true, _) => format!("--claims --seconds {seconds}"),
            (_, _, Some(hours)) => format!("--away {hours}"),
            _ => format!("--seconds {seconds}"),
        };
        format!("tests/run simulate {seed} {kind} --trace")
    }
}

/// What all seeds came to.
#[derive(Default)]
struct Total {
    sound: u64,
    simulated: Duration,
}

/// Findings of one seed that are printed.
const FINDINGS_SHOWN: usize = 8;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if arguments.logs {
        tracing_subscriber::fmt()
            .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
            .without_time()
            .with_ansi(false)
            .init();
    }
    let total = run_all(&arguments);
    let line = format!(
        "{} of {} seeds sound, {:.1} simulated hours, time begins at {} s since 1970\n",
        total.sound,
        arguments.seeds,
        total.simulated.as_secs_f64() / 3_600.0,
        world::epoch(),
    );
    print(&line);
    if total.sound == arguments.seeds {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn run_all(arguments: &Arguments) -> Total {
    let next = AtomicU64::new(arguments.seed);
    let end = arguments.seed.saturating_add(arguments.seeds);
    let total = Mutex::new(Total::default());
    let stopped = AtomicBool::new(false);
    std::thread::scope(|threads| {
        for _ in 0..arguments.jobs.max(1) {
            threads.spawn(|| {
                while !stopped.load(Ordering::Relaxed) {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= end {
                        return;
                    }
                    let plan = arguments.plan(seed);
                    let outcome = world::run(plan, arguments.trace);
                    let sound = outcome.findings.0.is_empty();
                    let silent = arguments.quiet && sound;
                    let unread = !silent && !print(&told(seed, &outcome, arguments));
                    if unread || (arguments.until_found && !sound) {
                        stopped.store(true, Ordering::Relaxed);
                    }
                    let mut total = total.lock().unwrap_or_else(PoisonError::into_inner);
                    total.sound += u64::from(sound);
                    total.simulated += outcome.simulated;
                }
            });
        }
    });
    total.into_inner().unwrap_or_default()
}

/// What is said of a seed.
fn told(seed: u64, outcome: &Outcome, arguments: &Arguments) -> String {
    let sound = outcome.findings.0.is_empty();
    let mut text = format!(
        "{}seed {seed}: {}, {} simulated seconds in {} ms, trace {} of {} lines\n",
        outcome.trace,
        if sound { "sound" } else { "NOT SOUND" },
        outcome.simulated.as_secs(),
        outcome.took.as_millis(),
        outcome.hash.get(..16).unwrap_or_default(),
        outcome.lines,
    );
    for finding in outcome.findings.0.iter().take(FINDINGS_SHOWN) {
        let _ = writeln!(text, "  {finding}");
    }
    let more = outcome.findings.0.len().saturating_sub(FINDINGS_SHOWN);
    if more > 0 {
        let _ = writeln!(text, "  and {more} more");
    }
    if !sound {
        let _ = writeln!(text, "  again: {}", arguments.again(seed));
    }
    text
}

/// Prints; whether anybody reads.
fn print(text: &str) -> bool {
    io::stdout().lock().write_all(text.as_bytes()).is_ok()
}
