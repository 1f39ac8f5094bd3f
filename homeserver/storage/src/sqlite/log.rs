//! The log store over SQLite (LOG-2, LOG-9).
//!
//! Appends wait in a bounded queue for the one writer ([`writer`]), which decides and commits all
//! that wait in one transaction ([`batch`]). Everything else is one statement or one small
//! transaction of its own.

mod batch;
mod head;
mod writer;

use std::time::Duration;

use futures::{FutureExt, TryStreamExt};
use holm_core::ports::{Append, AppendError, Future, LogHead, LogStore, Stored};
use holm_core::ports::{Attachment, StoredEntry};
use holm_protocol::{EventKind, Hash, RoomUri};
use sqlx::sqlite::SqliteRow;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::Sqlite;
use super::failure::Failure;
use super::row::{Cells, stored_number};
use crate::decide::{begin_anew, check_shape, time_of, weight};

pub(super) use writer::Job;
pub use writer::Writer;

impl LogStore for Sqlite {
    fn begin<'a>(&'a self, room: &'a RoomUri, head: LogHead) -> Stored<'a, LogHead> {
        self.shared.stored(self.begin_log(room, head))
    }

    fn append(&self, append: Append) -> Future<'_, Result<(), AppendError>> {
        self.enqueue(append).boxed()
    }

    fn head<'a>(&'a self, room: &'a RoomUri) -> Stored<'a, Option<LogHead>> {
        self.shared.stored(async move {
            let mut reading = self.shared.reading().await?;
            let found = head::find(reading.connection(), room).await?;
            Ok(found.map(|(_, head)| head))
        })
    }

    fn read<'a>(
        &'a self,
        room: &'a RoomUri,
        after: u64,
        limit: usize,
        bytes_max: usize,
    ) -> Stored<'a, Vec<StoredEntry>> {
        self.shared.stored(self.page(room, after, limit, bytes_max))
    }

    fn find<'a>(&'a self, room: &'a RoomUri, key: Hash) -> Stored<'a, Option<(u64, u64)>> {
        self.shared.stored(async move {
            let mut reading = self.shared.reading().await?;
            let query = sqlx::query(FIND).bind(room.as_str()).bind(&key.0[..]);
            let row = query.fetch_optional(reading.connection()).await?;
            row.map(|row| found_event(&row, room)).transpose()
        })
    }

    fn take_over<'a>(&'a self, room: &'a RoomUri) -> Stored<'a, u64> {
        self.shared.stored(async move {
            let mut transaction = self.shared.transaction().await?;
            let query = sqlx::query(TAKE_OVER).bind(room.as_str());
            let row = query.fetch_optional(transaction.connection()).await?;
            let row = row.ok_or(Failure::Refused("no log of this room"))?;
            let fence = Cells::new(&row, "log", room).number("fence")?;
            transaction.commit().await?;
            Ok(fence)
        })
    }

    fn commit_seqs(&self) -> Stored<'_, Vec<(RoomUri, u64)>> {
        self.shared.stored(async move {
            let mut reading = self.shared.reading().await?;
            let query = sqlx::query(COMMIT_SEQS);
            let rows = query.fetch_all(reading.connection()).await?;
            rows.iter().map(commit_seq).collect()
        })
    }
}

impl Sqlite {
    async fn begin_log(&self, room: &RoomUri, head: LogHead) -> Result<LogHead, Failure> {
        let mut transaction = self.shared.transaction().await?;
        let existing = head::find(transaction.connection(), room).await?;
        let begun = match &existing {
            Some((_, existing)) => begin_anew(existing, head),
            None => Some(head),
        };
        if let Some(head) = &begun {
            head::put(transaction.connection(), room, head).await?;
            transaction.commit().await?;
        }
        Ok(begun.or(existing.map(|(_, head)| head)).unwrap_or(head))
    }

    /// Hands an append to the writer and waits for its outcome.
    async fn enqueue(&self, append: Append) -> Result<(), AppendError> {
        check_shape(&append)?;
        let unavailable = |why: &str| AppendError::Unavailable(why.to_owned());
        if let Some(why) = self.shared.failure() {
            return Err(unavailable(&why));
        }
        let (answer, outcome) = oneshot::channel();
        let sending = self.queue.send(Job { append, answer });
        match timeout(QUEUE_WAIT, sending).await {
            Err(_elapsed) => return Err(unavailable("too many appends wait for the disk")),
            Ok(Err(_closed)) => return Err(unavailable("the writer has stopped")),
            Ok(Ok(())) => {}
        }
        let unknown = |why: &str| AppendError::Unknown(why.to_owned());
        match timeout(ANSWER_WAIT, outcome).await {
            Err(_elapsed) => Err(unknown("the disk did not answer in time")),
            Ok(Err(_dropped)) => Err(unknown("the writer has stopped")),
            Ok(Ok(outcome)) => outcome,
        }
    }

