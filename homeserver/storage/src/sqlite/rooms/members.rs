//! This server's devices in rooms (RM-2).

use holm_core::ports::Membership;
use holm_protocol::{DeviceUri, RoomUri};
use sqlx::sqlite::SqliteRow;

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

pub(super) async fn newest(
    shared: &Shared,
    device: &DeviceUri,
    room: &RoomUri,
) -> Result<Option<Membership>, Failure> {
    let mut reading = shared.reading().await?;
    let query = sqlx::query(NEWEST)
        .bind(device.as_str())
        .bind(room.as_str());
    let row = query.fetch_optional(reading.connection()).await?;
    row.map(|row| membership(&row, device)).transpose()
}

pub(super) async fn all_in(
    shared: &Shared,
    device: &DeviceUri,
    room: &RoomUri,
) -> Result<Vec<Membership>, Failure> {
    let mut reading = shared.reading().await?;
    let query = sqlx::query(ALL_IN)
        .bind(device.as_str())
        .bind(room.as_str());
    let rows = query.fetch_all(reading.connection()).await?;
    rows.iter().map(|row| membership(row, device)).collect()
}

pub(super) async fn of_room(shared: &Shared, room: &RoomUri) -> Result<Vec<DeviceUri>, Failure> {
    let mut reading = shared.reading().await?;
    let query = sqlx::query(OF_ROOM).bind(room.as_str());
    let rows = query.fetch_all(reading.connection()).await?;
    let cells = rows.iter().map(|row| Cells::new(row, "membership", room));
    cells.map(|cells| cells.parsed("device")).collect()
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
     WHERE device = ?1 ORDER BY room, anchor";

const NEWEST: &str = "SELECT room, anchor, until, delivered, read FROM membership \
     WHERE device = ?1 AND room = ?2 ORDER BY anchor DESC LIMIT 1";

const ALL_IN: &str = "SELECT room, anchor, until, delivered, read FROM membership \
     WHERE device = ?1 AND room = ?2 ORDER BY anchor";

const OF_ROOM: &str = "SELECT device FROM membership \
     WHERE room = ?1 AND until IS NULL ORDER BY device";

/// For the test that prepares every statement.
#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[OF_DEVICE, NEWEST, ALL_IN, OF_ROOM];
