//! The statements a batch builds, for the test that prepares every statement.

use bytes::Bytes;
use holm_core::ports::{Entry, LogHead};
use holm_protocol::event::Position;
use holm_protocol::{EventKind, RoomUri};

use super::{event_insert, head_update, submitted_query};
use crate::sqlite::log::recent;

/// One of each, for one row.
pub(crate) fn statements() -> Vec<String> {
    let room = RoomUri::parse("mimi://islet.test/r/one").unwrap();
    let entry = Entry {
        seq: 1,
        kind: EventKind::MESSAGE,
        event: Bytes::new(),
        idempotency_key: None,
        attachment: None,
    };
    let head = LogHead {
        position: Position::origin(&room),
        generation: 0,
        epoch: 0,
        epoch_floor: 0,
        commit_seq: 0,
        fence: 0,
    };
    let built = [
        submitted_query(&[(1, [0; 16])]),
        event_insert(&[(1, &entry)]).unwrap(),
        recent::insert(&[(1, [0; 16], 1)]).unwrap(),
        head_update(&[(&room, head)]).unwrap(),
    ];
    built
        .into_iter()
        .map(sqlx::QueryBuilder::into_string)
        .collect()
}
