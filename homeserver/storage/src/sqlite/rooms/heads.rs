//! Signed heads that were held against the copy, and evidence of two histories (HEAD-5, HEAD-8).

use bytes::Bytes;
use holm_core::ports::StoredFork;
use holm_protocol::RoomUri;
use sqlx::sqlite::SqliteRow;

use crate::sqlite::connection::Shared;
use crate::sqlite::failure::Failure;
use crate::sqlite::row::{Cells, stored_number};

pub(super) async fn head(shared: &Shared, room: &RoomUri) -> Result<Option<Bytes>, Failure> {
    let mut reading = shared.reading().await?;
    let query = sqlx::query(HEAD).bind(room.as_str());
    let row = query.fetch_optional(reading.connection()).await?;
    row.map(|row| Cells::new(&row, "room_head", room).bytes("bytes"))
        .transpose()
}

pub(super) async fn put_head(shared: &Shared, room: &RoomUri, head: &Bytes) -> Result<(), Failure> {
    let mut transaction = shared.transaction().await?;
    let query = sqlx::query(PUT_HEAD).bind(room.as_str()).bind(&head[..]);
    query.execute(transaction.connection()).await?;
    transaction.commit().await
}

pub(super) async fn keep_fork(shared: &Shared, fork: &StoredFork) -> Result<bool, Failure> {
    let mut transaction = shared.transaction().await?;
    let query = sqlx::query(KEEP_FORK)
        .bind(fork.room.as_str())
        .bind(i64::from(fork.term))
        .bind(fork.hub.as_str())
        .bind(stored_number(fork.seq)?)
        .bind(stored_number(fork.found)?)
        .bind(&fork.proof[..]);
    let kept = query.execute(transaction.connection()).await?;
    transaction.commit().await?;
    Ok(kept.rows_affected() > 0)
}

pub(super) async fn forks(shared: &Shared) -> Result<Vec<StoredFork>, Failure> {
    let mut reading = shared.reading().await?;
    let rows = sqlx::query(FORKS).fetch_all(reading.connection()).await?;
    rows.iter().map(fork).collect()
}

fn fork(row: &SqliteRow) -> Result<StoredFork, Failure> {
    let room: RoomUri = Cells::new(row, "fork", &"a row").parsed("room")?;
    let cells = Cells::new(row, "fork", &room);
    Ok(StoredFork {
        hub: cells.parsed("hub")?,
        term: cells.number("term")?,
        seq: cells.number("seq")?,
        found: cells.number("found")?,
        proof: cells.bytes("proof")?,
        room: room.clone(),
    })
}

const HEAD: &str = "SELECT bytes FROM room_head WHERE room = ?1";

const PUT_HEAD: &str = "INSERT INTO room_head (room, bytes) VALUES (?1, ?2) \
     ON CONFLICT (room) DO UPDATE SET bytes = excluded.bytes";

const KEEP_FORK: &str = "INSERT INTO fork (room, term, hub, seq, found, proof) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (room, term) DO NOTHING";

const FORKS: &str = "SELECT room, term, hub, seq, found, proof FROM fork ORDER BY room, term";

/// For the test that prepares every statement.
#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[HEAD, PUT_HEAD, KEEP_FORK, FORKS];
