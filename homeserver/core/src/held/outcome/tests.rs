//! Answers of a hub, and what they come to.

use std::time::Duration;

use bytes::Bytes;
use holm_protocol::aad::ClientMsgId;
use holm_protocol::federation::{Sent, SubmitResult};
use holm_protocol::{Code, DeviceUri, Problem};

use super::{FULL_WAIT_MAX, Outcome, previous_refused};
use crate::ports::HeldMessage;

fn device(user: &str) -> DeviceUri {
    DeviceUri::parse(&format!("mimi://islet.test/d/{user}/one")).unwrap()
}

fn held(number: u8, user: &str) -> HeldMessage {
    HeldMessage {
        number: number.into(),
        device: device(user),
        client_msg_id: ClientMsgId([number; 16]),
        message: Bytes::new(),
    }
}

fn sent(number: u8) -> SubmitResult {
    SubmitResult::Sent(Sent {
        client_msg_id: ClientMsgId([number; 16]),
        seq: number.into(),
        time: 0,
    })
}

fn refused(code: Code) -> SubmitResult {
    SubmitResult::Refused {
        problem: Problem::new(code, ""),
    }
}

fn told(outcome: &Outcome) -> Vec<(u8, Option<Code>)> {
    let one = |t: &super::Told| {
        (
            t.client_msg_id.0[0],
            t.result.as_ref().err().map(|p| p.code),
        )
    };
    outcome.told.iter().map(one).collect()
}

#[test]
fn what_has_a_place_or_is_refused_for_good_is_done_with() {
    // SYNC-18
    let batch = [held(1, "alice"), held(2, "bob"), held(3, "alice")];
    let results = vec![sent(1), refused(Code::Forbidden), sent(3)];
    let outcome = Outcome::of(&batch, results);
    assert_eq!(outcome.settled.done, [1, 2, 3]);
    assert_eq!(
        told(&outcome),
        [(1, None), (2, Some(Code::Forbidden)), (3, None)]
    );
    assert!(outcome.settled.cut.is_empty() && !outcome.later);
}

#[test]
fn what_comes_again_takes_the_devices_later_ones_with_it() {
    // SYNC-17
    let batch = [held(1, "alice"), held(2, "bob"), held(3, "alice")];
    let results = vec![
        refused(Code::EpochTooOld),
        sent(2),
        refused(Code::PreviousRefused),
    ];
    let mut outcome = Outcome::of(&batch, results);
    assert_eq!(outcome.settled.done, [2]);
    assert_eq!(outcome.settled.cut, [(device("alice"), 1)]);
    let taken = [1, 3, 9].map(|n| (device("alice"), ClientMsgId([n; 16])));
    outcome.add_cut(taken.to_vec());
    let behind = Some(previous_refused().code);
    let all = [
        (1, Some(Code::EpochTooOld)),
        (2, None),
        (3, behind),
        (9, behind),
    ];
    assert_eq!(told(&outcome), all);
}

#[test]
fn what_the_hub_cannot_take_now_stays_with_what_stands_behind_it() {
    // SYNC-16
    let batch = [held(1, "alice"), held(2, "alice"), held(3, "bob")];
    let results = vec![
        refused(Code::Unavailable),
        refused(Code::EpochTooOld),
        sent(3),
    ];
    let outcome = Outcome::of(&batch, results);
    assert_eq!(outcome.settled.done, [3]);
    assert_eq!(told(&outcome), [(3, None)]);
    assert!(outcome.later && outcome.settled.cut.is_empty());
}

#[test]
fn what_the_hub_stores_no_more_of_stays_in_order_for_as_long_as_it_says() {
    // FED-25, SYNC-17
    let full = |seconds| SubmitResult::Refused {
        problem: Problem::new(Code::StorageExceeded, "").with_retry_after(seconds),
    };
    let batch = [held(1, "alice"), held(2, "alice"), held(3, "bob")];
    let outcome = Outcome::of(&batch, vec![sent(1), full(60), full(60)]);
    assert_eq!(told(&outcome), [(1, None)]);
    assert!(outcome.later && outcome.settled.cut.is_empty());
    assert_eq!(outcome.full, Some(Duration::from_mins(1)));
    let outcome = Outcome::of(&batch, vec![sent(1), sent(2), full(u64::MAX)]);
    assert_eq!(outcome.full, Some(FULL_WAIT_MAX));
    let other = vec![sent(1), refused(Code::Unavailable), sent(3)];
    assert_eq!(Outcome::of(&batch, other).full, None);
}
