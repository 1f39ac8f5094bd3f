//! A run of a room's log for one peer, with the Welcomes and trees that are its to have.

use bytes::Bytes;
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
        if let Some(page) = self.live_page(cursor).await? {
            return Ok(page);
        }
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
        let events = entries.into_iter().map(|e| e.event).collect();
        self.page_of(cursor, events, anchors).await
    }

    /// The page of a peer that is nearly up to date: all of it is in memory.
    async fn live_page(&self, cursor: &PeerCursor) -> Result<Option<LogPage>, Problem> {
        let tail = self.rooms.active(&cursor.room).map(|handle| handle.tail);
        let read =
            tail.and_then(|tail| tail.read_plain(cursor.cursor, PAGE_EVENTS_MAX, PAGE_BYTES));
        let (Some(read), None) = (read, cursor.until) else {
            return Ok(None);
        };
        let events = read.into_iter().map(|(_, event)| event).collect();
        self.page_of(cursor, events, Vec::new()).await.map(Some)
    }

    async fn page_of(
        &self,
        cursor: &PeerCursor,
        events: Vec<Bytes>,
        anchors: Vec<Anchor>,
    ) -> Result<LogPage, Problem> {
        let newest = self.newest(&cursor.room).await?;
        let orders = match cursor.until {
            None => newest.orders,
            Some(_) => Vec::new(),
        };
        Ok(LogPage {
            room: cursor.room.clone(),
            head: newest.head.into(),
            events: events.into_iter().map(Into::into).collect(),
            anchors,
            orders: orders.into_iter().map(Into::into).collect(),
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
