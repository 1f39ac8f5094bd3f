//! This server's devices in rooms, with their watermarks.

use holm_core::ports::Membership;
use holm_protocol::{DeviceUri, RoomUri};
use sqlx::sqlite::SqliteRow;

use super::marks::highest;
use crate::sqlite::connection::Shared;
use crate::sqlite::failure::Failure;
use crate::sqlite::row::Cells;

pub(super) async fn of_device(
    shared: &Shared,
    device: &DeviceUri,
) -> Result<Vec<Membership>, Failure> {
    let mut reading = shared.reading().await?;
    let query = sqlx::query(OF_DEVICE).bind(device.as_str());
    let rows = query.fetch_all(reading.connection()).await?;
    rows.iter().map(|row| membership(row, device)).collect()
}

pub(super) async fn one(
    shared: &Shared,
    device: &DeviceUri,
    room: &RoomUri,
) -> Result<Option<Membership>, Failure> {
    let mut reading = shared.reading().await?;
    let query = sqlx::query(ONE).bind(device.as_str()).bind(room.as_str());
    let row = query.fetch_optional(reading.connection()).await?;
    row.map(|row| membership(&row, device)).transpose()
}

pub(super) async fn of_room(shared: &Shared, room: &RoomUri) -> Result<Vec<DeviceUri>, Failure> {
    let mut reading = shared.reading().await?;
    let query = sqlx::query(OF_ROOM).bind(room.as_str());
    let rows = query.fetch_all(reading.connection()).await?;
    let cells = rows.iter().map(|row| Cells::new(row, "membership", room));
    cells.map(|cells| cells.parsed("device")).collect()
}

pub(super) async fn acknowledge(
    shared: &Shared,
    device: &DeviceUri,
    marks: &[(RoomUri, u64, u64)],
) -> Result<(), Failure> {
    let mut transaction = shared.transaction().await?;
    let query = sqlx::query(ACKNOWLEDGE).bind(device.as_str());
    let query = query.bind(highest(marks.iter().cloned()));
    query.execute(transaction.connection()).await?;
    transaction.commit().await
}

fn membership(row: &SqliteRow, device: &DeviceUri) -> Result<Membership, Failure> {
    let cells = Cells::new(row, "membership", device);
    Ok(Membership {
        room: cells.parsed("room")?,
        anchor: cells.number("anchor")?,
        until: cells.optional_number("until")?,
        delivered: cells.number("delivered")?,
        read: cells.number("read")?,
    })
}

const OF_DEVICE: &str = "SELECT room, anchor, until, delivered, read FROM membership \
     WHERE device = ?1 ORDER BY room";

const ONE: &str = "SELECT room, anchor, until, delivered, read FROM membership \
     WHERE device = ?1 AND room = ?2";

const OF_ROOM: &str = "SELECT device FROM membership \
     WHERE room = ?1 AND until IS NULL ORDER BY device";

/// Marks only grow, and end where the membership ends; `[room, delivered, read]` each.
const ACKNOWLEDGE: &str = "UPDATE membership SET \
     delivered = max(delivered, min(mark.value ->> 1, coalesce(until, mark.value ->> 1))), \
     read = max(read, min(mark.value ->> 2, coalesce(until, mark.value ->> 2))) \
     FROM json_each(?2) AS mark \
     WHERE membership.device = ?1 AND membership.room = mark.value ->> 0";

/// For the test that prepares every statement.
#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[OF_DEVICE, ONE, OF_ROOM, ACKNOWLEDGE];
