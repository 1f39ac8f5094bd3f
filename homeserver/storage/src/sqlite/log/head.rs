//! The head's row.

use holm_core::ports::LogHead;
use holm_protocol::RoomUri;
use holm_protocol::event::Position;
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;

use crate::sqlite::failure::Failure;
use crate::sqlite::row::{Cells, stored_number};

/// Id and head of a room's log.
pub(super) async fn find(
    connection: &mut SqliteConnection,
    room: &RoomUri,
) -> Result<Option<(i64, LogHead)>, Failure> {
    let query = sqlx::query(HEAD).bind(room.as_str());
    let row = query.fetch_optional(connection).await?;
    row.map(|row| read(&row, room)).transpose()
}

/// Begins a copy at `head`, where there was none or one that did not reach so far.
pub(super) async fn put(
    connection: &mut SqliteConnection,
    room: &RoomUri,
    head: &LogHead,
) -> Result<(), Failure> {
    let query = sqlx::query(BEGIN_COPY)
        .bind(room.as_str())
        .bind(stored_number(head.position.seq)?)
        .bind(&head.position.hash.0[..])
        .bind(stored_number(head.position.time)?)
        .bind(i64::from(head.generation))
        .bind(stored_number(head.epoch)?)
        .bind(stored_number(head.epoch_floor)?)
        .bind(stored_number(head.commit_seq)?)
        .bind(stored_number(head.fence)?);
    query.execute(connection).await?;
    Ok(())
}

/// Reads a row of `log`.
pub(super) fn read(row: &SqliteRow, room: &RoomUri) -> Result<(i64, LogHead), Failure> {
    let cells = Cells::new(row, "log", room);
    let position = Position {
        seq: cells.number("seq")?,
        hash: cells.hash("hash")?,
        time: cells.number("time")?,
    };
    let head = LogHead {
        position,
        generation: cells.number("generation")?,
        epoch: cells.number("epoch")?,
        epoch_floor: cells.number("epoch_floor")?,
        commit_seq: cells.number("commit_seq")?,
        fence: cells.number("fence")?,
    };
    Ok((cells.get("id")?, head))
}

const HEAD: &str = "SELECT id, seq, hash, time, generation, epoch, epoch_floor, commit_seq, fence \
     FROM log WHERE room = ?1";

/// Heads of the rooms in a JSON array.
pub(super) const HEADS: &str = "SELECT room, id, seq, hash, time, generation, epoch, epoch_floor, \
     commit_seq, fence FROM log WHERE room IN (SELECT value FROM json_each(?1))";

const BEGIN_COPY: &str = "INSERT INTO log \
     (room, base, seq, hash, time, generation, epoch, epoch_floor, commit_seq, fence) \
     VALUES (?1, ?2, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) \
     ON CONFLICT (room) DO UPDATE SET base = excluded.base, seq = excluded.seq, \
     hash = excluded.hash, time = excluded.time, generation = excluded.generation, \
     epoch = excluded.epoch, epoch_floor = excluded.epoch_floor, \
     commit_seq = excluded.commit_seq, fence = excluded.fence";

/// For the test that prepares every statement.
#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[HEAD, HEADS, BEGIN_COPY];
