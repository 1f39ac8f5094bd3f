//! The log store over SQLite (LOG-2, LOG-9).
//!
//! Appends wait in a bounded queue for the one writer, which decides and commits all that wait in
//! one transaction ([`batch`]). Everything else is one statement or one small transaction of its
//! own.

pub(super) mod batch;
mod filter;
mod head;
mod page;
pub(super) mod recent;

use futures::FutureExt;
use holm_core::ports::StoredEntry;
use holm_core::ports::{Append, AppendError, Future, LogHead, LogStore, Stored};
use holm_protocol::{Hash, RoomUri, ServerName};
use sqlx::sqlite::SqliteRow;

use super::Sqlite;
use super::failure::Failure;
use super::row::{Cells, stored_number};
use super::writer::{Job, Unanswered, ask};
use crate::decide::{begin_anew, check_shape, time_of};

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
        self.shared.stored(async move {
            let mut reading = self.shared.reading().await?;
            page::read(reading.connection(), room, after, (limit, bytes_max)).await
        })
    }

    fn find<'a>(&'a self, room: &'a RoomUri, key: Hash) -> Stored<'a, Option<(u64, u64)>> {
        self.shared.stored(async move {
            let key = recent::short(&key);
            let mut reading = self.shared.reading().await?;
            let query = sqlx::query(LOG_ID).bind(room.as_str());
            let row = query.fetch_optional(reading.connection()).await?;
            let Some(row) = row else { return Ok(None) };
            let log: i64 = Cells::new(&row, "log", room).get("id")?;
            // Memory first: what has left it since is in the index.
            let recent = self.shared.recent().get(log, key).map(stored_number);
            let query = match recent.transpose()? {
                Some(seq) => sqlx::query(FOUND).bind(log).bind(seq),
                None => sqlx::query(FIND).bind(log).bind(&key[..]),
            };
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

    fn stored_for(&self, server: &ServerName) -> u64 {
        self.shared.stored_bytes().of(server)
    }

    fn stored_by_server(&self) -> Vec<(ServerName, u64)> {
        self.shared.stored_bytes().all()
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
        }
        transaction.commit().await?;
        Ok(begun.or(existing.map(|(_, head)| head)).unwrap_or(head))
    }

    /// Hands an append to the writer and waits for its outcome.
    async fn enqueue(&self, append: Append) -> Result<(), AppendError> {
        check_shape(&append)?;
        if let Some(why) = self.shared.failure() {
            return Err(AppendError::Unavailable(why));
        }
        match ask(&self.queue, |answer| Job::Append(append, answer)).await {
            Ok(outcome) => outcome,
            Err(Unanswered::Refused(why)) => Err(AppendError::Unavailable(why)),
            Err(Unanswered::Unknown(why)) => Err(AppendError::Unknown(why)),
        }
    }
}

fn found_event(row: &SqliteRow, room: &RoomUri) -> Result<(u64, u64), Failure> {
    let cells = Cells::new(row, "event", room);
    let seq = cells.number("seq")?;
    let time = time_of(cells.get("bytes")?).map_err(|why| cells.corrupt("bytes", &why))?;
    Ok((seq, time))
}

fn commit_seq(row: &SqliteRow) -> Result<(RoomUri, u64), Failure> {
    let room: RoomUri = Cells::new(row, "log", &"a row").parsed("room")?;
    let seq = Cells::new(row, "log", &room).number("commit_seq")?;
    Ok((room, seq))
}

const LOG_ID: &str = "SELECT id FROM log WHERE room = ?1";

const FOUND: &str = "SELECT seq, bytes FROM event WHERE log = ?1 AND seq = ?2";

const FIND: &str = "SELECT submitted.seq, event.bytes FROM submitted \
     LEFT JOIN event ON event.log = submitted.log AND event.seq = submitted.seq \
     WHERE submitted.log = ?1 AND submitted.idempotency_key = ?2";

const TAKE_OVER: &str = "UPDATE log SET fence = fence + 1 WHERE room = ?1 RETURNING fence";

const COMMIT_SEQS: &str = "SELECT log.room, log.commit_seq \
     FROM log LEFT JOIN room ON room.room = log.room \
     WHERE log.commit_seq > coalesce(room.folded_seq, 0) ORDER BY log.room";

/// For the test that prepares every statement.
#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[page::READ, LOG_ID, FOUND, FIND, TAKE_OVER, COMMIT_SEQS];
#[cfg(test)]
pub(super) use {
    batch::tests::statements as batch_statements, head::STATEMENTS as HEAD_STATEMENTS,
    recent::STATEMENTS as RECENT_STATEMENTS,
};
