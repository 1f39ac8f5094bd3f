//! Watermarks of devices and cursors of peers: how far each has got. They only grow (RM-2,
//! FED-5).
//!
//! They come often and each is small, so the writer raises all that wait with one statement a
//! kind, in the transaction of the appends that wait beside them.

use std::collections::BTreeMap;

use holm_protocol::{DeviceUri, RoomUri, ServerName};
use serde_json::{Value, json};
use sqlx::SqliteConnection;

use crate::sqlite::failure::Failure;

/// One watermark to be raised.
pub(crate) enum Mark {
    /// `delivered` and `read` of a device in a room.
    Device(DeviceUri, RoomUri, u64, u64),
    /// A peer's cursor in a room.
    Peer(ServerName, RoomUri, u64),
}

/// The largest numbers for each name and room.
type Highest = BTreeMap<(String, RoomUri), (i64, i64)>;

/// Raises watermarks; what is not there or is as high already stays.
pub(crate) async fn raise(
    connection: &mut SqliteConnection,
    marks: Vec<Mark>,
) -> Result<(), Failure> {
    let (mut devices, mut peers) = (Highest::new(), Highest::new());
    for mark in marks {
        match mark {
            Mark::Device(device, room, delivered, read) => {
                add(&mut devices, (device.into(), room), (delivered, read));
            }
            Mark::Peer(server, room, cursor) => {
                add(&mut peers, (server.into(), room), (cursor, 0));
            }
        }
    }
    for (sql, marks) in [(RAISE_DEVICES, devices), (RAISE_PEERS, peers)] {
        if !marks.is_empty() {
            let query = sqlx::query(sql).bind(rows(&marks));
            query.execute(&mut *connection).await?;
        }
    }
    Ok(())
}

fn add(highest: &mut Highest, key: (String, RoomUri), (first, second): (u64, u64)) {
    let mark = highest.entry(key).or_default();
    *mark = (mark.0.max(clamped(first)), mark.1.max(clamped(second)));
}

/// JSON that `json_each` takes apart: an array of `[name, room, number, number]`.
fn rows(marks: &Highest) -> String {
    let row = |((name, room), (first, second)): (&(String, RoomUri), &(i64, i64))| {
        json!([name, room.as_str(), first, second])
    };
    marks.iter().map(row).collect::<Value>().to_string()
}

/// A watermark never passes what exists, so that a larger number means the largest.
fn clamped(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Marks end where the membership ends; one before its anchor is about an older one.
const RAISE_DEVICES: &str = "UPDATE membership SET \
     delivered = max(delivered, min(mark.value ->> 2, coalesce(until, mark.value ->> 2))), \
     read = max(read, min(mark.value ->> 3, coalesce(until, mark.value ->> 3))) \
     FROM json_each(?1) AS mark \
     WHERE membership.device = mark.value ->> 0 AND membership.room = mark.value ->> 1 \
     AND membership.anchor <= mark.value ->> 2";

/// Cursors end where the peer's part ends.
const RAISE_PEERS: &str = "UPDATE peer SET \
     cursor = max(cursor, min(mark.value ->> 2, coalesce(until, mark.value ->> 2))) \
     FROM json_each(?1) AS mark \
     WHERE peer.server = mark.value ->> 0 AND peer.room = mark.value ->> 1 \
     AND peer.anchor <= mark.value ->> 2";

/// For the test that prepares every statement.
#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[RAISE_DEVICES, RAISE_PEERS];
