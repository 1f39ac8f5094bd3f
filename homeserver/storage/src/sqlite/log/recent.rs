//! Ids of the newest submits, in memory until enough of them go to the index together (LOG-9).
//!
//! An id is random, so each would change another page of the index, and with a million stored a
//! message would cost half as much again as with a thousand. The event's own row carries its id;
//! here are those the index doesn't have yet. They go there sorted, many to a page, a slice with
//! each batch. After a crash they are read again from the events behind the mark.

use std::collections::HashMap;

use futures::TryStreamExt;
use holm_protocol::Hash;
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};

use super::filter::Filter;
use crate::sqlite::failure::Failure;
use crate::sqlite::row::{Cells, stored_number};

/// An id as it is stored: half of its hash, so that twice as many stand in a page. Two ids of one
/// user with one half are 2^64 tries away, and harm that user alone.
pub(crate) type Key = [u8; 16];

/// The id of a submit to a log, and the event it became.
pub(crate) type Submitted = (i64, Key, u64);

/// Ids that are not in the index.
#[derive(Default)]
pub(crate) struct Recent {
    keys: HashMap<(i64, Key), u64>,
    /// Row of the newest event.
    newest: i64,
    /// What runs before have brought to the index, one each.
    moved: Vec<Filter>,
    moving: Option<Moving>,
}

/// A run of ids on its way to the index.
struct Moving {
    sorted: Vec<Submitted>,
    done: usize,
    /// Row of the newest event in the run.
    upto: i64,
}

/// What goes to the index in one transaction.
#[derive(Default)]
pub(crate) struct Slice {
    pub(crate) rows: Vec<Submitted>,
    /// With the last slice of a run: the mark behind it, and the run's filter.
    pub(crate) end: Option<(i64, Filter)>,
}

impl Recent {
    /// The event that a submit became, if it is here.
    pub(crate) fn get(&self, log: i64, key: Key) -> Option<u64> {
        self.keys.get(&(log, key)).copied()
    }

    /// Whether the index may have an id that is not here.
    pub(crate) fn may_be_indexed(&self, log: i64, key: &Key) -> bool {
        self.moved.iter().any(|run| run.may_have(log, key))
    }

    /// Takes what a transaction has made durable.
    pub(crate) fn add(&mut self, rows: Vec<Submitted>, newest: Option<i64>) {
        let rows = rows.into_iter().map(|(log, key, seq)| ((log, key), seq));
        self.keys.extend(rows);
        self.newest = newest.unwrap_or(self.newest);
    }

    /// What the next transaction moves beside `new` rows of its own: nothing while there are few,
    /// else more than comes in, so that a run ends.
    pub(crate) fn slice(&mut self, new: usize) -> Slice {
        if self.moving.is_none() && self.keys.len() >= RUN_LEN {
            let rows = self.keys.iter().map(|((log, key), seq)| (*log, *key, *seq));
            let mut sorted: Vec<_> = rows.collect();
            sorted.sort_unstable_by_key(|(log, key, _)| (*log, *key));
            self.moving = Some(Moving {
                sorted,
                done: 0,
                upto: self.newest,
            });
        }
        let Some(moving) = &self.moving else {
            return Slice::default();
        };
        let end = moving.done + SLICE_LEN.max(2 * new);
        let rows = moving.sorted[moving.done..end.min(moving.sorted.len())].to_vec();
        let end = (end >= moving.sorted.len()).then(|| {
            let filter = Filter::of(moving.sorted.iter());
            (moving.upto, filter)
        });
        Slice { rows, end }
    }

    /// A slice is durable.
    pub(crate) fn moved(&mut self, slice: Slice) {
        let Some(moving) = &mut self.moving else {
            return;
        };
        moving.done += slice.rows.len();
        let Some((_, filter)) = slice.end else {
            return;
        };
        self.moved.push(filter);
        for (log, key, _) in &self.moving.take().map_or(Vec::new(), |run| run.sorted) {
            self.keys.remove(&(*log, *key));
        }
    }
}

/// The stored half of an id.
pub(crate) fn short(hash: &Hash) -> Key {
    let mut key = Key::default();
    key.copy_from_slice(&hash.0[..16]);
    key
}

/// Reads what the index does not have.
pub(crate) async fn load(connection: &mut SqliteConnection) -> Result<Recent, Failure> {
    let mut recent = Recent::default();
    let mut rows = sqlx::query(BEHIND).fetch(&mut *connection);
    while let Some(row) = rows.try_next().await? {
        let cells = Cells::new(&row, "event", &"a row");
        recent.newest = cells.get("id")?;
        if cells.get::<Option<&[u8]>>("idempotency_key")?.is_some() {
            let key = (cells.get("log")?, cells.array("idempotency_key")?);
            recent.keys.insert(key, cells.number("seq")?);
        }
    }
    drop(rows);
    for row in sqlx::query(FILTERS).fetch_all(connection).await? {
        let cells = Cells::new(&row, "submitted_filter", &"a row");
        let filter = Filter::from_bytes(cells.get("bits")?);
        let damaged = || cells.corrupt("bits", &"no filter");
        recent.moved.push(filter.ok_or_else(damaged)?);
    }
    Ok(recent)
}

