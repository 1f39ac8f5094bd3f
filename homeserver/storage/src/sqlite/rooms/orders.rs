//! Orders that wait for their commit (ORD-1), one a subject.

use holm_core::ports::StoredOrder;
use holm_protocol::RoomUri;
use holm_protocol::encoding::{decode, encode};
use sqlx::sqlite::SqliteRow;

use crate::sqlite::connection::Shared;
use crate::sqlite::failure::Failure;
use crate::sqlite::row::Cells;

pub(super) async fn add(
    shared: &Shared,
    room: &RoomUri,
    order: &StoredOrder,
) -> Result<StoredOrder, Failure> {
    let mut transaction = shared.transaction().await?;
    let subject = encode(&order.subject);
    let query = sqlx::query(INSERT).bind(room.as_str()).bind(&subject[..]);
    let query = query.bind(&order.bytes[..]);
    query.execute(transaction.connection()).await?;
    let query = sqlx::query(ONE).bind(room.as_str()).bind(&subject[..]);
    let row = query.fetch_one(transaction.connection()).await?;
    let stored = read(&row, room)?;
    transaction.commit().await?;
    Ok(stored)
}

pub(super) async fn open(shared: &Shared, room: &RoomUri) -> Result<Vec<StoredOrder>, Failure> {
    let mut reading = shared.reading().await?;
    let query = sqlx::query(OPEN).bind(room.as_str());
    let rows = query.fetch_all(reading.connection()).await?;
    rows.iter().map(|row| read(row, room)).collect()
}

fn read(row: &SqliteRow, room: &RoomUri) -> Result<StoredOrder, Failure> {
    let cells = Cells::new(row, "removal_order", room);
    let subject = decode(cells.get("subject")?).map_err(|e| cells.corrupt("subject", &e))?;
    Ok(StoredOrder {
        subject,
        bytes: cells.bytes("bytes")?,
    })
}

const INSERT: &str = "INSERT INTO removal_order (room, subject, bytes) VALUES (?1, ?2, ?3) \
     ON CONFLICT (room, subject) DO NOTHING";

const ONE: &str = "SELECT subject, bytes FROM removal_order WHERE room = ?1 AND subject = ?2";

const OPEN: &str = "SELECT subject, bytes FROM removal_order WHERE room = ?1 ORDER BY id";

/// For the test that prepares every statement.
#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[INSERT, ONE, OPEN];
