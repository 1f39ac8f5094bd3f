//! The outbox: what this device has to send, in order a room, until the log has it.
//!
//! A row goes when its message is met in the log, is answered with `sent`, or fails for good
//! (OUT-1). The ciphertext is kept beside the content, so that a reconnect sends the same bytes.

use holm_protocol::RoomUri;
use holm_protocol::aad::ClientMsgId;
use sqlx::sqlite::SqliteConnection;

use super::{damaged, from_sql, to_sql};
use crate::error::SdkError;

/// One message waiting to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Waiting {
    /// Its place in the outbox.
    pub(crate) place: i64,
    /// Its id, the same on every try.
    pub(crate) id: ClientMsgId,
    /// What is said; encrypted anew where the epoch has moved on, never changed.
    pub(crate) content: Vec<u8>,
    /// Its ciphertext and the MLS epoch it was made in.
    pub(crate) sealed: Option<(Vec<u8>, u64)>,
}

/// Adds a message at the end.
pub(crate) async fn push(
    connection: &mut SqliteConnection,
    room: i64,
    id: ClientMsgId,
    content: &[u8],
) -> Result<(), SdkError> {
    sqlx::query("INSERT INTO outbox (room, msg_id, content) VALUES (?, ?, ?)")
        .bind(room)
        .bind(id.0.as_slice())
        .bind(content)
        .execute(connection)
        .await?;
    Ok(())
}

type Row = (i64, Vec<u8>, Vec<u8>, Option<Vec<u8>>, Option<i64>);

/// The first `limit` messages of a room after `place`, in order.
pub(crate) async fn waiting(
    connection: &mut SqliteConnection,
    room: i64,
    after: i64,
    limit: usize,
) -> Result<Vec<Waiting>, SdkError> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT id, msg_id, content, ciphertext, epoch FROM outbox \
         WHERE room = ? AND id > ? ORDER BY id LIMIT ?",
    )
    .bind(room)
    .bind(after)
    .bind(i64::try_from(limit).unwrap_or(i64::MAX))
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(read).collect()
}

fn read((place, id, content, ciphertext, epoch): Row) -> Result<Waiting, SdkError> {
    let id = <[u8; 16]>::try_from(id).map_err(|_length| damaged("outbox.msg_id"))?;
    Ok(Waiting {
        place,
        id: ClientMsgId(id),
        content,
        sealed: ciphertext.zip(epoch.map(from_sql)),
    })
}

/// The first `limit` messages of a room after `place` that the server does not hold, in order.
pub(crate) async fn to_send(
    connection: &mut SqliteConnection,
    room: i64,
    after: i64,
    limit: usize,
) -> Result<Vec<Waiting>, SdkError> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT id, msg_id, content, ciphertext, epoch FROM outbox \
         WHERE room = ? AND id > ? AND held = 0 ORDER BY id LIMIT ?",
    )
    .bind(room)
    .bind(after)
    .bind(i64::try_from(limit).unwrap_or(i64::MAX))
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(read).collect()
}

/// The server holds a message (OUT-3).
pub(crate) async fn set_held(
    connection: &mut SqliteConnection,
    room: i64,
    id: ClientMsgId,
) -> Result<(), SdkError> {
    sqlx::query("UPDATE outbox SET held = 1 WHERE room = ? AND msg_id = ?")
        .bind(room)
        .bind(id.0.as_slice())
        .execute(connection)
        .await?;
    Ok(())
}

/// The server holds neither this message nor what was said after it in the room; whether it was
/// thought to.
pub(crate) async fn release_from(
    connection: &mut SqliteConnection,
    room: i64,
    id: ClientMsgId,
) -> Result<bool, SdkError> {
    let done = sqlx::query(
        "UPDATE outbox SET held = 0 WHERE room = ?1 AND held = 1 \
         AND id >= (SELECT id FROM outbox WHERE room = ?1 AND msg_id = ?2)",
    )
    .bind(room)
    .bind(id.0.as_slice())
    .execute(connection)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// What the server holds is not known: everything is sent again.
pub(crate) async fn release_all(connection: &mut SqliteConnection) -> Result<(), SdkError> {
    sqlx::query("UPDATE outbox SET held = 0 WHERE held = 1")
        .execute(connection)
        .await?;
    Ok(())
}

/// Rooms with something to send.
pub(crate) async fn rooms(connection: &mut SqliteConnection) -> Result<Vec<RoomUri>, SdkError> {
    let rows: Vec<(String,)> = sqlx::query_as(
        "SELECT uri FROM room WHERE id IN (SELECT DISTINCT room FROM outbox WHERE held = 0) ORDER BY id",
    )
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|(uri,)| RoomUri::parse(uri).map_err(|_invalid| damaged("room.uri")))
        .collect()
}

