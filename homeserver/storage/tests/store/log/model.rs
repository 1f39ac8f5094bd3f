//! The model: what a log store has to answer, in the plainest words, and the run that compares.
//!
//! It shares no code with the stores.

use std::collections::BTreeMap;

use futures::future::join_all;
use holm_core::ports::{Append, AppendError, LogHead, StoredEntry};
use holm_protocol::{Hash, RoomUri};

use super::chain::{commit, foreign, head_at, messages, origin, stored};
use super::steps::{Appending, Fault, ROOMS, Step};
use crate::names::{hash, room};
use crate::subject::Subject;

/// Runs the steps on a new store and on a new model, and compares every answer.
pub(super) async fn check(subject: &mut dyn Subject, steps: &[Step]) {
    let mut model = Model::default();
    for step in steps {
        match step {
            Step::Begin { room, from_head } => model.begin(subject, *room, *from_head).await,
            Step::Append(appendings) => model.append_all(subject, appendings).await,
            Step::TakeOver { room } => model.take_over(subject, *room).await,
            Step::Read {
                room,
                after,
                limit,
                bytes_max,
            } => {
                let bounds = (*limit, *bytes_max);
                model.read(subject, *room, *after, bounds).await;
            }
            Step::Find { room, body } => model.find(subject, *room, *body).await,
            Step::Reopen => subject.reopen().await,
        }
    }
    subject.reopen().await;
    model.compare_all(subject).await;
}

#[derive(Default)]
struct Model(BTreeMap<usize, Log>);

struct Log {
    room: RoomUri,
    /// Heads so far, the newest last.
    heads: Vec<LogHead>,
    entries: Vec<StoredEntry>,
    keys: Vec<(Hash, u64)>,
}

impl Model {
    async fn begin(&mut self, subject: &dyn Subject, n: usize, from_head: i64) {
        let room = name(n);
        let newest = self.0.get(&n).map_or(origin(&room), Log::head);
        let mut position = newest.position;
        position.seq = position.seq.saturating_add_signed(from_head);
        position.hash = if from_head == 0 {
            position.hash
        } else {
            foreign()
        };
        let head = head_at(position);
        let log = self
            .0
            .entry(n)
            .or_insert_with(|| Log::new(room.clone(), head));
        if head.position.seq > log.head().position.seq {
            let fence = log.head().fence;
            log.heads.push(LogHead { fence, ..head });
        }
        let begun = subject.log().begin(&room, head).await.unwrap();
        assert_eq!(begun, log.head());
    }

    async fn append_all(&mut self, subject: &dyn Subject, appendings: &[Appending]) {
        let mut appends = Vec::new();
        let mut expected = Vec::new();
        for appending in appendings {
            let append = self.make(appending);
            expected.push(self.append(appending, &append));
            appends.push(append);
        }
        let log = subject.log();
        let outcomes = join_all(appends.into_iter().map(|append| log.append(append))).await;
        for (outcome, expected) in outcomes.into_iter().zip(expected) {
            match (outcome, expected) {
                // The words are the store's own.
                (Err(AppendError::Unavailable(_)), Err(AppendError::Unavailable(_))) => {}
                (outcome, expected) => assert_eq!(outcome, expected),
            }
        }
    }

    /// The append as the step wants it, against the log as it is now.
    fn make(&self, appending: &Appending) -> Append {
        let room = name(appending.room);
        let heads = self.0.get(&appending.room).map(|log| &log.heads[..]);
        let heads = heads.unwrap_or_default();
        let stale = usize::from(appending.fault == Fault::Stale);
        let head = heads.iter().rev().nth(stale).copied();
        let head = head.unwrap_or(origin(&room));
        let bodies: Vec<_> = appending.bodies.iter().map(u8::to_string).collect();
        let mut texts: Vec<_> = bodies.iter().map(String::as_str).collect();
        texts.sort_unstable();
        texts.dedup();
        let mut append = match texts.is_empty() {
            true => commit(&room, &head, "a commit"),
            false => messages(&room, &head, &texts),
        };
        match appending.fault {
            Fault::None | Fault::Stale => {}
            Fault::Fork => append.expect.hash = foreign(),
            Fault::OldFence => append.expect.fence = head.fence.saturating_sub(1),
            Fault::Gap => drop(append.entries.remove(0)),
        }
        append
    }

