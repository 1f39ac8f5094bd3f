//! The timeline as people see it: messages in the order of the log, and what lies over each
//! (MSG-9).

use std::collections::BTreeMap;

use holm_content::{Content, MessageId};
use holm_protocol::aad::ClientMsgId;
use holm_protocol::{RoomUri, UserUri};
use sqlx::sqlite::SqliteConnection;

use super::{damaged, from_sql, to_sql};
use crate::content::{Kind, Reading};
use crate::error::SdkError;
use crate::overlay::{About, Laid, lay};
use crate::timeline::{MessageState, TimelineEntry};

/// Versions, ends and reactions read for one page at most; the oldest are read.
const ABOUT_MAX: i64 = 20_000;
/// From a message to the one that it is about in the end: version of a reaction, reaction, version.
const STEPS_MAX: usize = 4;

type Row = (
    Option<i64>,
    String,
    String,
    Vec<u8>,
    String,
    i64,
    i64,
    String,
    Option<Vec<u8>>,
    Option<Vec<u8>>,
);

type AboutRow = (Vec<u8>, i64, Vec<u8>, Vec<u8>, String, String, i64);

/// A page of the timeline: what stands in the log after `after`, then what is on its way.
pub(crate) async fn page(
    connection: &mut SqliteConnection,
    (id, room): (i64, &RoomUri),
    after: Option<u64>,
    limit: usize,
) -> Result<Vec<TimelineEntry>, SdkError> {
    let (after, limit) = (after.map_or(-1, to_sql), i64::try_from(limit));
    let limit = limit.unwrap_or(i64::MAX);
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT seq, user, name, msg_id, text, time, state, problem, message_id, about \
         FROM message WHERE room = ? AND kind = 0 AND (seq IS NULL OR seq > ?) \
         ORDER BY seq IS NULL, seq, id LIMIT ?",
    )
    .bind(id)
    .bind(after)
    .bind(limit)
    .fetch_all(&mut *connection)
    .await?;
    // Own ones that will not be sent do nothing.
    let about: Vec<AboutRow> = sqlx::query_as(
        "WITH RECURSIVE page AS (\
           SELECT message_id FROM message WHERE room = ?1 AND kind = 0 \
             AND (seq IS NULL OR seq > ?2) ORDER BY seq IS NULL, seq, id LIMIT ?3), \
         over (root, id) AS (\
           SELECT message_id, message_id FROM page WHERE message_id IS NOT NULL \
           UNION SELECT over.root, m.message_id FROM over \
             JOIN message m ON m.room = ?1 AND m.about = over.id \
             WHERE m.kind BETWEEN 1 AND 3 AND m.message_id IS NOT NULL) \
         SELECT over.root, m.kind, m.message_id, m.about, m.user, m.text, m.time FROM over \
           JOIN message m ON m.room = ?1 AND m.message_id = over.id \
           WHERE m.kind BETWEEN 1 AND 3 AND m.state <> 4 \
           ORDER BY m.seq IS NULL, m.seq, m.id LIMIT ?4",
    )
    .bind(id)
    .bind(after)
    .bind(limit)
    .bind(ABOUT_MAX)
    .fetch_all(connection)
    .await?;
    let over = group(about)?;
    rows.into_iter().map(|row| read(room, row, &over)).collect()
}

/// The message that `about` is about in the end, as it is now; none where it is not there.
pub(crate) async fn entry(
    connection: &mut SqliteConnection,
    (id, room): (i64, &RoomUri),
    about: &MessageId,
) -> Result<Option<TimelineEntry>, SdkError> {
    let Some((first, seq)) = root(connection, id, about).await? else {
        return Ok(None);
    };
    let found = match seq {
        Some(seq) => page(connection, (id, room), Some(seq.saturating_sub(1)), 1).await?,
        // What is on its way lies behind all that stands in the log.
        None => page(connection, (id, room), Some(u64::MAX >> 1), PENDING_MAX).await?,
    };
    let mut found = found.into_iter();
    Ok(found.find(|entry| entry.id == Some(first)))
}

/// The message that another one is about, as it is now that this one is there.
pub(crate) async fn changed(
    connection: &mut SqliteConnection,
    (id, room): (i64, &RoomUri),
    reading: &Reading,
) -> Result<Option<TimelineEntry>, SdkError> {
    match reading.about.filter(|_| reading.kind != Kind::Message) {
        Some(about) => entry(connection, (id, room), &about).await,
        None => Ok(None),
    }
}

