//! Forgetting: messages whose time has come, with all that is about them (MSG-10).

use holm_content::Expiry;
use holm_protocol::RoomUri;
use holm_protocol::aad::ClientMsgId;
use sqlx::sqlite::SqliteConnection;

use super::{damaged, from_sql, to_sql};
use crate::content::Kind;
use crate::error::SdkError;

/// Longer than this after its event nothing is carried out, milliseconds: a year.
const LATEST_MS: u64 = 366 * 24 * 3_600_000;
/// Messages forgotten in one step.
const FORGET_MAX: i64 = 256;

/// When a message of `time` is to be forgotten, and how long after it was read, milliseconds. An
/// `own` one is read when it is said.
pub(crate) fn times(expires: Option<Expiry>, time: u64, own: bool) -> (Option<u64>, Option<u64>) {
    match expires {
        None => (None, None),
        Some(Expiry::At(seconds)) => {
            let at = u64::from(seconds) * 1_000;
            let counts = at <= time.saturating_add(LATEST_MS);
            (counts.then_some(at), None)
        }
        Some(Expiry::AfterRead(seconds)) => {
            let after = Some(u64::from(seconds) * 1_000).filter(|after| *after <= LATEST_MS);
            match own {
                true => (after.map(|after| time.saturating_add(after)), None),
                false => (None, after),
            }
        }
    }
}

/// A message that is forgotten.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Forgotten {
    /// Its room.
    pub(crate) room: RoomUri,
    /// Its sender's id for it.
    pub(crate) id: ClientMsgId,
    /// Number of its event.
    pub(crate) seq: Option<u64>,
}

/// The user has seen a room up to an event; the time of what expires after that begins now.
pub(crate) async fn mark_read(
    connection: &mut SqliteConnection,
    room: i64,
    seq: u64,
    now_ms: u64,
) -> Result<(), SdkError> {
    sqlx::query("UPDATE room SET read = max(read, ?) WHERE id = ?")
        .bind(to_sql(seq))
        .bind(room)
        .execute(&mut *connection)
        .await?;
    sqlx::query(
        "UPDATE message SET expires_at = ? + expires_after, expires_after = NULL \
         WHERE room = ? AND expires_after IS NOT NULL AND seq <= ?",
    )
    .bind(to_sql(now_ms))
    .bind(room)
    .bind(to_sql(seq))
    .execute(connection)
    .await?;
    Ok(())
}

/// When the next message is to be forgotten.
pub(crate) async fn next(connection: &mut SqliteConnection) -> Result<Option<u64>, SdkError> {
    let (next,): (Option<i64>,) =
        sqlx::query_as("SELECT min(expires_at) FROM message WHERE expires_at IS NOT NULL")
            .fetch_one(connection)
            .await?;
    Ok(next.map(from_sql))
}

/// Number in the replica, the room's, its URI, id, number of the event.
type Due = (i64, i64, String, Vec<u8>, Option<i64>);

/// Forgets messages whose time has come: their texts, and those of all that is about them. That
/// something stood there stays, so that what comes too late is known.
pub(crate) async fn forget(
    connection: &mut SqliteConnection,
    now_ms: u64,
) -> Result<Vec<Forgotten>, SdkError> {
    let rows: Vec<Due> = sqlx::query_as(
        "SELECT m.id, m.room, r.uri, m.msg_id, m.seq FROM message m JOIN room r ON r.id = m.room \
         WHERE m.expires_at <= ? ORDER BY m.expires_at, m.id LIMIT ?",
    )
    .bind(to_sql(now_ms))
    .bind(FORGET_MAX)
    .fetch_all(&mut *connection)
    .await?;
    let mut forgotten = Vec::with_capacity(rows.len());
    for (message, room, uri, id, seq) in rows {
        empty(connection, message, room).await?;
        let id = <[u8; 16]>::try_from(id).map_err(|_length| damaged("message.msg_id"))?;
        forgotten.push(Forgotten {
            room: RoomUri::parse(&uri).map_err(|_invalid| damaged("room.uri"))?,
            id: ClientMsgId(id),
            seq: seq.map(from_sql),
        });
    }
    Ok(forgotten)
}

/// Empties a message and all that is about it.
async fn empty(connection: &mut SqliteConnection, message: i64, room: i64) -> Result<(), SdkError> {
    sqlx::query(
        "WITH RECURSIVE over (row, name) AS (\
           SELECT id, message_id FROM message WHERE id = ?1 \
           UNION SELECT m.id, m.message_id FROM over \
             JOIN message m ON m.room = ?2 AND m.about = over.name WHERE m.kind BETWEEN 1 AND 3) \
         UPDATE message SET kind = ?3, name = '', text = '', content = x'', about = NULL, \
           expires_at = NULL, expires_after = NULL WHERE id IN (SELECT row FROM over)",
    )
    .bind(message)
    .bind(room)
    .bind(Kind::Nothing.number())
    .execute(connection)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    // MSG-10
    #[test]
    fn a_time_more_than_a_year_after_the_event_is_not_carried_out() {
        let said = 1_000_000_000_000;
        let at = |ms: u64| Some(Expiry::At(u32::try_from(ms / 1_000).unwrap()));
        assert_eq!(
            times(at(said + 5_000), said, false),
            (Some(said + 5_000), None)
        );
        assert_eq!(
            times(at(said - 5_000), said, false),
            (Some(said - 5_000), None)
        );
        assert_eq!(
            times(at(said + LATEST_MS + 1_000), said, false),
            (None, None)
        );
        let after = |seconds| Some(Expiry::AfterRead(seconds));
        assert_eq!(times(after(30), said, false), (None, Some(30_000)));
        assert_eq!(times(after(30), said, true), (Some(said + 30_000), None));
        assert_eq!(times(after(u32::MAX), said, false), (None, None));
    }
}
