//! Messages in the replica: one a (sending device, id), in the order of the log.

use holm_protocol::aad::ClientMsgId;
use holm_protocol::{DeviceUri, Hash};
use sqlx::sqlite::SqliteConnection;

use super::{damaged, expiry, to_sql};
use crate::content::Reading;
use crate::error::SdkError;
use crate::timeline::MessageState;

/// A message of another device, or an own one that starts on its way.
pub(crate) struct NewMessage<'a> {
    /// The room's number in the replica.
    pub(crate) room: i64,
    /// Number of its event, where it has one.
    pub(crate) seq: Option<u64>,
    /// The sending device, as MLS proves.
    pub(crate) device: &'a DeviceUri,
    /// The sender's id for it.
    pub(crate) id: ClientMsgId,
    /// What is read off its content.
    pub(crate) reading: &'a Reading,
    /// Its content.
    pub(crate) content: &'a [u8],
    /// When, milliseconds since 1970.
    pub(crate) time: u64,
    /// How far it has got.
    pub(crate) state: MessageState,
}

/// Writes a message; `false` where this device sent one under the id before (LOG-9).
pub(crate) async fn insert(
    connection: &mut SqliteConnection,
    message: &NewMessage<'_>,
) -> Result<bool, SdkError> {
    // An own one has no place yet when it is written.
    let own = message.seq.is_none();
    let expires = message.reading.expires;
    let (expires_at, expires_after) = expiry::times(expires, message.time, own);
    let done = sqlx::query(
        "INSERT INTO message (room, seq, user, device, msg_id, name, text, time, state, kind, \
         message_id, about, content, expires_at, expires_after) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (room, device, msg_id) DO NOTHING",
    )
    .bind(message.room)
    .bind(message.seq.map(to_sql))
    .bind(message.device.user().as_str())
    .bind(message.device.as_str())
    .bind(message.id.0.as_slice())
    .bind(&message.reading.name)
    .bind(&message.reading.text)
    .bind(to_sql(message.time))
    .bind(message.state.number())
    .bind(message.reading.kind.number())
    .bind(message.reading.id.map(|id| id.as_bytes().to_vec()))
    .bind(message.reading.about.map(|id| id.as_bytes().to_vec()))
    .bind(message.content)
    .bind(expires_at.map(to_sql))
    .bind(expires_after.map(to_sql))
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// An own message stands in the log; `false` where that was known.
pub(crate) async fn set_sent(
    connection: &mut SqliteConnection,
    room: i64,
    device: &DeviceUri,
    id: ClientMsgId,
    (seq, time): (u64, u64),
) -> Result<bool, SdkError> {
    let done = sqlx::query(
        "UPDATE message SET seq = ?, time = ?, state = ?, problem = '' \
         WHERE room = ? AND device = ? AND msg_id = ? AND seq IS NULL",
    )
    .bind(to_sql(seq))
    .bind(to_sql(time))
    .bind(MessageState::Sent.number())
    .bind(room)
    .bind(device.as_str())
    .bind(id.0.as_slice())
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The own server holds an own message; `false` where that was known.
pub(crate) async fn set_held(
    connection: &mut SqliteConnection,
    room: i64,
    device: &DeviceUri,
    id: ClientMsgId,
) -> Result<bool, SdkError> {
    let done = sqlx::query(
        "UPDATE message SET state = ? \
         WHERE room = ? AND device = ? AND msg_id = ? AND seq IS NULL AND state = ?",
    )
    .bind(MessageState::Held.number())
    .bind(room)
    .bind(device.as_str())
    .bind(id.0.as_slice())
    .bind(MessageState::Sending.number())
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Own messages that the server does not hold any more are on their way again.
pub(crate) async fn set_released(
    connection: &mut SqliteConnection,
    room: i64,
    device: &DeviceUri,
) -> Result<(), SdkError> {
    sqlx::query(
        "UPDATE message SET state = ?1 WHERE room = ?2 AND device = ?3 AND state = ?4 \
         AND msg_id IN (SELECT msg_id FROM outbox WHERE room = ?2 AND held = 0)",
    )
    .bind(MessageState::Sending.number())
    .bind(room)
    .bind(device.as_str())
    .bind(MessageState::Held.number())
    .execute(connection)
    .await?;
    Ok(())
}

/// An own message will not be sent.
pub(crate) async fn set_failed(
    connection: &mut SqliteConnection,
    room: i64,
    device: &DeviceUri,
    id: ClientMsgId,
    problem: &str,
) -> Result<(), SdkError> {
    sqlx::query(
        "UPDATE message SET state = 4, problem = ? \
         WHERE room = ? AND device = ? AND msg_id = ? AND seq IS NULL",
    )
    .bind(problem)
    .bind(room)
    .bind(device.as_str())
    .bind(id.0.as_slice())
    .execute(connection)
    .await?;
    Ok(())
}

/// Records that the event `seq` does not open here.
pub(crate) async fn record_unopened(
    connection: &mut SqliteConnection,
    room: i64,
    seq: u64,
    why: &str,
) -> Result<(), SdkError> {
    sqlx::query("INSERT OR REPLACE INTO unopened (room, seq, why) VALUES (?, ?, ?)")
        .bind(room)
        .bind(to_sql(seq))
        .bind(why)
        .execute(connection)
        .await?;
    Ok(())
}

/// Remembers a ciphertext this device makes, by its hash.
pub(crate) async fn remember_ciphertext(
    connection: &mut SqliteConnection,
    room: i64,
    hash: &Hash,
    id: ClientMsgId,
) -> Result<(), SdkError> {
    sqlx::query("INSERT OR REPLACE INTO sent_ciphertext (room, hash, msg_id) VALUES (?, ?, ?)")
        .bind(room)
        .bind(hash.0.as_slice())
        .bind(id.0.as_slice())
        .execute(connection)
        .await?;
    Ok(())
}

/// The id under which this device made exactly this ciphertext; it is told once.
pub(crate) async fn recognize_ciphertext(
    connection: &mut SqliteConnection,
    room: i64,
    hash: &Hash,
) -> Result<Option<ClientMsgId>, SdkError> {
    let row: Option<(Vec<u8>,)> =
        sqlx::query_as("SELECT msg_id FROM sent_ciphertext WHERE room = ? AND hash = ?")
            .bind(room)
            .bind(hash.0.as_slice())
            .fetch_optional(&mut *connection)
            .await?;
    let Some((id,)) = row else {
        return Ok(None);
    };
    sqlx::query("DELETE FROM sent_ciphertext WHERE room = ? AND msg_id = ?")
        .bind(room)
        .bind(&id)
        .execute(connection)
        .await?;
    let id = <[u8; 16]>::try_from(id).map_err(|_length| damaged("sent_ciphertext.msg_id"))?;
    Ok(Some(ClientMsgId(id)))
}
