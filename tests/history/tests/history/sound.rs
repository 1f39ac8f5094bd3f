//! Histories as they ought to be raise no alarm.

use holm_history::{Counts, End, History};
use proptest::prelude::{ProptestConfig, prop_assert_eq, proptest};

use crate::model::{Step, World, steps};

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]

    #[test]
    fn a_history_as_it_ought_to_be_is_sound(steps in steps()) {
        let history = World::of(&steps);
        let verdict = history.judge(End::Settled);
        prop_assert_eq!(verdict.lines(), "");
        prop_assert_eq!(history.judge(End::Running).lines(), "");
    }

    /// What is on its way at the moment of judging is not missing.
    #[test]
    fn a_history_cut_off_anywhere_is_sound_as_far_as_it_goes(steps in steps(), at in 0..400_usize) {
        let whole = World::of(&steps);
        let mut cut = History::default();
        cut.extend(whole.entries().iter().take(at).cloned());
        prop_assert_eq!(cut.judge(End::Running).lines(), "");
    }
}

#[test]
fn what_was_judged_is_counted_and_timed() {
    let send = |answered| Step::Send {
        device: 0,
        answered,
    };
    let refuse = Step::Refuse { device: 1 };
    let verdict = World::of(&[send(true), send(false), refuse]).judge(End::Settled);
    let counts = Counts {
        unrecorded: 0,
        rooms: 1,
        memberships: 2,
        messages: 3,
        accepted: 2,
        refused: 1,
        unanswered: 0,
        deliveries: 2,
        commits: 1,
    };
    assert_eq!(verdict.counts, counts);
    assert_eq!(verdict.accepted.count, 2);
    assert_eq!(verdict.delivered.count, 2);
    assert!(verdict.accepted.p50_ms > 0 && verdict.delivered.max_ms > verdict.accepted.p50_ms);
}

#[test]
fn a_history_that_was_cut_off_at_its_bound_is_not_sound() {
    let whole = World::of(&[]);
    let mut short = History::bounded(3);
    short.extend(whole.entries().iter().cloned());
    let verdict = short.judge(End::Running);
    assert!(verdict.anomalies.is_empty() && verdict.counts.unrecorded > 0);
    assert!(!verdict.is_sound());
}
