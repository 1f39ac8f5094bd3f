//! The rules, explored to the last state: three servers, two terms, four messages, two crashes.

use holm_model::{Flaw, Room, Rule};
use stateright::{Checker, Model};

/// Explored at most: a model that grows past it has to be made smaller, not memory larger.
const STATES_MAX: usize = 3_000_000;

const SOUND: [&str; 3] = [
    "I1: what is acknowledged stays",
    "I4: all see one order",
    "I11: one hub has the say",
];

/// Explores a rule, and tells which invariants it breaks.
fn broken(rule: Rule, messages: u8, crashes: u8) -> Vec<&'static str> {
    let room = Room {
        rule,
        messages,
        crashes,
    };
    let checker = room
        .checker()
        .target_state_count(STATES_MAX)
        .spawn_bfs()
        .join();
    let discoveries = checker.discoveries();
    SOUND
        .into_iter()
        .filter(|name| discoveries.contains_key(name))
        .collect()
}

/// Explores a rule that has to be sound, and gets everywhere.
fn holds(rule: Rule) {
    let room = Room {
        rule,
        messages: 4,
        crashes: 2,
    };
    let checker = room
        .checker()
        .target_state_count(STATES_MAX)
        .spawn_bfs()
        .join();
    assert!(
        checker.unique_state_count() < STATES_MAX,
        "not explored to the end"
    );
    checker.assert_properties();
}

// I1, I4, I11
#[test]
fn a_hub_that_hands_over_by_its_last_event_loses_and_doubles_nothing() {
    holds(Rule::HANDOVER);
}

// I1, I4, I11
#[test]
fn a_majority_that_carries_every_message_loses_and_doubles_nothing() {
    holds(Rule::MAJORITY);
}

// I1
#[test]
fn acknowledging_what_is_not_durable_is_found() {
    let rule = Rule::HANDOVER.without(Flaw::AcknowledgesBeforeDurable);
    assert!(broken(rule, 2, 1).contains(&SOUND[0]));
}

// I4, I11
#[test]
fn a_hub_that_goes_on_after_its_last_event_is_found() {
    let rule = Rule::HANDOVER.without(Flaw::GoesOnAfterLastEvent);
    assert!(!broken(rule, 2, 0).is_empty());
}

// I1, I4
#[test]
fn a_hub_that_begins_before_it_has_the_last_event_is_found() {
    let rule = Rule::HANDOVER.without(Flaw::BeginsBeforeLastEvent);
    assert!(!broken(rule, 2, 0).is_empty());
}

// I1
#[test]
fn a_server_that_makes_itself_hub_is_found() {
    let rule = Rule::MAJORITY.without(Flaw::AsksNobody);
    assert!(!broken(rule, 2, 0).is_empty());
}

// I11
#[test]
fn a_promise_that_is_not_kept_is_found() {
    let rule = Rule::MAJORITY.without(Flaw::ForgetsPromise);
    assert!(!broken(rule, 2, 0).is_empty());
}

// I1
#[test]
fn a_hub_that_does_not_take_the_longest_log_is_found() {
    let rule = Rule::MAJORITY.without(Flaw::KeepsOwnLog);
    assert!(broken(rule, 2, 0).contains(&SOUND[0]));
}
