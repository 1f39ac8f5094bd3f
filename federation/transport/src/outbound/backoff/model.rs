//! Patience over any sequence of calls, failures and words, at any times (FED-9).

use proptest::collection::vec;
use proptest::prelude::{Strategy, prop_oneof, proptest};

use super::{Admission, Backoff, Urgency};

#[derive(Clone, Copy, Debug)]
enum Step {
    /// Time passes, milliseconds; also backwards, as clocks do.
    Wait(i64),
    /// Somebody wants to call.
    Ask,
    /// A call that was under way fails; the draw in thousandths.
    Fail(u32),
    /// The probe comes to nothing.
    Lost,
    /// The peer is heard.
    Heard,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let wait = prop_oneof![6 => 0_i64..6_000, 2 => 0_i64..400_000, 1 => -4_000_000_i64..0];
    let step = prop_oneof![
        4 => wait.prop_map(Step::Wait),
        4 => proptest::strategy::Just(Step::Ask),
        4 => (0_u32..=1_000).prop_map(Step::Fail),
        1 => proptest::strategy::Just(Step::Lost),
        1 => proptest::strategy::Just(Step::Heard),
    ];
    vec(step, 1..120)
}

/// What the rule says in plain words.
#[derive(Default)]
struct Model {
    failing: bool,
    probing: bool,
}

fn check(steps: Vec<Step>) {
    let (mut backoff, mut model, mut now) = (Backoff::default(), Model::default(), 10_000_000_u64);
    for step in steps {
        match step {
            Step::Wait(ms) => now = now.saturating_add_signed(ms),
            Step::Ask => ask(&mut backoff, &mut model, now),
            Step::Fail(part) => {
                backoff.failed(now, |most| {
                    u32::try_from(u64::from(most) * u64::from(part) / 1_000).unwrap()
                });
                if !model.failing || backoff.since_ms().is_some() {
                    model.failing = true;
                }
                // A failure that counts ends the probe; one beside it changes nothing.
                model.probing = is_probing(&backoff);
            }
            Step::Lost => {
                backoff.probe_ended();
                model.probing = false;
            }
            Step::Heard => {
                backoff.heard();
                model = Model::default();
            }
        }
        assert!(
            backoff.wait_ms(now) <= 300_000,
            "no wait is longer than five minutes"
        );
        assert_eq!(backoff == Backoff::Clear, !model.failing);
    }
    // Whatever was: within five minutes somebody may try, and one word ends all of it.
    backoff.probe_ended();
    let later = now + backoff.wait_ms(now);
    assert_ne!(
        backoff.admit(later + 300_001, Urgency::Call),
        Admission::Wait(later)
    );
    backoff.heard();
    assert_eq!(backoff.admit(now, Urgency::Call), Admission::Go);
}

fn ask(backoff: &mut Backoff, model: &mut Model, now: u64) {
    match backoff.admit(now, Urgency::Call) {
        Admission::Go => assert!(
            !model.failing,
            "a peer that fails is called by probes alone"
        ),
        Admission::Probe => {
            assert!(model.failing && !model.probing, "one probe at a time");
            model.probing = true;
        }
        Admission::Wait(until) => {
            assert!(model.failing && (model.probing || until > now));
        }
    }
}

fn is_probing(backoff: &Backoff) -> bool {
    matches!(backoff, Backoff::Waiting(waiting) if waiting.probing)
}

proptest! {
    /// FED-9: one probe at a time, no wait over five minutes, any word ends it.
    #[test]
    fn patience_does_what_the_model_says(steps in steps()) {
        check(steps);
    }
}
