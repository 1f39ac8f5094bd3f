//! Reading a run of a log: in order, without a gap, within bounds (LOG-2).

use std::fmt;

use futures::TryStreamExt;
use holm_core::ports::{Attachment, StoredEntry};
use holm_protocol::{EventKind, RoomUri};
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;

use crate::decide::weight;
use crate::sqlite::failure::Failure;
use crate::sqlite::row::{Cells, stored_number};

/// A page as it grows.
struct Page<'a> {
    room: &'a RoomUri,
    /// Number of the next entry.
    expected: u64,
    entries: Vec<StoredEntry>,
    bytes: usize,
    bytes_max: usize,
    /// Where the newest copy begins, and the head: it holds what lies between.
    copy: Option<(u64, u64)>,
}

/// Entries after `after`, within `(limit, bytes_max)`.
pub(super) async fn read(
    connection: &mut SqliteConnection,
    room: &RoomUri,
    after: u64,
    (limit, bytes_max): (usize, usize),
) -> Result<Vec<StoredEntry>, Failure> {
    // Nothing is stored past what SQLite can count.
    let Ok(stored_after) = stored_number(after) else {
        return Ok(Vec::new());
    };
    let limit = limit.clamp(1, PAGE_LEN_MAX);
    let query = sqlx::query(READ).bind(room.as_str()).bind(stored_after);
    let mut rows = query
        .bind(i64::try_from(limit).unwrap_or(i64::MAX))
        .fetch(connection);
    let mut page = Page {
        room,
        expected: after + 1,
        entries: Vec::new(),
        bytes: 0,
        bytes_max,
        copy: None,
    };
    while let Some(row) = rows.try_next().await? {
        if !page.take(&row)? {
            return Ok(page.entries);
        }
    }
    match page.entries.len() < limit {
        true => page.end(),
        false => Ok(page.entries),
    }
}

impl Page<'_> {
    /// Whether the row's entry was taken; if not, the page is full.
    fn take(&mut self, row: &SqliteRow) -> Result<bool, Failure> {
        let cells = Cells::new(row, "event", self.room);
        self.copy = Some((cells.number("base")?, cells.number("head")?));
        if cells.optional_number("seq")? != Some(self.expected) {
            self.check_end()?;
            return Ok(false);
        }
        let entry = entry(row, self.room, self.expected)?;
        self.bytes = self.bytes.saturating_add(weight(&entry));
        let fits = self.entries.is_empty() || self.bytes <= self.bytes_max;
        if fits {
            self.entries.push(entry);
            self.expected += 1;
        }
        Ok(fits)
    }

    fn end(self) -> Result<Vec<StoredEntry>, Failure> {
        self.check_end()?;
        Ok(self.entries)
    }

    /// A copy may end where one that began later does not continue it. A hole inside the newest
    /// copy is damage, and an error: it must not look like the end of the log.
    fn check_end(&self) -> Result<(), Failure> {
        let Some((base, head)) = self.copy else {
            return Ok(());
        };
        match base < self.expected && self.expected <= head {
            true => Err(Failure::Corrupt {
                table: "event",
                column: "seq",
                row: self.room.to_string(),
                why: format!("{} is missing below the head {head}", self.expected),
            }),
            false => Ok(()),
        }
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

/// An event's name in errors.
struct EventKey<'a> {
    room: &'a RoomUri,
    seq: u64,
}

impl fmt::Display for EventKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.room, self.seq)
    }
}

/// Entries a page may have, whatever the caller asks.
const PAGE_LEN_MAX: usize = 4_096;

/// Entries after a number, with base and head of the log beside each; one row without an entry
/// where there is none.
pub(super) const READ: &str = "SELECT log.base, log.seq AS head, event.seq AS seq, event.kind, \
     event.bytes, event.welcome, event.interim, event.welcome_servers \
     FROM log LEFT JOIN event ON event.log = log.id AND event.seq > ?2 \
     WHERE log.room = ?1 ORDER BY event.seq LIMIT ?3";
