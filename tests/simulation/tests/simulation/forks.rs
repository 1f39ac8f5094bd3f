//! A hub that signs two histories is caught in every seed, and whoever does not look is found.

use std::thread;

use holm_simulation::fork_plan::ForkPlan;
use holm_simulation::plan::Plan;
use holm_simulation::world::run;

/// What a seed finds where the hub lies in a way of the test's own, and nothing else breaks.
fn found(seed: u64, change: impl FnOnce(&mut ForkPlan)) -> String {
    let mut plan = Plan::fork(seed);
    plan.faults.clear();
    plan.fork.as_mut().map(change).unwrap_or_default();
    run(plan, false).findings.0.join("\n")
}

// F58, M23, HEAD-4 to HEAD-8, FED-6
#[test]
fn a_hub_that_shows_two_followers_two_histories_is_caught() {
    let seeds = |from: u64| {
        for seed in (from..8).step_by(2) {
            let found = run(Plan::fork(seed), false).findings.0.join("\n");
            assert!(
                found.is_empty(),
                "tests/run simulate {seed} --forks --trace\n{found}"
            );
        }
    };
    thread::scope(|threads| {
        threads.spawn(|| seeds(1));
        threads.spawn(|| seeds(2));
    });
}

#[test]
fn one_seed_gives_one_trace_with_two_histories_too() {
    let hash = |seed| run(Plan::fork(seed), false).hash;
    let forth = [hash(3), hash(4)];
    let back = [hash(4), hash(3)];
    assert_eq!(forth, [back[1].clone(), back[0].clone()]);
}

/// Followers that do not compare heads find nothing where no message crosses.
#[test]
fn followers_that_show_each_other_no_heads_are_found() {
    let found = found(1, |fork| {
        (fork.across, fork.apart_ms, fork.mute) = (0, 0, true);
    });
    assert!(found.contains("have heard each other for 60 s"), "{found}");
}

/// A follower that passes over what a message carries is found, though heads are not shown.
#[test]
fn a_message_that_crosses_and_is_passed_over_is_found() {
    let found = found(1, |fork| {
        (fork.across, fork.apart_ms) = (100, 600_000);
        (fork.mute, fork.unheard) = (true, true);
    });
    assert!(
        found.contains("carries a head of the other side"),
        "{found}"
    );
}

// HEAD-3, HEAD-4
#[test]
fn what_a_member_claims_raises_no_alarm_unless_the_hub_has_signed_it() {
    let plan = |seed| Plan::claims(seed, 40);
    for seed in 1..4 {
        let found = run(plan(seed), false).findings.0.join("\n");
        assert!(
            found.is_empty(),
            "tests/run simulate {seed} --claims --seconds 40 --trace\n{found}"
        );
    }
    let mut signed = plan(1);
    signed.claims_hold = true;
    let found = run(signed, false).findings.0.join("\n");
    assert!(found.contains("found forks"), "{found}");
}

// F54, FED-14
#[test]
fn what_is_written_while_the_hub_is_away_arrives_once_and_in_order() {
    let found = run(Plan::away(1, 3), false).findings.0.join("\n");
    assert!(
        found.is_empty(),
        "tests/run simulate 1 --away 3 --trace\n{found}"
    );
}
