//! One batch of appends: read the heads, decide in memory, write, commit.
//!
//! Each append has its own outcome, decided against the picture the appends before it in the
//! batch have left, so several of one room follow each other. The number of statements does not
//! grow with the number of events.

use std::collections::{BTreeMap, BTreeSet};

use holm_core::ports::{Append, AppendError, Entry, LogHead};
use holm_protocol::{RoomUri, ServerName};
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};

use super::head;
use super::recent::{Key, Recent, Submitted, short};
use crate::decide::check_continues;
use crate::sqlite::connection::Shared;
use crate::sqlite::failure::Failure;
use crate::sqlite::row::{Cells, stored_number};
use crate::sqlite::stored_bytes::{self, Change};

/// What an append came to.
pub(crate) type Outcome = Result<(), AppendError>;

/// The logs a batch touches, as they are after the appends decided so far.
#[derive(Default)]
struct Picture {
    logs: BTreeMap<RoomUri, (i64, LogHead)>,
    keys: BTreeMap<(i64, Key), u64>,
}

/// What a batch has written, but for the commit.
#[derive(Default)]
pub(crate) struct Staged {
    /// One an append.
    pub(crate) outcomes: Vec<Outcome>,
    /// The ids of the accepted ones.
    pub(crate) submitted: Vec<Submitted>,
    /// Row of the newest event.
    pub(crate) newest: Option<i64>,
    /// What the accepted ones add to the sums by server.
    pub(crate) stored: Change,
}

/// Decides all appends and writes what is accepted, but for the commit.
pub(crate) async fn stage(
    connection: &mut SqliteConnection,
    shared: &Shared,
    appends: &[Append],
) -> Result<Staged, Failure> {
    if appends.is_empty() {
        return Ok(Staged::default());
    }
    let mut picture = Picture::default();
    picture.load_heads(connection, appends).await?;
    let elsewhere = picture.find_recent(&shared.recent(), appends);
    picture.load_keys(connection, &elsewhere).await?;
    let decide = |append| picture.decide(append);
    let outcomes: Vec<_> = appends.iter().map(decide).collect();
    let accepted: Vec<_> = appends
        .iter()
        .zip(&outcomes)
        .filter(|(_, outcome)| outcome.is_ok())
        .map(|(append, _)| append)
        .collect();
    let newest = picture.insert(connection, &accepted).await?;
    let stored = stored_change(&accepted);
    stored_bytes::write(connection, &stored).await?;
    Ok(Staged {
        submitted: picture.submitted(&accepted),
        newest,
        stored,
        outcomes,
    })
}

impl Picture {
    /// Takes an append into the picture, or says why not.
    fn decide(&mut self, append: &Append) -> Outcome {
        let (id, head) = self.logs.get_mut(&append.room).ok_or(AppendError::NoLog)?;
        check_continues(head, append)?;
        let keys: Vec<_> = keys_of(append)
            .map(|(key, seq)| ((*id, key), seq))
            .collect();
        let repeated = keys.iter().filter_map(|(key, _)| self.keys.get(key)).min();
        if let Some(seq) = repeated {
            return Err(AppendError::Repeated(*seq));
        }
        *head = append.head;
        self.keys.extend(keys);
        Ok(())
    }

    async fn load_heads(
        &mut self,
        connection: &mut SqliteConnection,
        appends: &[Append],
    ) -> Result<(), Failure> {
        let rooms: BTreeSet<_> = appends.iter().map(|append| append.room.as_str()).collect();
        let rooms = rooms.into_iter().collect::<serde_json::Value>().to_string();
        let rows = sqlx::query(head::HEADS).bind(rooms).fetch_all(connection);
        for row in rows.await? {
            let room: RoomUri = Cells::new(&row, "log", &"a row").parsed("room")?;
            let log = head::read(&row, &room)?;
            self.logs.insert(room, log);
        }
        Ok(())
    }

    /// Takes in the ids that are known in memory; those of the others that the index may have.
    fn find_recent(&mut self, recent: &Recent, appends: &[Append]) -> Vec<(i64, Key)> {
        let with_ids = appends.iter().filter_map(|a| Some((a, self.id(a)?)));
        let keys = with_ids.flat_map(|(a, id)| keys_of(a).map(move |(key, _)| (id, key)));
        let (known, elsewhere): (Vec<_>, Vec<_>) = keys
            .map(|(id, key)| (id, key, recent.get(id, key)))
            .partition(|(_, _, seq)| seq.is_some());
        let known = known.into_iter();
        self.keys
            .extend(known.filter_map(|(id, key, seq)| Some(((id, key), seq?))));
        let elsewhere = elsewhere.into_iter().map(|(id, key, _)| (id, key));
        elsewhere
            .filter(|(id, key)| recent.may_be_indexed(*id, key))
            .collect()
    }

    async fn load_keys(
        &mut self,
        connection: &mut SqliteConnection,
        keys: &[(i64, Key)],
    ) -> Result<(), Failure> {
        for some in keys.chunks(ROWS_MAX) {
            let mut query = submitted_query(some);
            let rows = query.build().persistent(false).fetch_all(&mut *connection);
            for row in rows.await? {
                let cells = Cells::new(&row, "submitted", &"a row");
                let key = (cells.get("log")?, cells.array("idempotency_key")?);
                self.keys.insert(key, cells.number("seq")?);
            }
        }
        Ok(())
    }

