//! What `holm demo` tells.

use std::fmt;
use std::path::PathBuf;

use holm_protocol::ServerName;
use serde::Serialize;

use crate::failure::Outcome;

/// An event of `holm demo --json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(super) enum DemoEvent {
    /// A server is up.
    Server {
        domain: ServerName,
        pid: u32,
        url: String,
        data: PathBuf,
    },
    /// One step of a message's way.
    Hop {
        /// The server or person that took it.
        by: String,
        hop: String,
        text: String,
    },
    /// Somebody's device decrypted a message.
    Message {
        reader: String,
        sender: String,
        seq: Option<u64>,
        text: String,
    },
    /// The conversation is over.
    Summary(Summary),
}

/// What came of the conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Summary {
    pub(super) users: usize,
    pub(super) servers: usize,
    pub(super) messages: usize,
    /// Messages that the other person's device decrypted.
    pub(super) deliveries: usize,
    pub(super) lost: usize,
    /// Lines of either transcript that are not what was said.
    pub(super) differences: usize,
    pub(super) elapsed_ms: u128,
}

impl Summary {
    pub(super) fn outcome(&self) -> Outcome {
        match self.lost == 0 && self.differences == 0 {
            true => Outcome::Fine,
            false => Outcome::Finding,
        }
    }
}

/// There is one room in the demo, so people need not read its URI.
fn without_room(text: &str) -> String {
    let is_room = |word: &&str| word.starts_with("mimi://") && word.contains("/r/");
    match text.split([' ', ',', ';']).find(is_room) {
        Some(room) => text
            .replace(&format!("room {room}"), "the room")
            .replace(room, "the room"),
        None => text.to_owned(),
    }
}

impl fmt::Display for DemoEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Server {
                domain,
                pid,
                url,
                data,
            } => write!(
                f,
                "{domain} is up: process {pid}, {url}, data in {}",
                data.display()
            ),
            Self::Hop { by, text, .. } => write!(f, "  {by}: {}", without_room(text)),
            Self::Message {
                reader,
                sender,
                text,
                ..
            } => write!(f, "{reader} reads from {sender}: {text}"),
            Self::Summary(s) => write!(
                f,
                "\n{} messages between {} users on {} servers in {:.1} s: {} delivered, {} lost, \
                 {} differences.",
                s.messages,
                s.users,
                s.servers,
                f64::from(u32::try_from(s.elapsed_ms).unwrap_or(u32::MAX)) / 1_000.0,
                s.deliveries,
                s.lost,
                s.differences
            ),
        }
    }
}
