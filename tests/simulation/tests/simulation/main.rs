//! What the simulation itself promises: one seed gives one trace, and it can find what is broken.

mod forks;

use std::thread;

use holm_simulation::plan::{Fault, Plan};
use holm_simulation::world::{Outcome, run};

/// Simulated seconds in which things break, here.
const SECONDS: u64 = 60;

fn outcome(seed: u64) -> Outcome {
    run(Plan::of(seed, SECONDS), false)
}

// I1 to I5, I7, I9, I10, I18, I21; F01, F02, F04 to F06, F08, F23, F24, F27, F41, F42, F47
#[test]
fn what_a_federation_promised_is_kept_whatever_breaks() {
    let seeds = |from: u64| {
        for seed in (from..12).step_by(2) {
            let outcome = outcome(seed);
            let found = outcome.findings.0.join("\n");
            assert!(
                outcome.findings.0.is_empty(),
                "tests/run simulate {seed} --seconds {SECONDS} --trace\n{found}"
            );
        }
    };
    thread::scope(|threads| {
        threads.spawn(|| seeds(1));
        threads.spawn(|| seeds(2));
    });
}

#[test]
fn one_seed_gives_one_trace_whatever_ran_before_it() {
    let forth: Vec<_> = (20..24).map(|seed| outcome(seed).hash).collect();
    let back = thread::spawn(|| (20..24).rev().map(|seed| outcome(seed).hash).collect());
    let mut back: Vec<String> = back.join().unwrap_or_default();
    back.reverse();
    assert_eq!(forth, back);
    assert_ne!(forth[0], forth[1]);
}

/// A federation that could not be found unsound would prove nothing.
#[test]
fn a_disk_that_lies_about_its_syncs_is_found() {
    let found = (1..20).any(|seed| {
        let mut plan = Plan::of(seed, SECONDS);
        let power = |n: u64| (n * 10_000, Fault::PowerOff(0));
        plan.faults = (1..6).map(power).collect();
        plan.lying_disks = true;
        !run(plan, false).findings.0.is_empty()
    });
    assert!(found);
}
