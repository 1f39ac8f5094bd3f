//! The log store in memory: the reference model, and the store of tests that need no file.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::FutureExt;
use holm_core::ports::{Append, AppendError, Future, LogHead, LogStore, Stored};
use holm_core::ports::{Entry, StoreError, StoredEntry};
use holm_protocol::{Hash, RoomUri, ServerName};

use crate::decide::{begin_anew, check_continues, check_shape, time_of, weight};
use crate::stored_bytes::StoredBytes;

/// The logs of all rooms, in memory. Cloning shares them.
#[derive(Clone, Debug, Default)]
pub struct Memory(Arc<Mutex<Logs>>);

#[derive(Debug, Default)]
struct Logs {
    rooms: BTreeMap<RoomUri, Log>,
    stored: StoredBytes,
}

#[derive(Debug)]
struct Log {
    head: LogHead,
    entries: BTreeMap<u64, StoredEntry>,
    keys: BTreeMap<Hash, u64>,
}

impl Memory {
    fn logs(&self) -> MutexGuard<'_, Logs> {
        // Nothing below panics between two changes, so a poisoned lock still guards whole logs.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Log {
    fn new(head: LogHead) -> Self {
        Self {
            head,
            entries: BTreeMap::new(),
            keys: BTreeMap::new(),
        }
    }

    fn append(&mut self, append: Append) -> Result<(), AppendError> {
        check_continues(&self.head, &append)?;
        let keys = append.entries.iter().filter_map(|e| e.idempotency_key);
        if let Some(seq) = keys.filter_map(|key| self.keys.get(&key)).min() {
            return Err(AppendError::Repeated(*seq));
        }
        self.head = append.head;
        append.entries.into_iter().for_each(|entry| self.add(entry));
        Ok(())
    }

    fn add(&mut self, entry: Entry) {
        if let Some(key) = entry.idempotency_key {
            self.keys.insert(key, entry.seq);
        }
        let stored = StoredEntry {
            seq: entry.seq,
            kind: entry.kind,
            event: entry.event,
            attachment: entry.attachment,
        };
        self.entries.insert(stored.seq, stored);
    }

    fn read(&self, after: u64, limit: usize, bytes_max: usize) -> Vec<StoredEntry> {
        let mut bytes = 0_usize;
        let following = self.entries.range(after.saturating_add(1)..);
        following
            .zip(after.saturating_add(1)..)
            .take_while(|((seq, _), expected)| **seq == *expected)
            .map(|((_, entry), _)| entry)
            .take(limit.max(1))
            .enumerate()
            .take_while(|(n, entry)| {
                bytes = bytes.saturating_add(weight(entry));
                *n == 0 || bytes <= bytes_max
            })
            .map(|(_, entry)| entry.clone())
            .collect()
    }

    fn find(&self, key: Hash) -> Result<Option<(u64, u64)>, StoreError> {
        let Some(seq) = self.keys.get(&key) else {
            return Ok(None);
        };
        let event = self.entries.get(seq).map(|entry| &entry.event[..]);
        let time = time_of(event.unwrap_or_default())
            .map_err(|why| StoreError(format!("event {seq} is corrupt: {why}")))?;
        Ok(Some((*seq, time)))
    }
}

impl LogStore for Memory {
    fn begin<'a>(&'a self, room: &'a RoomUri, head: LogHead) -> Stored<'a, LogHead> {
        async move {
            let mut logs = self.logs();
            let log = logs
                .rooms
                .entry(room.clone())
                .or_insert_with(|| Log::new(head));
            if let Some(anew) = begin_anew(&log.head, head) {
                log.head = anew;
            }
            Ok(log.head)
        }
        .boxed()
    }

    fn append(&self, append: Append) -> Future<'_, Result<(), AppendError>> {
        async move {
            check_shape(&append)?;
            let mut logs = self.logs();
            let log = logs.rooms.get_mut(&append.room);
            let stored_for = append.stored_for.clone();
            log.ok_or(AppendError::NoLog)?.append(append)?;
            for (server, bytes) in stored_for {
                logs.stored.add(server, bytes);
            }
            Ok(())
        }
        .boxed()
    }

    fn head<'a>(&'a self, room: &'a RoomUri) -> Stored<'a, Option<LogHead>> {
        async move { Ok(self.logs().rooms.get(room).map(|log| log.head)) }.boxed()
    }

    fn read<'a>(
        &'a self,
        room: &'a RoomUri,
        after: u64,
        limit: usize,
        bytes_max: usize,
    ) -> Stored<'a, Vec<StoredEntry>> {
        async move {
            let logs = self.logs();
            let log = logs.rooms.get(room);
            let page = log.map(|log| log.read(after, limit, bytes_max));
            Ok(page.unwrap_or_default())
        }
        .boxed()
    }

    fn find<'a>(&'a self, room: &'a RoomUri, key: Hash) -> Stored<'a, Option<(u64, u64)>> {
        async move {
            let logs = self.logs();
            logs.rooms.get(room).map_or(Ok(None), |log| log.find(key))
        }
        .boxed()
    }

    fn take_over<'a>(&'a self, room: &'a RoomUri) -> Stored<'a, u64> {
        async move {
            let mut logs = self.logs();
            let missing = || StoreError("no log of this room".into());
            let log = logs.rooms.get_mut(room).ok_or_else(missing)?;
            log.head.fence += 1;
            Ok(log.head.fence)
        }
        .boxed()
    }

    /// Knows of no room store: every room with a commit is named.
    fn commit_seqs(&self) -> Stored<'_, Vec<(RoomUri, u64)>> {
        async move {
            let logs = self.logs();
            let rooms = logs.rooms.iter();
            let commits = rooms.map(|(room, log)| (room, log.head.commit_seq));
            let found = commits.filter(|(_, seq)| *seq > 0);
            Ok(found.map(|(room, seq)| (room.clone(), seq)).collect())
        }
        .boxed()
    }

    fn stored_for(&self, server: &ServerName) -> u64 {
        self.logs().stored.of(server)
    }

    fn stored_by_server(&self) -> Vec<(ServerName, u64)> {
        self.logs().stored.all()
    }
}
