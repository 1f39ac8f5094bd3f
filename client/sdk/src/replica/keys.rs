//! Rows of OpenMLS in the replica, large ones as fragments.
//!
//! One message changes a few bytes of a row that has 556 bytes a member. Rows over 8 KiB are kept
//! as parts of about 4 KiB, and only the parts between the common beginning and the common end of
//! old and new are replaced: 6 KB a message instead of 285 KB at 512 members (REL-4). Replaced
//! parts are overwritten on disk, so a used key does not stay behind.

use holm_mls::{Row, RowChange};
use sqlx::sqlite::SqliteConnection;

use crate::error::SdkError;

/// Rows up to this many bytes are one part.
const WHOLE_LEN_MAX: usize = 8 * 1_024;
/// Bytes of a part of a larger row when it is first written.
const PART_LEN: usize = 4 * 1_024;

/// All rows of a scope: an MLS group id, or empty for the device's own.
pub(crate) async fn load(
    connection: &mut SqliteConnection,
    scope: &[u8],
) -> Result<Vec<Row>, SdkError> {
    let parts: Vec<(Vec<u8>, Vec<u8>)> =
        sqlx::query_as("SELECT name, bytes FROM key_row WHERE scope = ? ORDER BY name, part")
            .bind(scope)
            .fetch_all(connection)
            .await?;
    let mut rows: Vec<Row> = Vec::new();
    for (key, value) in parts {
        match rows.last_mut().filter(|last| last.key == key) {
            Some(row) => row.value.extend_from_slice(&value),
            None => rows.push(Row {
                scope: scope.to_vec(),
                key,
                value,
            }),
        }
    }
    Ok(rows)
}

/// Writes changed rows.
pub(crate) async fn write(
    connection: &mut SqliteConnection,
    rows: &[RowChange],
) -> Result<(), SdkError> {
    for row in rows {
        match &row.value {
            Some(bytes) => replace(connection, row, bytes).await?,
            None => remove(connection, row).await?,
        }
    }
    Ok(())
}

/// Removes a whole scope.
pub(crate) async fn remove_scope(
    connection: &mut SqliteConnection,
    scope: &[u8],
) -> Result<(), SdkError> {
    sqlx::query("DELETE FROM key_row WHERE scope = ?")
        .bind(scope)
        .execute(connection)
        .await?;
    Ok(())
}

async fn remove(connection: &mut SqliteConnection, row: &RowChange) -> Result<(), SdkError> {
    sqlx::query("DELETE FROM key_row WHERE scope = ? AND name = ?")
        .bind(&row.scope)
        .bind(&row.key)
        .execute(connection)
        .await?;
    Ok(())
}

async fn replace(
    connection: &mut SqliteConnection,
    row: &RowChange,
    bytes: &[u8],
) -> Result<(), SdkError> {
    if bytes.len() <= WHOLE_LEN_MAX {
        // The usual case in one statement, where it was one part before.
        sqlx::query("DELETE FROM key_row WHERE scope = ? AND name = ? AND part > 0")
            .bind(&row.scope)
            .bind(&row.key)
            .execute(&mut *connection)
            .await?;
        return put(connection, row, 0, bytes).await;
    }
    let old: Vec<(i64, Vec<u8>)> = sqlx::query_as(
        "SELECT part, bytes FROM key_row WHERE scope = ? AND name = ? ORDER BY part",
    )
    .bind(&row.scope)
    .bind(&row.key)
    .fetch_all(&mut *connection)
    .await?;
    match patch(&old, bytes) {
        Patch::Nothing => Ok(()),
        Patch::Whole => {
            remove(connection, row).await?;
            for (part, chunk) in (0..).zip(bytes.chunks(PART_LEN)) {
                put(connection, row, part, chunk).await?;
            }
            Ok(())
        }
        Patch::Parts { first, last, body } => {
            sqlx::query(
                "DELETE FROM key_row WHERE scope = ? AND name = ? AND part > ? AND part <= ?",
            )
            .bind(&row.scope)
            .bind(&row.key)
            .bind(first)
            .bind(last)
            .execute(&mut *connection)
            .await?;
            put(connection, row, first, body).await
        }
    }
}

async fn put(
    connection: &mut SqliteConnection,
    row: &RowChange,
    part: i64,
    bytes: &[u8],
) -> Result<(), SdkError> {
    sqlx::query(
        "INSERT INTO key_row (scope, name, part, bytes) VALUES (?, ?, ?, ?) \
         ON CONFLICT (scope, name, part) DO UPDATE SET bytes = excluded.bytes",
    )
    .bind(&row.scope)
    .bind(&row.key)
    .bind(part)
    .bind(bytes)
    .execute(connection)
    .await?;
    Ok(())
}

/// What to write so that the parts together are the new bytes.
#[derive(Debug, PartialEq, Eq)]
enum Patch<'a> {
    /// They are already.
    Nothing,
    /// Every part anew.
    Whole,
    /// `body` in place of the parts numbered `first` to `last`.
    Parts {
        first: i64,
        last: i64,
        body: &'a [u8],
    },
}

fn patch<'a>(old: &[(i64, Vec<u8>)], new: &'a [u8]) -> Patch<'a> {
    let whole: Vec<u8> = old.iter().flat_map(|(_, bytes)| bytes).copied().collect();
    if whole == new {
        return Patch::Nothing;
    }
    let same = |(a, b): &(&u8, &u8)| a == b;
    let head = whole.iter().zip(new).take_while(same).count();
    let (old_rest, new_rest) = (&whole[head..], &new[head..]);
    let pairs = old_rest.iter().rev().zip(new_rest.iter().rev());
    let changed_end = whole.len() - pairs.take_while(same).count();
    let (mut at, mut first, mut last) = (0, None, None);
    for (part, bytes) in old {
        let end = at + bytes.len();
        if first.is_none() && end > head {
            first = Some((*part, at));
        }
        if at <= changed_end {
            last = Some((*part, end));
        }
        at = end;
    }
    // Past the last part: the new bytes go on where the old ones end.
    let first = first.or_else(|| old.last().map(|(part, b)| (*part, whole.len() - b.len())));
    let (Some((first, start)), Some((last, end))) = (first, last) else {
        return Patch::Whole;
    };
    let body = &new[start..new.len() - (whole.len() - end)];
    match body.len() > WHOLE_LEN_MAX || body.is_empty() {
        true => Patch::Whole,
        false => Patch::Parts { first, last, body },
    }
}

#[cfg(test)]
mod tests;
