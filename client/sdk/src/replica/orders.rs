//! Open orders: verified removals that wait for their commit.

use holm_protocol::encoding::encode;
use holm_protocol::order::{SignedOrder, Subject};
use sqlx::sqlite::SqliteConnection;

use super::damaged;
use crate::error::SdkError;

/// Remembers a verified order; `false` where one for the subject is open already.
pub(crate) async fn add(
    connection: &mut SqliteConnection,
    room: i64,
    order: &SignedOrder,
) -> Result<bool, SdkError> {
    let done =
        sqlx::query("INSERT OR IGNORE INTO open_order (room, subject, bytes) VALUES (?, ?, ?)")
            .bind(room)
            .bind(encode(&order.order.subject))
            .bind(encode(order))
            .execute(connection)
            .await?;
    Ok(done.rows_affected() == 1)
}

/// The open orders of a room.
pub(crate) async fn open(
    connection: &mut SqliteConnection,
    room: i64,
) -> Result<Vec<SignedOrder>, SdkError> {
    let rows: Vec<(Vec<u8>,)> =
        sqlx::query_as("SELECT bytes FROM open_order WHERE room = ? ORDER BY subject")
            .bind(room)
            .fetch_all(connection)
            .await?;
    rows.iter()
        .map(|(bytes,)| {
            holm_protocol::encoding::decode(bytes).map_err(|_invalid| damaged("open_order.bytes"))
        })
        .collect()
}

/// Forgets an order that has been carried out.
pub(crate) async fn remove(
    connection: &mut SqliteConnection,
    room: i64,
    subject: &Subject,
) -> Result<(), SdkError> {
    sqlx::query("DELETE FROM open_order WHERE room = ? AND subject = ?")
        .bind(room)
        .bind(encode(subject))
        .execute(connection)
        .await?;
    Ok(())
}
