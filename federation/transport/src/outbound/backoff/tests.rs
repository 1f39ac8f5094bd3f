//! Patience over hours, without a clock (FED-9).

use super::{Admission, Backoff, Urgency};

/// Fails, waits as told, probes and fails again until `until_ms`; returns the waits.
fn waits_until(until_ms: u64, draw: impl Fn(u32) -> u32) -> Vec<(u64, u64)> {
    let (mut backoff, mut now, mut waits) = (Backoff::default(), 0, Vec::new());
    while now < until_ms {
        backoff.failed(now, &draw);
        let Admission::Wait(retry) = backoff.admit(now, Urgency::Call) else {
            panic!("a failure makes calls wait");
        };
        waits.push((now, retry - now));
        now = retry;
        assert_eq!(backoff.admit(now, Urgency::Call), Admission::Probe);
    }
    waits
}

#[test]
fn waits_double_and_stay_short_for_an_hour_and_five_minutes_after() {
    // FED-9
    let waits = waits_until(5 * 3_600_000, |most| most);
    let first: Vec<u64> = waits.iter().take(6).map(|w| w.1).collect();
    assert_eq!(first, [500, 1_000, 2_000, 4_000, 5_000, 5_000]);
    let in_first_hour = |w: &&(u64, u64)| w.0 < 3_600_000;
    assert_eq!(
        waits.iter().filter(in_first_hour).map(|w| w.1).max(),
        Some(5_000)
    );
    assert_eq!(waits.iter().map(|w| w.1).max(), Some(300_000));
}

#[test]
fn jitter_never_more_than_halves_a_wait() {
    // FED-9
    let least: Vec<u64> = waits_until(60_000, |_| 0).iter().map(|w| w.1).collect();
    assert_eq!(least.get(..5), Some(&[250, 500, 1_000, 2_000, 2_500][..]));
}

#[test]
fn one_probe_goes_and_the_others_wait_for_it() {
    // FED-9
    let mut backoff = Backoff::default();
    assert_eq!(backoff.admit(0, Urgency::Call), Admission::Go);
    backoff.failed(0, |most| most);
    assert_eq!(backoff.admit(499, Urgency::Call), Admission::Wait(500));
    assert_eq!(backoff.admit(500, Urgency::Call), Admission::Probe);
    assert_eq!(backoff.admit(500, Urgency::Call), Admission::Wait(500));
    backoff.probe_ended();
    assert_eq!(backoff.admit(500, Urgency::Call), Admission::Probe);
}

#[test]
fn any_word_from_the_peer_ends_the_wait() {
    // FED-9
    let mut backoff = Backoff::default();
    backoff.failed(0, |most| most);
    backoff.heard();
    assert_eq!(backoff.admit(1, Urgency::Call), Admission::Go);
}

#[test]
fn calls_that_fail_together_are_one_failure() {
    // FED-9
    let (mut once, mut thrice) = (Backoff::default(), Backoff::default());
    once.failed(0, |most| most);
    (0..3).for_each(|now| thrice.failed(now, |most| most));
    assert_eq!(once, thrice);
}

#[test]
fn who_says_to_be_the_peer_is_looked_up_once_a_minute_however_long_the_wait() {
    // FED-9, DISC-10
    let mut backoff = Backoff::default();
    let mut now = 0;
    while now < 4_000_000 {
        backoff.failed(now, |most| most);
        let Admission::Wait(retry) = backoff.admit(now, Urgency::Call) else {
            panic!("a failure makes calls wait");
        };
        now = retry;
        assert_eq!(backoff.admit(now, Urgency::Call), Admission::Probe);
    }
    backoff.failed(now, |most| most);
    assert!(matches!(
        backoff.admit(now + 59_999, Urgency::Document),
        Admission::Wait(_)
    ));
    assert!(matches!(
        backoff.admit(now + 60_000, Urgency::Call),
        Admission::Wait(_)
    ));
    assert_eq!(
        backoff.admit(now + 60_000, Urgency::Document),
        Admission::Probe
    );
}

#[test]
fn a_clock_set_back_does_not_stop_the_probes() {
    // FED-9, F47
    let mut backoff = Backoff::default();
    backoff.failed(10_000_000, |most| most);
    assert_eq!(backoff.admit(0, Urgency::Call), Admission::Probe);
}