    fn append(&mut self, appending: &Appending, append: &Append) -> Result<(), AppendError> {
        if appending.fault == Fault::Gap {
            return Err(AppendError::Unavailable(String::new()));
        }
        let log = self.0.get_mut(&appending.room).ok_or(AppendError::NoLog)?;
        let (head, expect) = (log.head(), append.expect);
        if expect.fence < head.fence || append.head.fence < head.fence {
            return Err(AppendError::Fenced(head.fence));
        }
        if expect.seq != head.position.seq || expect.hash != head.position.hash {
            return Err(AppendError::HeadMoved(Box::new(head)));
        }
        let keys = append
            .entries
            .iter()
            .filter_map(|e| Some((e.idempotency_key?, e.seq)));
        let keys: Vec<_> = keys.collect();
        let known = log
            .keys
            .iter()
            .filter(|(known, _)| keys.iter().any(|(key, _)| key == known));
        if let Some(seq) = known.map(|(_, seq)| *seq).min() {
            return Err(AppendError::Repeated(seq));
        }
        log.keys.extend(keys);
        log.entries.extend(stored(append));
        log.heads.push(append.head);
        Ok(())
    }

    async fn take_over(&mut self, subject: &dyn Subject, n: usize) {
        let taken = subject.log().take_over(&name(n)).await;
        match self.0.get_mut(&n) {
            None => assert!(taken.is_err()),
            Some(log) => {
                let mut head = log.head();
                head.fence += 1;
                // The former head's fence is one too low now, whatever else it says.
                log.heads.push(head);
                assert_eq!(taken.unwrap(), head.fence);
            }
        }
    }

    async fn read(&self, subject: &dyn Subject, n: usize, after: i64, bounds: (usize, usize)) {
        let head = self.0.get(&n).map_or(0, |log| log.head().position.seq);
        let after = match u64::try_from(after) {
            Ok(after) => after,
            Err(_) => head.saturating_add_signed(after),
        };
        let (limit, bytes_max) = bounds;
        let room = name(n);
        let page = subject.log().read(&room, after, limit, bytes_max);
        let page = page.await.unwrap();
        let expected = self.0.get(&n).map(|log| log.page(after, limit, bytes_max));
        assert_eq!(page, expected.unwrap_or_default());
    }

    async fn find(&self, subject: &dyn Subject, n: usize, body: u8) {
        let key = hash(&body.to_string());
        let known = self
            .0
            .get(&n)
            .map(|log| log.keys.clone())
            .unwrap_or_default();
        let seq = known.iter().find(|(known, _)| *known == key);
        let expected = seq.map(|(_, seq)| (*seq, seq * 1_000));
        assert_eq!(subject.log().find(&name(n), key).await.unwrap(), expected);
    }

    async fn compare_all(&self, subject: &dyn Subject) {
        let log = subject.log();
        for n in 0..ROOMS {
            let head = self.0.get(&n).map(Log::head);
            assert_eq!(log.head(&name(n)).await.unwrap(), head);
            for after in 0..=head.map_or(0, |head| head.position.seq) {
                self.read(
                    subject,
                    n,
                    i64::try_from(after).unwrap(),
                    (usize::MAX, usize::MAX),
                )
                .await;
            }
        }
        let with_commit = self.0.values().filter(|log| log.head().commit_seq > 0);
        let commits: Vec<_> = with_commit
            .map(|log| (log.room.clone(), log.head().commit_seq))
            .collect();
        assert_eq!(log.commit_seqs().await.unwrap(), commits);
    }
}

impl Log {
    fn new(room: RoomUri, head: LogHead) -> Self {
        Self {
            room,
            heads: vec![head],
            entries: Vec::new(),
            keys: Vec::new(),
        }
    }

    fn head(&self) -> LogHead {
        *self.heads.last().unwrap()
    }

    fn page(&self, after: u64, limit: usize, bytes_max: usize) -> Vec<StoredEntry> {
        let (mut page, mut bytes) = (Vec::<StoredEntry>::new(), 0);
        for entry in &self.entries {
            let next = after + 1 + u64::try_from(page.len()).unwrap();
            if entry.seq != next || (page.len() >= limit && !page.is_empty()) {
                continue;
            }
            let welcome = entry.attachment.as_ref().map_or(0, |a| a.welcome.len());
            bytes += entry.event.len() + welcome;
            if !page.is_empty() && bytes > bytes_max {
                break;
            }
            page.push(entry.clone());
        }
        page
    }
}

fn name(n: usize) -> RoomUri {
    room(["one", "two", "zoo"][n])
}
