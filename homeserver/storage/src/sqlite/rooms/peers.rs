//! Peers in rooms of which this server is hub: how far each has got.
//!
//! One whose part is over stays listed: it may pull its run of the log again.

use holm_core::ports::PeerCursor;
use holm_protocol::{RoomUri, ServerName};
use sqlx::sqlite::SqliteRow;

use crate::sqlite::connection::Shared;
use crate::sqlite::failure::Failure;
use crate::sqlite::row::Cells;

pub(super) async fn of_room(shared: &Shared, room: &RoomUri) -> Result<Vec<PeerCursor>, Failure> {
    cursors(shared, OF_ROOM, room.as_str()).await
}

pub(super) async fn of_server(
    shared: &Shared,
    server: &ServerName,
) -> Result<Vec<PeerCursor>, Failure> {
    cursors(shared, OF_SERVER, server.as_str()).await
}

pub(super) async fn servers(shared: &Shared) -> Result<Vec<ServerName>, Failure> {
    let mut reading = shared.reading().await?;
    let rows = sqlx::query(SERVERS).fetch_all(reading.connection()).await?;
    let cells = rows.iter().map(|row| Cells::new(row, "peer", &"a row"));
    cells.map(|cells| cells.parsed("server")).collect()
}

pub(super) async fn forget(shared: &Shared, server: &ServerName) -> Result<(), Failure> {
    let mut transaction = shared.transaction().await?;
    let query = sqlx::query(FORGET).bind(server.as_str());
    query.execute(transaction.connection()).await?;
    transaction.commit().await
}

async fn cursors(
    shared: &Shared,
    sql: &'static str,
    name: &str,
) -> Result<Vec<PeerCursor>, Failure> {
    let mut reading = shared.reading().await?;
    let rows = sqlx::query(sql).bind(name).fetch_all(reading.connection());
    rows.await?.iter().map(|row| cursor(row, &name)).collect()
}

fn cursor(row: &SqliteRow, name: &&str) -> Result<PeerCursor, Failure> {
    let cells = Cells::new(row, "peer", name);
    Ok(PeerCursor {
        room: cells.parsed("room")?,
        server: cells.parsed("server")?,
        anchor: cells.number("anchor")?,
        until: cells.optional_number("until")?,
        cursor: cells.number("cursor")?,
    })
}

const OF_ROOM: &str = "SELECT room, server, anchor, until, cursor FROM peer \
     WHERE room = ?1 ORDER BY server, anchor";

const OF_SERVER: &str = "SELECT room, server, anchor, until, cursor FROM peer \
     WHERE server = ?1 ORDER BY room, anchor";

const SERVERS: &str = "SELECT DISTINCT server FROM peer \
     WHERE until IS NULL OR cursor < until ORDER BY server";

const FORGET: &str = "DELETE FROM peer WHERE server = ?1";

/// For the test that prepares every statement.
#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[OF_ROOM, OF_SERVER, SERVERS, FORGET];
