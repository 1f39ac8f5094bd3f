//! Lists handed to one statement: JSON that `json_each` takes apart.
//!
//! So the statement's text stays the same whatever the length of the list, and nothing but
//! parameters ever stands in it.

use std::collections::BTreeMap;

use holm_protocol::RoomUri;
use serde_json::{Value, json};

/// An array of names.
pub(super) fn names<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    names.into_iter().collect::<Value>().to_string()
}

/// An array of `[room, number, number]`, one a room with the largest numbers.
pub(super) fn highest(marks: impl IntoIterator<Item = (RoomUri, u64, u64)>) -> String {
    let mut rooms = BTreeMap::<RoomUri, (i64, i64)>::new();
    for (room, first, second) in marks {
        let (first, second) = (clamped(first), clamped(second));
        let highest = rooms.entry(room).or_default();
        *highest = (highest.0.max(first), highest.1.max(second));
    }
    let rows = rooms
        .iter()
        .map(|(room, (first, second))| json!([room.as_str(), first, second]));
    Value::Array(rows.collect()).to_string()
}

/// A watermark never passes what exists, so that a larger number means the largest.
fn clamped(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
