//! The limiter over any sequence of demands at any times: never more than a burst and what time
//! adds, never less than it said, never more names than it may know (FED-16).

use proptest::collection::vec;
use proptest::prelude::{Strategy, prop_assert, prop_assert_eq, proptest};
use proptest::test_runner::TestCaseError;

use super::Rate;
use super::buckets::Buckets;

/// Names it knows at most; more than these ask.
const MAX: u8 = 3;

#[derive(Clone, Copy, Debug)]
struct Step {
    /// Milliseconds since the step before.
    wait: u64,
    name: u8,
    n: u64,
}

/// Of so many names; those past what it knows share one bucket.
fn steps(names: u8) -> impl Strategy<Value = Vec<Step>> {
    let step = (0_u64..4_000, 0..names, 1_u64..6);
    vec(
        step.prop_map(|(wait, name, n)| Step { wait, name, n }),
        1..80,
    )
}

fn rate() -> impl Strategy<Value = Rate> {
    (1_u64..600, 1_u64..12).prop_map(|(per_minute, burst)| Rate { burst, per_minute })
}

/// What each name was given: when, and how much.
type Given = Vec<(u8, u64, u64)>;

/// Between any two grants lies no more than `times` a burst and what the time between them adds.
fn is_within(given: &Given, rate: Rate, times: u64, of: impl Fn(u8) -> bool) -> bool {
    let given: Vec<_> = given.iter().filter(|(name, ..)| of(*name)).collect();
    (0..given.len()).all(|first| {
        let mut sum = 0;
        given[first..].iter().all(|(_, at, n)| {
            sum += n.min(&rate.burst);
            let added = (at - given[first].1) * rate.per_minute;
            sum * 60_000 <= times * (rate.burst * 60_000 + added)
        })
    })
}

fn check(rate: Rate, names: u8, steps: Vec<Step>) -> Result<(), TestCaseError> {
    let mut buckets = Buckets::new(rate, usize::from(MAX));
    let (mut now, mut given) = (10_000_u64, Vec::new());
    for Step { wait, name, n } in steps {
        now += wait;
        if let Err(wait) = buckets.take(name, n, now) {
            prop_assert!(wait > 0);
            // A millisecond sooner is too soon, for whoever has a bucket of its own.
            let early = wait > 1 && names <= MAX;
            prop_assert!(!early || buckets.take(name, n, now + wait - 1).is_err());
            now += wait;
            prop_assert_eq!(buckets.take(name, n, now), Ok(()));
        }
        given.push((name, now, n));
        prop_assert!(buckets.len() <= usize::from(MAX));
    }
    prop_assert!(is_within(&given, rate, u64::from(MAX) + 1, |_| true));
    for name in (0..names).filter(|_| names <= MAX) {
        prop_assert!(is_within(&given, rate, 1, |of| of == name), "{given:?}");
    }
    Ok(())
}

proptest! {
    // Q05, Q07, FED-16
    #[test]
    fn the_limiter_does_what_the_model_says(rate in rate(), few in steps(MAX), many in steps(MAX + 2)) {
        check(rate, MAX, few)?;
        check(rate, MAX + 2, many)?;
    }
}
