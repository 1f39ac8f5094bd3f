//! What decides an append: pure, the same for every store.
//!
//! An append continues the head its caller saw, or nothing happens (LOG-2). The fence never
//! falls, so an owner that was overtaken writes nothing.

use std::collections::BTreeSet;

use holm_core::ports::{Append, AppendError, Entry, LogHead, StoredEntry};
use holm_protocol::Event;

/// Whether an append is of one piece, whatever the log holds: at least one entry, consecutive
/// numbers, a head that belongs to the last of them, every number below 2^63.
pub(crate) fn check_shape(append: &Append) -> Result<(), AppendError> {
    let (expect, head) = (&append.expect, &append.head);
    let numbers = (1..).map(|n| expect.seq.checked_add(n));
    let consecutive = append
        .entries
        .iter()
        .zip(numbers)
        .all(|(entry, seq)| Some(entry.seq) == seq);
    let last = append.entries.last().map(|entry| entry.seq);
    if !consecutive || last != Some(head.position.seq) {
        return Err(malformed("the entries do not lead from head to head"));
    }
    let position = head.position;
    let numbers = [head.epoch, head.epoch_floor, head.commit_seq, head.fence];
    let fits = |n: &u64| i64::try_from(*n).is_ok();
    match numbers
        .iter()
        .chain(&[position.seq, position.time])
        .all(fits)
    {
        true => check_keys(&append.entries),
        false => Err(malformed("a number does not fit")),
    }
}

/// Whether an append continues `head`. The fence comes first: an old owner is told so even where
/// the head has moved as well.
pub(crate) fn check_continues(head: &LogHead, append: &Append) -> Result<(), AppendError> {
    let (expect, position) = (&append.expect, head.position);
    if expect.fence.min(append.head.fence) < head.fence {
        return Err(AppendError::Fenced(head.fence));
    }
    match (expect.seq, expect.hash) == (position.seq, position.hash) {
        true => Ok(()),
        false => Err(AppendError::HeadMoved(Box::new(*head))),
    }
}

/// The head of a copy that begins at `head` where `existing` is there: kept if it reaches that
/// far, else replaced, with a fence that does not fall. `None` where it is kept.
pub(crate) fn begin_anew(existing: &LogHead, head: LogHead) -> Option<LogHead> {
    let reaches = existing.position.seq >= head.position.seq;
    (!reaches).then(|| LogHead {
        fence: existing.fence.max(head.fence),
        ..head
    })
}

/// Time of an event, from its bytes; the reason where they are none.
pub(crate) fn time_of(event: &[u8]) -> Result<u64, String> {
    Event::from_bytes(event)
        .map(|event| event.header.time)
        .map_err(|e| e.to_string())
}

/// Bytes an entry counts for in a page: the event and what goes with it.
pub(crate) fn weight(entry: &StoredEntry) -> usize {
    let welcome = entry.attachment.as_ref().map_or(0, |a| a.welcome.len());
    entry.event.len() + welcome
}

fn check_keys(entries: &[Entry]) -> Result<(), AppendError> {
    let mut seen = BTreeSet::new();
    let mut keys = entries.iter().filter_map(|entry| entry.idempotency_key);
    match keys.all(|key| seen.insert(key)) {
        true => Ok(()),
        false => Err(malformed("an idempotency key stands twice")),
    }
}

fn malformed(why: &str) -> AppendError {
    AppendError::Unavailable(format!("a malformed append: {why}"))
}
