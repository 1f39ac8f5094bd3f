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

#[derive(Default)]
struct Run {
    events: VecDeque<(u64, LiveEvent)>,
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
    pub(crate) fn push(&self, events: impl IntoIterator<Item = (u64, Bytes)>) {
        let mut run = self.lock();
        for (seq, event) in events {
            run.head = seq;
            run.bytes += event.len();
            run.events.push_back((seq, event.into()));
            while run.events.len() > EVENTS_MAX || run.bytes > BYTES_MAX {
                let Some((_, old)) = run.events.pop_front() else {
                    break;
                };
                run.bytes -= old.bytes().len();
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
        if run.known && after >= run.head {
            return Some(Vec::new());
        }
        let (first, _) = run.events.front()?;
        if after + 1 < *first {
            return None;
        }
        let skip = usize::try_from(after + 1 - first).ok()?;
        Some(run.events.iter().skip(skip).take(limit).cloned().collect())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Run> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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
            (11, Bytes::from_static(b"a")),
            (12, Bytes::from_static(b"b")),
        ]);
        assert_eq!(seqs(&tail, 10), Some(vec![11, 12]));
        assert_eq!(seqs(&tail, 11), Some(vec![12]));
        assert_eq!(seqs(&tail, 5), None);
    }

    #[test]
    fn a_tail_is_bounded() {
        let tail = Tail::default();
        let count = u64::try_from(EVENTS_MAX).unwrap() + 10;
        tail.push((1..=count).map(|seq| (seq, Bytes::from_static(b"x"))));
        assert_eq!(seqs(&tail, 0), None);
        assert_eq!(seqs(&tail, 10).map(|s| s.len()), Some(EVENTS_MAX));
    }
}