/// Writes a slice into the index, but for the commit.
pub(crate) async fn write(connection: &mut SqliteConnection, slice: &Slice) -> Result<(), Failure> {
    for some in slice.rows.chunks(ROWS_MAX) {
        let mut query = insert(some)?;
        let query = query.build().persistent(false);
        query.execute(&mut *connection).await?;
    }
    if let Some((upto, filter)) = &slice.end {
        let query = sqlx::query(MARK).bind(upto);
        query.execute(&mut *connection).await?;
        let query = sqlx::query(FILTER).bind(upto).bind(filter.as_bytes());
        query.execute(connection).await?;
    }
    Ok(())
}

/// A run that a crash cut off begins anew, so some rows may be there.
pub(super) fn insert(rows: &[Submitted]) -> Result<QueryBuilder<Sqlite>, Failure> {
    let numbered = rows
        .iter()
        .map(|(id, key, seq)| Ok((*id, key, stored_number(*seq)?)));
    let rows = numbered.collect::<Result<Vec<_>, Failure>>()?;
    let mut query =
        QueryBuilder::new("INSERT OR IGNORE INTO submitted (log, idempotency_key, seq) ");
    query.push_values(rows, |mut row, (id, key, seq)| {
        row.push_bind(id).push_bind(key.to_vec()).push_bind(seq);
    });
    Ok(query)
}

/// Ids in memory at which they begin to move: some 8 MiB.
const RUN_LEN: usize = 131_072;
/// Rows that move with one batch, at least.
const SLICE_LEN: usize = 2_048;
/// Rows of one statement.
const ROWS_MAX: usize = 1_000;

const BEHIND: &str = "SELECT id, log, seq, idempotency_key FROM event \
     WHERE id > (SELECT event FROM submitted_mark WHERE id = 1) ORDER BY id";

const MARK: &str = "UPDATE submitted_mark SET event = ?1 WHERE id = 1";

const FILTERS: &str = "SELECT bits FROM submitted_filter ORDER BY event";

const FILTER: &str = "INSERT INTO submitted_filter (event, bits) VALUES (?1, ?2)";

/// For the test that prepares every statement.
#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[BEHIND, MARK, FILTERS, FILTER];

#[cfg(test)]
mod tests {
    use super::{RUN_LEN, Recent, SLICE_LEN, Submitted, short};
    use holm_protocol::Hash;

    fn rows(range: std::ops::Range<usize>) -> Vec<Submitted> {
        let row = |n: usize| {
            (
                1,
                short(&Hash::sha256(&n.to_be_bytes())),
                u64::try_from(n).unwrap(),
            )
        };
        range.map(row).collect()
    }

    // LOG-9
    #[test]
    fn every_id_is_found_until_the_index_has_it() {
        let mut recent = Recent::default();
        recent.add(rows(0..RUN_LEN - 1), Some(7));
        assert!(recent.slice(0).rows.is_empty());
        recent.add(rows(RUN_LEN - 1..RUN_LEN), Some(8));
        let (mut moved, mut late) = (Vec::new(), RUN_LEN);
        loop {
            let slice = recent.slice(10);
            assert_eq!(
                recent.slice(10).rows,
                slice.rows,
                "a failed transaction is tried again"
            );
            recent.add(rows(late..late + 10), Some(9));
            late += 10;
            assert!(
                rows(0..late)
                    .iter()
                    .all(|(log, key, _)| recent.get(*log, *key).is_some())
            );
            moved.extend(slice.rows.clone());
            let upto = slice.end.as_ref().map(|(upto, _)| *upto);
            recent.moved(slice);
            if let Some(upto) = upto {
                assert_eq!(upto, 8, "the mark does not pass what came later");
                break;
            }
        }
        let indexed = |(log, key, _): &Submitted| recent.may_be_indexed(*log, key);
        assert!(moved.iter().all(indexed));
        assert!(!rows(RUN_LEN..late).iter().all(indexed));
        assert!(moved.is_sorted_by_key(|(log, key, _)| (*log, *key)));
        assert_eq!(moved.len(), RUN_LEN);
        assert_eq!(recent.keys.len(), late - RUN_LEN);
        assert!(recent.slice(0).rows.is_empty());
    }

    #[test]
    fn a_run_ends_however_much_comes_in() {
        let mut recent = Recent::default();
        recent.add(rows(0..RUN_LEN), Some(1));
        assert_eq!(recent.slice(5 * SLICE_LEN).rows.len(), 10 * SLICE_LEN);
    }
}
