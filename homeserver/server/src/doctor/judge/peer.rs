//! What a running server knows of a peer: calls, their last error, and what waits.

use holm_core::peer::PeerView;

use super::super::finding::{Check, Finding};
use crate::operator::command::since::{ago, span};
use crate::operator::{Breaker, Calls};

/// How calls fared before the doctor came.
pub(in super::super) fn calls(calls: &Calls, now_ms: u64) -> Vec<Finding> {
    let heard = match calls.heard_ms {
        Some(heard) => format!("it was heard {}", ago(heard, now_ms)),
        None => "it was not heard since this server's start".to_owned(),
    };
    let last = match (&calls.last_error, calls.last_error_ms) {
        (Some(error), Some(time)) => {
            format!("; the last error, {}: {error}", ago(time, now_ms))
        }
        _ => String::new(),
    };
    let finding = match calls.breaker {
        Breaker::Closed => Finding::ok(Check::Calls, format!("calls to it go; {heard}{last}")),
        Breaker::Open | Breaker::Probing => Finding::warn(
            Check::Calls,
            format!(
                "it is waited for since {}; {heard}{last}; next try: {}",
                calls
                    .failing_since_ms
                    .map_or("now".to_owned(), |since| ago(since, now_ms)),
                match calls.retry_in_ms {
                    0 => "now".to_owned(),
                    ms => format!("in {}", span(ms)),
                }
            ),
            "what else is found here says why; once it is mended, `holm peers retry` saves the wait",
        ),
    };
    vec![finding]
}

/// What waits for it and from it.
pub(in super::super) fn queue(peer: Option<&PeerView>) -> Vec<Finding> {
    let Some(peer) = peer else {
        let saw = "no room in common with it, so nothing waits";
        return vec![Finding::ok(Check::Queue, saw)];
    };
    let mut findings = vec![Finding::ok(
        Check::Queue,
        format!(
            "it is brought {} room(s) and owed {} event(s) in {} of them; {} room(s) are followed \
             from it",
            peer.rooms_brought, peer.events_owed, peer.rooms_owed, peer.rooms_followed
        ),
    )];
    if peer.rooms_held > 0 {
        findings.push(Finding::warn(
            Check::Queue,
            format!(
                "messages of this server's users wait for it in {} of its rooms",
                peer.rooms_held
            ),
            "they go by themselves, in order, once it answers",
        ));
    }
    if peer.is_over_stored {
        findings.push(Finding::warn(
            Check::Queue,
            format!(
                "{} bytes are stored for it, as many as it may; what it brings is refused and \
                 waits there",
                peer.stored_bytes
            ),
            "raise quotas.stored_bytes and start again, or leave its rooms",
        ));
    }
    if peer.rooms_resting > 0 {
        findings.push(Finding::warn(
            Check::Queue,
            format!(
                "it does not take the events of {} room(s); they are tried again alone",
                peer.rooms_resting
            ),
            "this server's log says which rooms and why; its operator finds the same in theirs",
        ));
    }
    findings
}