/// Keeps the ciphertext of a message.
pub(crate) async fn seal(
    connection: &mut SqliteConnection,
    place: i64,
    ciphertext: &[u8],
    epoch: u64,
) -> Result<(), SdkError> {
    sqlx::query("UPDATE outbox SET ciphertext = ?, epoch = ? WHERE id = ?")
        .bind(ciphertext)
        .bind(to_sql(epoch))
        .bind(place)
        .execute(connection)
        .await?;
    Ok(())
}

/// Takes a message out.
pub(crate) async fn remove(
    connection: &mut SqliteConnection,
    room: i64,
    id: ClientMsgId,
) -> Result<(), SdkError> {
    sqlx::query("DELETE FROM outbox WHERE room = ? AND msg_id = ?")
        .bind(room)
        .bind(id.0.as_slice())
        .execute(connection)
        .await?;
    Ok(())
}

#[cfg(test)]
mod model;
#[cfg(test)]
mod tests {
    use super::*;
    use crate::replica::{Replica, ReplicaPlace};

    fn id(n: u8) -> ClientMsgId {
        ClientMsgId([n; 16])
    }

    #[tokio::test]
    async fn what_the_server_holds_is_not_sent_until_it_is_let_go() {
        // OUT-3
        let mut replica = Replica::open(&ReplicaPlace::Memory).await.unwrap();
        let reader = replica.reader();
        for n in 1..=4 {
            push(reader, 7, id(n), &[n]).await.unwrap();
        }
        for n in 1..=3 {
            set_held(reader, 7, id(n)).await.unwrap();
        }
        let ids = |all: Vec<Waiting>| all.iter().map(|w| w.id.0[0]).collect::<Vec<_>>();
        assert_eq!(ids(to_send(reader, 7, 0, 9).await.unwrap()), [4]);
        assert!(!release_from(reader, 7, id(4)).await.unwrap());
        assert!(release_from(reader, 7, id(2)).await.unwrap());
        assert_eq!(ids(to_send(reader, 7, 0, 9).await.unwrap()), [2, 3, 4]);
        release_all(reader).await.unwrap();
        assert_eq!(ids(to_send(reader, 7, 0, 9).await.unwrap()), [1, 2, 3, 4]);
    }

    #[tokio::test]
    async fn messages_of_a_room_wait_in_the_order_they_were_said() {
        // OUT-1
        let mut replica = Replica::open(&ReplicaPlace::Memory).await.unwrap();
        for n in [3, 1, 2] {
            push(replica.reader(), 7, id(n), &[n]).await.unwrap();
            push(replica.reader(), 8, id(n), &[n]).await.unwrap();
        }
        let all = waiting(replica.reader(), 7, 0, 10).await.unwrap();
        let order: Vec<_> = all.iter().map(|w| w.id).collect();
        assert_eq!(order, [id(3), id(1), id(2)]);
        seal(replica.reader(), all[0].place, b"sealed", 4)
            .await
            .unwrap();
        remove(replica.reader(), 7, id(1)).await.unwrap();
        let left = waiting(replica.reader(), 7, 0, 10).await.unwrap();
        assert_eq!(left.len(), 2);
        assert_eq!(left[0].sealed, Some((b"sealed".to_vec(), 4)));
        let after = waiting(replica.reader(), 7, left[0].place, 10)
            .await
            .unwrap();
        assert_eq!(after.iter().map(|w| w.id).collect::<Vec<_>>(), [id(2)]);
        assert_eq!(waiting(replica.reader(), 8, 0, 2).await.unwrap().len(), 2);
    }
}