/// Own messages on their way that are looked through for one.
const PENDING_MAX: usize = 10_000;

/// First version of the message that `about` is about in the end, with its number.
pub(crate) async fn root(
    connection: &mut SqliteConnection,
    room: i64,
    about: &MessageId,
) -> Result<Option<(MessageId, Option<u64>)>, SdkError> {
    let mut at = *about;
    for _ in 0..STEPS_MAX {
        let row: Option<(i64, Option<Vec<u8>>, Option<i64>)> = sqlx::query_as(
            "SELECT kind, about, seq FROM message WHERE room = ? AND message_id = ?",
        )
        .bind(room)
        .bind(at.as_bytes().as_slice())
        .fetch_optional(&mut *connection)
        .await?;
        match row {
            Some((kind, _, seq)) if kind == Kind::Message.number() => {
                return Ok(Some((at, seq.map(from_sql))));
            }
            Some((_, Some(next), _)) => at = name(&next)?,
            _ => return Ok(None),
        }
    }
    Ok(None)
}

/// Who sent a message or reaction, and what it does.
pub(crate) async fn author(
    connection: &mut SqliteConnection,
    room: i64,
    id: &MessageId,
) -> Result<Option<(UserUri, Kind)>, SdkError> {
    let row: Option<(String, i64)> =
        sqlx::query_as("SELECT user, kind FROM message WHERE room = ? AND message_id = ?")
            .bind(room)
            .bind(id.as_bytes().as_slice())
            .fetch_optional(connection)
            .await?;
    row.map(|(by, number)| {
        let kind = Kind::from_number(number).ok_or_else(|| damaged("message.kind"))?;
        Ok((user(&by)?, kind))
    })
    .transpose()
}

/// The content of a message, version, end or reaction.
pub(crate) async fn content(
    connection: &mut SqliteConnection,
    room: i64,
    id: &MessageId,
) -> Result<Option<Content>, SdkError> {
    let row: Option<(Vec<u8>,)> = sqlx::query_as(
        "SELECT content FROM message WHERE room = ? AND message_id = ? AND kind < 4",
    )
    .bind(room)
    .bind(id.as_bytes().as_slice())
    .fetch_optional(connection)
    .await?;
    row.map(|(bytes,)| Content::from_bytes(&bytes).map_err(|_invalid| damaged("message.content")))
        .transpose()
}

fn group(rows: Vec<AboutRow>) -> Result<BTreeMap<Vec<u8>, Vec<About>>, SdkError> {
    let mut over: BTreeMap<Vec<u8>, Vec<About>> = BTreeMap::new();
    for (root, kind, id, about, by, text, time) in rows {
        over.entry(root).or_default().push(About {
            kind: Kind::from_number(kind).ok_or_else(|| damaged("message.kind"))?,
            id: name(&id)?,
            of: name(&about)?,
            user: user(&by)?,
            text,
            time: from_sql(time),
        });
    }
    Ok(over)
}

fn name(bytes: &[u8]) -> Result<MessageId, SdkError> {
    MessageId::from_bytes(bytes).map_err(|_invalid| damaged("message.message_id"))
}

fn user(text: &str) -> Result<UserUri, SdkError> {
    UserUri::parse(text).map_err(|_invalid| damaged("message.user"))
}

fn read(
    room: &RoomUri,
    row: Row,
    over: &BTreeMap<Vec<u8>, Vec<About>>,
) -> Result<TimelineEntry, SdkError> {
    let (seq, by, display_name, msg_id, text, time, state, problem, id, about) = row;
    let msg_id = <[u8; 16]>::try_from(msg_id).map_err(|_length| damaged("message.msg_id"))?;
    let all = id.as_ref().and_then(|id| over.get(id));
    let (id, sender) = (id.as_deref().map(name).transpose()?, user(&by)?);
    let laid = match (id, all) {
        (Some(id), Some(all)) => lay(id, &sender, all),
        _ => Laid::default(),
    };
    let newest = laid.versions.last().map(|version| version.text.clone());
    Ok(TimelineEntry {
        room: room.clone(),
        seq: seq.map(from_sql),
        sender,
        display_name,
        client_msg_id: ClientMsgId(msg_id),
        id,
        in_reply_to: about.as_deref().map(name).transpose()?,
        text: match laid.deleted {
            true => String::new(),
            false => newest.unwrap_or(text),
        },
        laid,
        time: from_sql(time),
        state: MessageState::from_number(state, problem).ok_or_else(|| damaged("message.state"))?,
    })
}
