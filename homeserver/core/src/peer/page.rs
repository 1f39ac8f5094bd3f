//! A run of a room's log for one peer, with the Welcomes and trees that are its to have.

use holm_protocol::federation::{Anchor, LogPage};
use holm_protocol::limits::PAGE_EVENTS_MAX;
use holm_protocol::{Problem, RoomUri, ServerName};

use crate::homeserver::{Homeserver, internal};
use crate::ports::{PeerCursor, StoredEntry};

/// Raw bytes of events in one page; base64, Welcomes and tree still fit the body's limit.
const PAGE_BYTES: usize = 512 * 1_024;

impl Homeserver {
    /// What follows a peer's cursor; without events where there is nothing.
    pub(super) async fn page_for(&self, cursor: &PeerCursor) -> Result<LogPage, Problem> {
        let room = &cursor.room;
        let read = self
            .ports
            .log
            .read(room, cursor.cursor, PAGE_EVENTS_MAX, PAGE_BYTES)
            .await;
        let mut entries = read.map_err(|e| internal(&e))?;
        entries.retain(|e| cursor.until.is_none_or(|until| e.seq <= until));
        // An anchor travels alone: with tree and Welcome it may be large.
        let anchor = entries
            .iter()
            .position(|e| is_anchor_for(e, &cursor.server));
        entries.truncate(anchor.map_or(entries.len(), |index| index + 1));
        let mut anchors = Vec::new();
        for entry in &entries {
            anchors.extend(self.anchor_for(room, entry, cursor).await?);
        }
        let orders = match cursor.until {
            None => self
                .ports
                .rooms
                .open_orders(room)
                .await
                .map_err(|e| internal(&e))?,
            Some(_) => Vec::new(),
        };
        Ok(LogPage {
            room: room.clone(),
            head: self.local_head(room).await?.into(),
            events: entries.into_iter().map(|e| e.event.into()).collect(),
            anchors,
            orders: orders.into_iter().map(|o| o.bytes.into()).collect(),
        })
    }

    async fn anchor_for(
        &self,
        room: &RoomUri,
        entry: &StoredEntry,
        cursor: &PeerCursor,
    ) -> Result<Option<Anchor>, Problem> {
        let attachment = entry.attachment.as_ref();
        let Some(attachment) = attachment.filter(|a| a.servers.contains(&cursor.server)) else {
            return Ok(None);
        };
        let tree = match entry.seq == cursor.anchor {
            true => self
                .ports
                .rooms
                .tree(room, entry.seq)
                .await
                .map_err(|e| internal(&e))?,
            false => None,
        };
        Ok(Some(Anchor {
            seq: entry.seq,
            welcome: attachment.welcome.clone().into(),
            interim: attachment.interim,
            tree: tree.map(Into::into),
        }))
    }
}

fn is_anchor_for(entry: &StoredEntry, server: &ServerName) -> bool {
    entry
        .attachment
        .as_ref()
        .is_some_and(|a| a.servers.contains(server))
}
