//! What is stored because of other servers, as sums that are written with what they count
//! (FED-24).
//!
//! A batch of appends adds to each sum once, however many events it has. The sums stand in memory
//! as well, from the start on, so that asking for one costs no statement.

use holm_protocol::ServerName;
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};

use super::failure::Failure;
use super::row::{Cells, stored_number};
use crate::stored_bytes::StoredBytes;

/// What a transaction changes.
#[derive(Debug, Default)]
pub(crate) struct Change {
    pub(crate) added: StoredBytes,
    pub(crate) dropped: StoredBytes,
}

/// All sums, for start-up.
pub(crate) async fn load(connection: &mut SqliteConnection) -> Result<StoredBytes, Failure> {
    let mut sums = StoredBytes::default();
    for row in sqlx::query(ALL).fetch_all(connection).await? {
        let cells = Cells::new(&row, "stored_bytes", &"a row");
        let server: ServerName = cells.parsed("server")?;
        sums.add(server, cells.number("bytes")?);
    }
    Ok(sums)
}

/// Writes a change, but for the commit.
pub(crate) async fn write(
    connection: &mut SqliteConnection,
    change: &Change,
) -> Result<(), Failure> {
    for some in change.added.all().chunks(ROWS_MAX) {
        let mut query = add_query(some)?;
        let query = query.build().persistent(false);
        query.execute(&mut *connection).await?;
    }
    for (server, bytes) in change.dropped.all() {
        let query = sqlx::query(TAKE_AWAY).bind(server.as_str().to_owned());
        let query = query.bind(stored_number(bytes)?);
        query.execute(&mut *connection).await?;
    }
    Ok(())
}

fn add_query(sums: &[(ServerName, u64)]) -> Result<QueryBuilder<Sqlite>, Failure> {
    let numbered = sums.iter().map(|(server, bytes)| {
        let bytes = stored_number(*bytes)?;
        Ok::<_, Failure>((server.as_str().to_owned(), bytes))
    });
    let rows = numbered.collect::<Result<Vec<_>, _>>()?;
    let mut query = QueryBuilder::new("INSERT INTO stored_bytes (server, bytes) ");
    query.push_values(rows, |mut row, (server, bytes)| {
        row.push_bind(server).push_bind(bytes);
    });
    query.push(" ON CONFLICT (server) DO UPDATE SET bytes = bytes + excluded.bytes");
    Ok(query)
}

const ALL: &str = "SELECT server, bytes FROM stored_bytes";

const TAKE_AWAY: &str = "UPDATE stored_bytes SET bytes = max(bytes - ?2, 0) WHERE server = ?1";

/// Rows of one statement.
const ROWS_MAX: usize = 1_000;

/// For the test that prepares every statement.
#[cfg(test)]
pub(super) fn statements() -> Vec<String> {
    let server = ServerName::parse("islet.test").unwrap();
    let add = add_query(&[(server, 1)]).unwrap().into_string();
    vec![ALL.into(), TAKE_AWAY.into(), add]
}