    async fn insert(
        &self,
        connection: &mut SqliteConnection,
        accepted: &[&Append],
    ) -> Result<Option<i64>, Failure> {
        let with_ids = accepted
            .iter()
            .filter_map(|append| Some((*append, self.id(append)?)));
        let entries = with_ids.flat_map(|(append, id)| append.entries.iter().map(move |e| (id, e)));
        let entries: Vec<_> = entries.collect();
        let rooms: BTreeSet<_> = accepted.iter().map(|append| &append.room).collect();
        let heads = rooms
            .iter()
            .filter_map(|room| Some((*room, self.logs.get(*room)?.1)));
        let heads: Vec<_> = heads.collect();
        let mut newest = None;
        for some in entries.chunks(ROWS_MAX) {
            newest = Some(execute(connection, event_insert(some)?).await?);
        }
        for some in heads.chunks(ROWS_MAX) {
            execute(connection, head_update(some)?).await?;
        }
        Ok(newest)
    }

    fn submitted(&self, accepted: &[&Append]) -> Vec<Submitted> {
        let with_ids = accepted.iter().filter_map(|a| Some((*a, self.id(a)?)));
        let rows = with_ids.flat_map(|(a, id)| keys_of(a).map(move |(key, seq)| (id, key, seq)));
        rows.collect()
    }

    fn id(&self, append: &Append) -> Option<i64> {
        self.logs.get(&append.room).map(|(id, _)| *id)
    }
}

/// Bytes an append adds to a batch.
pub(crate) fn size(append: &Append) -> usize {
    append.entries.iter().map(Entry::stored_len).sum()
}

/// What appends add to the sums by server.
fn stored_change(accepted: &[&Append]) -> Change {
    let mut change = Change::default();
    for (server, bytes) in accepted.iter().flat_map(|append| &append.stored_for) {
        change.added.add(server.clone(), *bytes);
    }
    change
}

fn keys_of(append: &Append) -> impl Iterator<Item = (Key, u64)> {
    let entries = append.entries.iter();
    entries.filter_map(|entry| Some((short(entry.idempotency_key.as_ref()?), entry.seq)))
}

async fn execute(
    connection: &mut SqliteConnection,
    mut query: QueryBuilder<Sqlite>,
) -> Result<i64, Failure> {
    // Texts differ by the number of rows, so they would only fill the statement cache.
    let query = query.build().persistent(false);
    Ok(query.execute(connection).await?.last_insert_rowid())
}

fn submitted_query(keys: &[(i64, Key)]) -> QueryBuilder<Sqlite> {
    let mut query = QueryBuilder::new("WITH wanted (log, idempotency_key) AS (");
    query.push_values(keys, |mut row, (id, key)| {
        row.push_bind(*id).push_bind(key.to_vec());
    });
    query.push(
        ") SELECT submitted.log, submitted.idempotency_key, submitted.seq \
         FROM wanted CROSS JOIN submitted USING (log, idempotency_key)",
    );
    query
}

fn event_insert(entries: &[(i64, &Entry)]) -> Result<QueryBuilder<Sqlite>, Failure> {
    let numbered = entries.iter().map(|(id, entry)| {
        let seq = stored_number(entry.seq)?;
        Ok::<_, Failure>((*id, seq, *entry))
    });
    let rows = numbered.collect::<Result<Vec<_>, _>>()?;
    let mut query = QueryBuilder::new(
        "INSERT INTO event (log, seq, kind, bytes, welcome, interim, \
         welcome_servers, idempotency_key) ",
    );
    query.push_values(rows, |mut row, (id, seq, entry)| {
        let attachment = entry.attachment.as_ref();
        row.push_bind(id)
            .push_bind(seq)
            .push_bind(i64::from(entry.kind.0))
            .push_bind(entry.event.to_vec())
            .push_bind(attachment.map(|a| a.welcome.to_vec()))
            .push_bind(attachment.map(|a| a.interim.0.to_vec()))
            .push_bind(attachment.map(|a| servers_text(&a.servers)))
            .push_bind(
                entry
                    .idempotency_key
                    .as_ref()
                    .map(|key| short(key).to_vec()),
            );
    });
    Ok(query)
}

fn servers_text(servers: &[ServerName]) -> String {
    let names = servers.iter().map(ServerName::as_str);
    names.collect::<serde_json::Value>().to_string()
}

/// An upsert, since SQLite has no UPDATE of several rows with values of their own; the rows exist.
fn head_update(logs: &[(&RoomUri, LogHead)]) -> Result<QueryBuilder<Sqlite>, Failure> {
    let numbered = logs.iter().map(|(room, head)| {
        let (position, number) = (&head.position, stored_number);
        let places = (
            number(position.seq)?,
            number(position.time)?,
            number(head.commit_seq)?,
        );
        let rules = (
            number(head.epoch)?,
            number(head.epoch_floor)?,
            number(head.fence)?,
        );
        Ok((*room, head, places, rules))
    });
    let rows = numbered.collect::<Result<Vec<_>, Failure>>()?;
    let mut query = QueryBuilder::new(
        "INSERT INTO log (room, base, seq, time, commit_seq, hash, generation, epoch, \
         epoch_floor, fence) ",
    );
    query.push_values(rows, |mut row, (room, head, places, rules)| {
        row.push_bind(room.as_str().to_owned()).push("0");
        row.push_bind(places.0)
            .push_bind(places.1)
            .push_bind(places.2);
        row.push_bind(head.position.hash.0.to_vec());
        row.push_bind(i64::from(head.generation));
        row.push_bind(rules.0).push_bind(rules.1).push_bind(rules.2);
    });
    query.push(
        " ON CONFLICT (room) DO UPDATE SET seq = excluded.seq, time = excluded.time, \
         commit_seq = excluded.commit_seq, hash = excluded.hash, \
         generation = excluded.generation, epoch = excluded.epoch, \
         epoch_floor = excluded.epoch_floor, fence = excluded.fence",
    );
    Ok(query)
}

/// Rows of one statement: 10 values each stay below SQLite's 32,766.
const ROWS_MAX: usize = 1_000;

#[cfg(test)]
pub(super) mod tests;
