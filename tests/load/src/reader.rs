//! A device that reads a room to its end and holds each event against what was written.

use std::time::Duration;

use holm_protocol::RoomUri;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::line::Line;
use crate::stage::People;
use crate::way::Way;
use crate::writer::Writer;

/// How long a reader waits for the next event.
const NEXT: Duration = Duration::from_mins(1);

/// What readers found.
#[derive(Default)]
pub(crate) struct Found {
    read: u64,
    wrong: u64,
    problems: u64,
}

impl Found {
    /// Held against what was written.
    pub(crate) fn against(&self, writers: &[Writer]) -> Value {
        let sum = |f: fn(&Writer) -> u64| writers.iter().map(f).sum::<u64>();
        let said = sum(|w| w.said);
        json!({
            "lost": said - self.read.min(said),
            "not_acknowledged": said - sum(|w| w.line.sent),
            "out_of_order_or_twice": self.wrong + sum(|w| w.line.disorder),
            "errors": self.problems + sum(|w| w.line.problems),
        })
    }
}

/// The second of each pair reads from the first message on, until it has as many as the writer
/// has written.
pub(crate) async fn read_all(way: &Way, pairs: &[People], writers: &[Writer]) -> Found {
    let mut reading = JoinSet::new();
    for ((_, reader, room), writer) in pairs.iter().zip(writers) {
        let (way, token, room) = (way.clone(), reader.token.clone(), room.clone());
        let messages = writer.said;
        reading.spawn(async move { read(&way, &token, &room, messages).await });
    }
    let mut all = Found::default();
    for found in reading.join_all().await {
        all.read += found.read;
        all.wrong += found.wrong;
        all.problems += found.problems;
    }
    all
}

async fn read(way: &Way, token: &str, room: &RoomUri, messages: u64) -> Found {
    let mut line = Line::open(way, token, Some(room)).await;
    let (mut found, mut events) = (Found::default(), Vec::new());
    while found.read < messages {
        if timeout(NEXT, line.events(&mut events)).await.is_err() {
            eprintln!("{room}: {} of {messages} read", found.read);
            break;
        }
        for event in events.drain(..) {
            found.wrong += u64::from(event.stamp.number != found.read);
            found.read += 1;
        }
        line.acknowledge().await;
    }
    found.wrong += line.disorder;
    found.problems = line.problems;
    found
}