    async fn page(
        &self,
        room: &RoomUri,
        after: u64,
        limit: usize,
        bytes_max: usize,
    ) -> Result<Vec<StoredEntry>, Failure> {
        let Ok(after_stored) = stored_number(after) else {
            return Ok(Vec::new());
        };
        let limit = limit.clamp(1, PAGE_LEN_MAX);
        let mut reading = self.shared.reading().await?;
        let query = sqlx::query(READ)
            .bind(room.as_str())
            .bind(after_stored)
            .bind(i64::try_from(limit).unwrap_or(i64::MAX));
        let mut rows = query.fetch(reading.connection());
        let (mut page, mut bytes) = (Vec::new(), 0_usize);
        let mut expected = after + 1;
        while let Some(row) = rows.try_next().await? {
            let Some(entry) = following(&row, room, expected)? else {
                break;
            };
            bytes = bytes.saturating_add(weight(&entry));
            if !page.is_empty() && bytes > bytes_max {
                break;
            }
            page.push(entry);
            expected += 1;
        }
        Ok(page)
    }
}

/// The entry in a row, if it is the one expected; `None` at the end of a copy that another, begun
/// later, does not continue. A hole inside the newest copy is damage.
fn following(
    row: &SqliteRow,
    room: &RoomUri,
    expected: u64,
) -> Result<Option<StoredEntry>, Failure> {
    let cells = Cells::new(row, "event", room);
    if cells.optional_number("seq")? == Some(expected) {
        return entry(row, room, expected).map(Some);
    }
    let (base, head): (u64, u64) = (cells.number("base")?, cells.number("head")?);
    match base < expected && expected <= head {
        true => {
            let why = format!("number {expected} is missing below the head {head}");
            Err(cells.corrupt("seq", &why))
        }
        false => Ok(None),
    }
}

fn entry(row: &SqliteRow, room: &RoomUri, seq: u64) -> Result<StoredEntry, Failure> {
    let key = EventKey { room, seq };
    let cells = Cells::new(row, "event", &key);
    let attachment = match cells.get::<Option<&[u8]>>("welcome")? {
        None => None,
        Some(_) => Some(Attachment {
            welcome: cells.bytes("welcome")?,
            interim: cells.hash("interim")?,
            servers: cells.json("welcome_servers")?,
        }),
    };
    Ok(StoredEntry {
        seq,
        kind: EventKind(cells.number("kind")?),
        event: cells.bytes("bytes")?,
        attachment,
    })
}

fn found_event(row: &SqliteRow, room: &RoomUri) -> Result<(u64, u64), Failure> {
    let seq = Cells::new(row, "submitted", room).number("seq")?;
    let key = EventKey { room, seq };
    let cells = Cells::new(row, "event", &key);
    let time = time_of(cells.get("bytes")?).map_err(|why| cells.corrupt("bytes", &why))?;
    Ok((seq, time))
}

fn commit_seq(row: &SqliteRow) -> Result<(RoomUri, u64), Failure> {
    let room: RoomUri = Cells::new(row, "log", &"a row").parsed("room")?;
    let seq = Cells::new(row, "log", &room).number("commit_seq")?;
    Ok((room, seq))
}

/// An event's name in errors.
struct EventKey<'a> {
    room: &'a RoomUri,
    seq: u64,
}

impl std::fmt::Display for EventKey<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.room, self.seq)
    }
}

/// Appends that may wait for the writer.
pub(super) const QUEUE_LEN_MAX: usize = 1_024;
/// How long an append waits for its place in the queue.
const QUEUE_WAIT: Duration = Duration::from_secs(5);
/// How long an append in the queue waits for its outcome.
const ANSWER_WAIT: Duration = Duration::from_secs(30);
/// Entries a page may have, whatever the caller asks.
const PAGE_LEN_MAX: usize = 4_096;

/// Entries after a number, with base and head of the log beside each.
const READ: &str = "SELECT log.base, log.seq AS head, event.seq AS seq, event.kind, event.bytes, \
     event.welcome, event.interim, event.welcome_servers \
     FROM log LEFT JOIN event ON event.log = log.id AND event.seq > ?2 \
     WHERE log.room = ?1 ORDER BY event.seq LIMIT ?3";

const FIND: &str = "SELECT submitted.seq, event.bytes \
     FROM log JOIN submitted ON submitted.log = log.id AND submitted.idempotency_key = ?2 \
     JOIN event ON event.log = log.id AND event.seq = submitted.seq \
     WHERE log.room = ?1";

const TAKE_OVER: &str = "UPDATE log SET fence = fence + 1 WHERE room = ?1 RETURNING fence";

const COMMIT_SEQS: &str = "SELECT log.room, log.commit_seq \
     FROM log LEFT JOIN room ON room.room = log.room \
     WHERE log.commit_seq > coalesce(room.folded_seq, 0) ORDER BY log.room";

/// For the test that prepares every statement.
#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[READ, FIND, TAKE_OVER, COMMIT_SEQS];
#[cfg(test)]
pub(super) use {
    batch::tests::statements as batch_statements, head::STATEMENTS as HEAD_STATEMENTS,
};
