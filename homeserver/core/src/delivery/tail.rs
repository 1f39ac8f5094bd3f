//! The newest events of an active room, shared by all connections that read it live.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;

use super::live::LiveEvent;

/// Events kept.
const EVENTS_MAX: usize = 256;
/// Bytes of events kept.
const BYTES_MAX: usize = 1_024 * 1_024;

/// A bounded run of the newest events.
#[derive(Default)]
pub(crate) struct Tail(Mutex<Run>);

/// One event of the tail.
struct Kept {
    seq: u64,
    event: LiveEvent,
    /// Whether more than the event stands in its log entry: a Welcome.
    carries_more: bool,
}

#[derive(Default)]
struct Run {
    events: VecDeque<Kept>,
    bytes: usize,
    /// Number of the newest event, also while none is kept.
    head: u64,
    known: bool,
}

impl Tail {
    /// Forgets what is kept; the room was loaded with this head.
    pub(crate) fn restart(&self, head: u64) {
        let mut run = self.lock();
        *run = Run {
            head,
            known: true,
            ..Run::default()
        };
    }

    /// Adds events that have just been appended.
    pub(crate) fn push(&self, events: impl IntoIterator<Item = (u64, Bytes, bool)>) {
        let mut run = self.lock();
        for (seq, event, carries_more) in events {
            run.head = seq;
            run.bytes += event.len();
            run.events.push_back(Kept {
                seq,
                event: event.into(),
                carries_more,
            });
            while run.events.len() > EVENTS_MAX || run.bytes > BYTES_MAX {
                let Some(old) = run.events.pop_front() else {
                    break;
                };
                run.bytes -= old.event.bytes().len();
            }
        }
    }

    /// Number of the room's newest event, where it is known.
    pub(crate) fn head(&self) -> Option<u64> {
        let run = self.lock();
        run.known.then_some(run.head)
    }

    /// Events after `after`, at most `limit`; `None` where the store has to be asked.
    pub(crate) fn read(&self, after: u64, limit: usize) -> Option<Vec<(u64, LiveEvent)>> {
        let run = self.lock();
        let kept = run.after(after)?.take(limit);
        Some(kept.map(|k| (k.seq, k.event.clone())).collect())
    }

    /// Exact bytes of the events after `after`, at most `limit` and about `bytes_max`; `None` where
    /// the store has to be asked, also because an entry carries more than its event.
    pub(crate) fn read_plain(
        &self,
        after: u64,
        limit: usize,
        bytes_max: usize,
    ) -> Option<Vec<(u64, Bytes)>> {
        let run = self.lock();
        let (mut events, mut bytes) = (Vec::new(), 0);
        for kept in run.after(after)?.take(limit) {
            bytes += kept.event.bytes().len();
            if kept.carries_more {
                return None;
            }
            if bytes > bytes_max && !events.is_empty() {
                break;
            }
            events.push((kept.seq, kept.event.bytes().clone()));
        }
        Some(events)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Run> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Run {
    /// What follows `after`, where nothing of it is missing here.
    fn after(&self, after: u64) -> Option<impl Iterator<Item = &Kept>> {
        let none_missing = self.known && after >= self.head;
        let skip = match (none_missing, self.events.front()) {
            (true, _) => self.events.len(),
            (false, first) => {
                usize::try_from(after.checked_add(1)?.checked_sub(first?.seq)?).ok()?
            }
        };
        Some(self.events.iter().skip(skip))
    }
}

#[cfg(test)]
mod tests {
    use super::{EVENTS_MAX, Tail};
    use bytes::Bytes;

    fn seqs(tail: &Tail, after: u64) -> Option<Vec<u64>> {
        tail.read(after, 1_000)
            .map(|events| events.into_iter().map(|e| e.0).collect())
    }

    #[test]
    fn a_tail_answers_only_for_what_it_holds_without_a_gap() {
        let tail = Tail::default();
        assert_eq!(seqs(&tail, 0), None);
        tail.restart(10);
        assert_eq!(seqs(&tail, 10), Some(vec![]));
        assert_eq!(seqs(&tail, 9), None);
        tail.push([
            (11, Bytes::from_static(b"a"), false),
            (12, Bytes::from_static(b"b"), true),
        ]);
        assert_eq!(seqs(&tail, 10), Some(vec![11, 12]));
        assert_eq!(seqs(&tail, 11), Some(vec![12]));
        assert_eq!(seqs(&tail, 5), None);
    }

    #[test]
    fn an_entry_that_carries_more_is_read_from_the_store() {
        let tail = Tail::default();
        tail.restart(10);
        tail.push([
            (11, Bytes::from_static(b"a"), true),
            (12, Bytes::from_static(b"b"), false),
        ]);
        assert_eq!(tail.read_plain(10, 9, 9), None);
        let plain = tail.read_plain(11, 9, 9);
        assert_eq!(plain, Some(vec![(12, Bytes::from_static(b"b"))]));
        assert_eq!(tail.read_plain(12, 9, 9), Some(vec![]));
    }

    #[test]
    fn a_tail_is_bounded() {
        let tail = Tail::default();
        let count = u64::try_from(EVENTS_MAX).unwrap() + 10;
        tail.push((1..=count).map(|seq| (seq, Bytes::from_static(b"x"), false)));
        assert_eq!(seqs(&tail, 0), None);
        assert_eq!(seqs(&tail, 10).map(|s| s.len()), Some(EVENTS_MAX));
    }
}
