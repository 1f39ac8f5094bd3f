//! Whom the device trusts: identity keys seen, server documents, and evidence of what contradicts.

use holm_protocol::document::SignedDocument;
use holm_protocol::identity::DeviceIdentity;
use holm_protocol::{PublicKey, ServerName, SignedHead, UserUri};
use sqlx::sqlite::SqliteConnection;

use super::{damaged, to_sql};
use crate::device::read_heads;
use crate::error::SdkError;

/// What is known of a user's identity key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Acquaintance {
    /// Seen for the first time: trusted from now on.
    First,
    /// The key that was seen first.
    Known,
    /// Another key than the one seen first.
    Changed,
}

/// The identity key trusted for a user: the first one seen.
pub(crate) async fn trusted_key(
    connection: &mut SqliteConnection,
    user: &UserUri,
) -> Result<Option<PublicKey>, SdkError> {
    let row: Option<(Vec<u8>,)> =
        sqlx::query_as("SELECT key FROM known_identity WHERE user = ? ORDER BY seen LIMIT 1")
            .bind(user.as_str())
            .fetch_optional(connection)
            .await?;
    row.map(|(key,)| <[u8; 32]>::try_from(key).map(PublicKey))
        .transpose()
        .map_err(|_length| damaged("known_identity.key"))
}

/// Remembers the identity key of a leaf.
pub(crate) async fn meet(
    connection: &mut SqliteConnection,
    identity: &DeviceIdentity,
    now_ms: u64,
) -> Result<Acquaintance, SdkError> {
    let user = identity.user();
    let trusted = trusted_key(connection, &user).await?;
    let outcome = match trusted {
        None => Acquaintance::First,
        Some(key) if key == identity.identity_key => Acquaintance::Known,
        Some(_) => Acquaintance::Changed,
    };
    sqlx::query(
        "INSERT INTO known_identity (user, key, generation, seen) VALUES (?, ?, ?, ?) \
         ON CONFLICT (user, key) DO UPDATE SET generation = max(generation, excluded.generation)",
    )
    .bind(user.as_str())
    .bind(identity.identity_key.0.as_slice())
    .bind(i64::from(identity.certificate.generation))
    .bind(to_sql(now_ms))
    .execute(connection)
    .await?;
    Ok(outcome)
}

/// The newest document of a server that held.
pub(crate) async fn document(
    connection: &mut SqliteConnection,
    server: &ServerName,
) -> Result<Option<SignedDocument>, SdkError> {
    let row: Option<(Vec<u8>,)> =
        sqlx::query_as("SELECT document FROM server_document WHERE server = ?")
            .bind(server.as_str())
            .fetch_optional(connection)
            .await?;
    row.map(|(json,)| holm_protocol::json::from_slice(&json))
        .transpose()
        .map_err(|_invalid| damaged("server_document.document"))
}

/// Keeps a document that held.
pub(crate) async fn keep_document(
    connection: &mut SqliteConnection,
    server: &ServerName,
    document: &SignedDocument,
) -> Result<(), SdkError> {
    let json = serde_json::to_vec(document).map_err(|e| SdkError::Replica(e.to_string()))?;
    sqlx::query("INSERT OR REPLACE INTO server_document (server, document) VALUES (?, ?)")
        .bind(server.as_str())
        .bind(json)
        .execute(connection)
        .await?;
    Ok(())
}

/// The two heads of a room that contradict each other: the own one first.
pub(crate) async fn two_heads(
    connection: &mut SqliteConnection,
    room: i64,
) -> Result<Option<(SignedHead, SignedHead)>, SdkError> {
    let row: Option<(Vec<u8>, Vec<u8>)> = sqlx::query_as(
        "SELECT first, second FROM alarm WHERE room = ? AND first IS NOT NULL \
         AND second IS NOT NULL ORDER BY id LIMIT 1",
    )
    .bind(room)
    .fetch_optional(connection)
    .await?;
    Ok(row.and_then(|(first, second)| read_heads(&first, &second)))
}

/// Keeps evidence; `false` where the same was kept before.
pub(crate) async fn keep_alarm(
    connection: &mut SqliteConnection,
    room: i64,
    (what, now_ms): (&str, u64),
    evidence: (Option<&[u8]>, Option<&[u8]>),
) -> Result<bool, SdkError> {
    let done = sqlx::query(
        "INSERT OR IGNORE INTO alarm (room, time, what, first, second) VALUES (?, ?, ?, ?, ?)",
    )
    .bind(room)
    .bind(to_sql(now_ms))
    .bind(what)
    .bind(evidence.0)
    .bind(evidence.1)
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}
