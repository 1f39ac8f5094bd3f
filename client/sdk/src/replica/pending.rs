//! A commit this device has made and the log has not shown yet, and the claims it was made with.
//!
//! The bundle is kept, so that after a restart the same bytes are submitted again: the hub knows
//! them by their id (LOG-9).

use holm_protocol::{Hash, UserUri};
use sqlx::sqlite::SqliteConnection;

use super::damaged;
use crate::error::SdkError;

/// The room's pending commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pending {
    /// SHA-256 of the commit.
    pub(crate) hash: Hash,
    /// The request that submits it, as JSON.
    pub(crate) request: Vec<u8>,
}

/// Keeps a pending commit, in place of an earlier one.
pub(crate) async fn set(
    connection: &mut SqliteConnection,
    room: i64,
    pending: &Pending,
) -> Result<(), SdkError> {
    sqlx::query("INSERT OR REPLACE INTO pending_commit (room, hash, request) VALUES (?, ?, ?)")
        .bind(room)
        .bind(pending.hash.0.as_slice())
        .bind(&pending.request)
        .execute(connection)
        .await?;
    Ok(())
}

/// The pending commit of a room.
pub(crate) async fn get(
    connection: &mut SqliteConnection,
    room: i64,
) -> Result<Option<Pending>, SdkError> {
    let row: Option<(Vec<u8>, Vec<u8>)> =
        sqlx::query_as("SELECT hash, request FROM pending_commit WHERE room = ?")
            .bind(room)
            .fetch_optional(connection)
            .await?;
    row.map(|(hash, request)| {
        let hash = <[u8; 32]>::try_from(hash).map_err(|_length| damaged("pending_commit.hash"))?;
        Ok(Pending {
            hash: Hash(hash),
            request,
        })
    })
    .transpose()
}

/// Forgets the pending commit of a room.
pub(crate) async fn clear(connection: &mut SqliteConnection, room: i64) -> Result<(), SdkError> {
    sqlx::query("DELETE FROM pending_commit WHERE room = ?")
        .bind(room)
        .execute(connection)
        .await?;
    Ok(())
}

/// The id under which KeyPackages of a user are claimed for a room, kept until it is used up.
pub(crate) async fn claim_id(
    connection: &mut SqliteConnection,
    room: i64,
    user: &UserUri,
    fresh: [u8; 16],
) -> Result<[u8; 16], SdkError> {
    sqlx::query("INSERT OR IGNORE INTO claim (room, user, claim_id) VALUES (?, ?, ?)")
        .bind(room)
        .bind(user.as_str())
        .bind(fresh.as_slice())
        .execute(&mut *connection)
        .await?;
    let (id,): (Vec<u8>,) =
        sqlx::query_as("SELECT claim_id FROM claim WHERE room = ? AND user = ?")
            .bind(room)
            .bind(user.as_str())
            .fetch_one(connection)
            .await?;
    <[u8; 16]>::try_from(id).map_err(|_length| damaged("claim.claim_id"))
}

/// Forgets a claim: its packages are in the group, or not usable.
pub(crate) async fn drop_claim(
    connection: &mut SqliteConnection,
    room: i64,
    user: &UserUri,
) -> Result<(), SdkError> {
    sqlx::query("DELETE FROM claim WHERE room = ? AND user = ?")
        .bind(room)
        .bind(user.as_str())
        .execute(connection)
        .await?;
    Ok(())
}
