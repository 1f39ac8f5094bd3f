//! Rooms in the replica: state, position in the log, participants, hashes of the newest events.

use holm_protocol::encoding::{decode, encode};
use holm_protocol::event::Position;
use holm_protocol::{Hash, RoomUri, SignedHead, UserUri};
use sqlx::sqlite::SqliteConnection;

use super::{damaged, from_sql, to_sql};
use crate::error::SdkError;
use crate::timeline::RoomState;

/// Hashes of events kept a room, against which heads are held.
const CHAIN_KEPT: u64 = 10_000;
/// They are pruned each time so many events have come.
const CHAIN_PRUNED_EVERY: u64 = 256;

/// A head past the own log, and the number of the event that carried it, where one did.
pub(crate) type HeadAhead = (SignedHead, Option<u64>);

/// A room as it stands in the replica.
#[derive(Clone, Debug)]
pub(crate) struct RoomRow {
    /// Its number in the replica.
    pub(crate) id: i64,
    /// The room.
    pub(crate) uri: RoomUri,
    /// Whether the device takes part.
    pub(crate) state: RoomState,
    /// The room's generation.
    pub(crate) generation: u32,
    /// Number of the commit that added the device; 0 where it made the room.
    pub(crate) anchor: u64,
    /// The MLS epoch the device entered in.
    pub(crate) entry_epoch: u64,
    /// The newest event taken.
    pub(crate) position: Position,
    /// The newest head whose signature was verified, as bytes.
    pub(crate) head: Option<Vec<u8>>,
    /// Verified heads other members know, past what this device has.
    pub(crate) ahead: Option<Vec<u8>>,
    /// The request that creates the room, until the server has taken it.
    pub(crate) creation: Option<Vec<u8>>,
    /// Number of the newest event that the user has seen.
    pub(crate) read: u64,
}

/// What a room begins with, here.
pub(crate) struct NewRoom<'a> {
    /// The room.
    pub(crate) uri: &'a RoomUri,
    /// The room's generation.
    pub(crate) generation: u32,
    /// The MLS epoch the device enters in.
    pub(crate) entry_epoch: u64,
    /// The place its copy of the log begins.
    pub(crate) position: Position,
    /// The request that creates it, by its creator.
    pub(crate) creation: Option<Vec<u8>>,
}

type Row = (
    i64,
    String,
    i64,
    String,
    i64,
    i64,
    i64,
    i64,
    Vec<u8>,
    i64,
    Option<Vec<u8>>,
    Option<Vec<u8>>,
    Option<Vec<u8>>,
    i64,
);

/// A room by its URI.
pub(crate) async fn find(
    connection: &mut SqliteConnection,
    uri: &RoomUri,
) -> Result<Option<RoomRow>, SdkError> {
    let row: Option<Row> = sqlx::query_as(
        "SELECT id, uri, state, reason, generation, anchor, entry_epoch, seq, hash, time, \
         head, ahead, creation, read FROM room WHERE uri = ?",
    )
    .bind(uri.as_str())
    .fetch_optional(connection)
    .await?;
    row.map(read).transpose()
}

/// All rooms, oldest first.
pub(crate) async fn all(connection: &mut SqliteConnection) -> Result<Vec<RoomRow>, SdkError> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT id, uri, state, reason, generation, anchor, entry_epoch, seq, hash, time, \
         head, ahead, creation, read FROM room ORDER BY id",
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(read).collect()
}

fn read(row: Row) -> Result<RoomRow, SdkError> {
    let (
        id,
        uri,
        state,
        reason,
        generation,
        anchor,
        entry_epoch,
        seq,
        hash,
        time,
        head,
        ahead,
        creation,
        seen,
    ) = row;
    let hash = <[u8; 32]>::try_from(hash).map_err(|_length| damaged("room.hash"))?;
    Ok(RoomRow {
        id,
        uri: RoomUri::parse(&uri).map_err(|_invalid| damaged("room.uri"))?,
        state: RoomState::from_number(state, reason).ok_or_else(|| damaged("room.state"))?,
        generation: u32::try_from(generation).map_err(|_range| damaged("room.generation"))?,
        anchor: from_sql(anchor),
        entry_epoch: from_sql(entry_epoch),
        position: Position {
            seq: from_sql(seq),
            hash: Hash(hash),
            time: from_sql(time),
        },
        head,
        ahead,
        creation,
        read: from_sql(seen),
    })
}

/// Begins a room, or begins it anew at another anchor; its timeline stays.
pub(crate) async fn begin(
    connection: &mut SqliteConnection,
    new: &NewRoom<'_>,
) -> Result<i64, SdkError> {
    let state = match new.creation {
        Some(_) => RoomState::Creating,
        None => RoomState::Active,
    };
    let (id,): (i64,) = sqlx::query_as(
        "INSERT INTO room (uri, state, generation, anchor, entry_epoch, seq, hash, time, creation) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?4, ?6, ?7, ?8) \
         ON CONFLICT (uri) DO UPDATE SET state = ?2, reason = '', generation = ?3, anchor = ?4, \
         entry_epoch = ?5, seq = ?4, hash = ?6, time = ?7, creation = ?8, head = NULL, \
         ahead = NULL RETURNING id",
    )
    .bind(new.uri.as_str())
    .bind(state.number())
    .bind(i64::from(new.generation))
    .bind(to_sql(new.position.seq))
    .bind(to_sql(new.entry_epoch))
    .bind(new.position.hash.0.as_slice())
    .bind(to_sql(new.position.time))
    .bind(new.creation.as_deref())
    .fetch_one(&mut *connection)
    .await?;
    chain(connection, id, &new.position).await?;
    Ok(id)
}

/// Moves a room's position on to the newest of `positions`, which follow it without a gap.
pub(crate) async fn advance(
    connection: &mut SqliteConnection,
    id: i64,
    positions: &[Position],
) -> Result<(), SdkError> {
    let Some(newest) = positions.last() else {
        return Ok(());
    };
    for position in positions {
        chain(connection, id, position).await?;
    }
    sqlx::query("UPDATE room SET seq = ?, hash = ?, time = ? WHERE id = ?")
        .bind(to_sql(newest.seq))
        .bind(newest.hash.0.as_slice())
        .bind(to_sql(newest.time))
        .bind(id)
        .execute(&mut *connection)
        .await?;
    let is_due = positions.iter().any(|p| p.seq % CHAIN_PRUNED_EVERY == 0);
    if !is_due {
        return Ok(());
    }
    sqlx::query("DELETE FROM chain WHERE room = ? AND seq < ?")
        .bind(id)
        .bind(to_sql(newest.seq.saturating_sub(CHAIN_KEPT)))
        .execute(connection)
        .await?;
    Ok(())
}

async fn chain(
    connection: &mut SqliteConnection,
    id: i64,
    position: &Position,
) -> Result<(), SdkError> {
    sqlx::query("INSERT OR REPLACE INTO chain (room, seq, hash) VALUES (?, ?, ?)")
        .bind(id)
        .bind(to_sql(position.seq))
        .bind(position.hash.0.as_slice())
        .execute(connection)
        .await?;
    Ok(())
}

/// The hash of an event taken, while it is kept.
pub(crate) async fn hash_at(
    connection: &mut SqliteConnection,
    id: i64,
    seq: u64,
) -> Result<Option<Hash>, SdkError> {
    let row: Option<(Vec<u8>,)> =
        sqlx::query_as("SELECT hash FROM chain WHERE room = ? AND seq = ?")
            .bind(id)
            .bind(to_sql(seq))
            .fetch_optional(connection)
            .await?;
    row.map(|(hash,)| <[u8; 32]>::try_from(hash).map(Hash))
        .transpose()
        .map_err(|_length| damaged("chain.hash"))
}

/// Changes a room's state.
pub(crate) async fn set_state(
    connection: &mut SqliteConnection,
    id: i64,
    state: &RoomState,
) -> Result<(), SdkError> {
    sqlx::query("UPDATE room SET state = ?, reason = ? WHERE id = ?")
        .bind(state.number())
        .bind(state.reason())
        .bind(id)
        .execute(connection)
        .await?;
    Ok(())
}

/// The server has the room its creator asked for.
pub(crate) async fn set_created(
    connection: &mut SqliteConnection,
    id: i64,
) -> Result<(), SdkError> {
    sqlx::query("UPDATE room SET state = ?, creation = NULL WHERE id = ? AND creation IS NOT NULL")
        .bind(RoomState::Active.number())
        .bind(id)
        .execute(connection)
        .await?;
    Ok(())
}

/// Keeps the newest verified head, and those of other members past this device's log.
pub(crate) async fn set_heads(
    connection: &mut SqliteConnection,
    id: i64,
    head: Option<&SignedHead>,
    ahead: &[HeadAhead],
) -> Result<(), SdkError> {
    let kept = (!ahead.is_empty()).then(|| encode(&ahead));
    sqlx::query("UPDATE room SET head = ?, ahead = ? WHERE id = ?")
        .bind(head.map(encode))
        .bind(kept)
        .bind(id)
        .execute(connection)
        .await?;
    Ok(())
}

/// The participants as the tree had them after the newest commit.
pub(crate) async fn participants(
    connection: &mut SqliteConnection,
    id: i64,
) -> Result<Vec<UserUri>, SdkError> {
    let rows: Vec<(String,)> =
        sqlx::query_as("SELECT user FROM participant WHERE room = ? ORDER BY user")
            .bind(id)
            .fetch_all(connection)
            .await?;
    rows.iter()
        .map(|(user,)| UserUri::parse(user).map_err(|_invalid| damaged("participant.user")))
        .collect()
}

/// Writes which participants came and went.
pub(crate) async fn change_participants(
    connection: &mut SqliteConnection,
    id: i64,
    added: &[UserUri],
    removed: &[UserUri],
) -> Result<(), SdkError> {
    for user in removed {
        sqlx::query("DELETE FROM participant WHERE room = ? AND user = ?")
            .bind(id)
            .bind(user.as_str())
            .execute(&mut *connection)
            .await?;
    }
    for user in added {
        sqlx::query("INSERT OR IGNORE INTO participant (room, user) VALUES (?, ?)")
            .bind(id)
            .bind(user.as_str())
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

/// Forgets all participants, before a room begins anew.
pub(crate) async fn clear_participants(
    connection: &mut SqliteConnection,
    id: i64,
) -> Result<(), SdkError> {
    sqlx::query("DELETE FROM participant WHERE room = ?")
        .bind(id)
        .execute(connection)
        .await?;
    Ok(())
}

impl RoomRow {
    /// The newest head whose signature was verified.
    pub(crate) fn signed_head(&self) -> Option<SignedHead> {
        self.head.as_deref().and_then(|b| decode(b).ok())
    }

    /// Verified heads other members know, past what this device has.
    pub(crate) fn heads_ahead(&self) -> Vec<HeadAhead> {
        let ahead = self.ahead.as_deref().and_then(|b| decode(b).ok());
        ahead.unwrap_or_default()
    }
}
