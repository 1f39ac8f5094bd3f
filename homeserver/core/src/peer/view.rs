//! What this server and its peers owe each other, for the operator: read, never changed.

use std::collections::BTreeMap;

use holm_protocol::{Problem, RoomUri, ServerName};

use crate::homeserver::{Homeserver, internal};
use crate::ports::PeerCursor;

/// What is owed in the rooms that this server and one peer have in common.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PeerView {
    /// Rooms of which this server is hub and in which the peer has a participant.
    pub rooms_brought: usize,
    /// Of these and of those it has left, rooms in which it is owed something.
    pub rooms_owed: usize,
    /// Events that it is owed, over all rooms.
    pub events_owed: u64,
    /// Rooms of which it did not take the events, so that they rest and are tried alone.
    pub rooms_resting: usize,
    /// Rooms of which the peer is hub.
    pub rooms_followed: usize,
    /// Of these, rooms with messages of this server's users that wait for it.
    pub rooms_held: usize,
    /// Bytes that it has made this server store (FED-24).
    pub stored_bytes: u64,
    /// Whether these are as many as it may; then what it brings is refused.
    pub is_over_stored: bool,
}

/// How one room stands with a peer.
struct Standing {
    cursor: PeerCursor,
    /// Number of the newest event.
    newest: u64,
}

impl Standing {
    /// Events that the peer is owed.
    fn owed(&self) -> u64 {
        let end = self.cursor.until.unwrap_or(self.newest);
        end.saturating_sub(self.cursor.cursor)
    }
}

impl PeerView {
    /// Counts a room of which this server is hub; its parts of the room, where it came back.
    fn count(&mut self, parts: &[Standing]) {
        let owed = parts.iter().map(Standing::owed).sum::<u64>();
        let is_in = parts.iter().any(|part| part.cursor.until.is_none());
        self.rooms_brought += usize::from(is_in);
        self.rooms_owed += usize::from(owed > 0);
        self.events_owed = self.events_owed.saturating_add(owed);
    }
}

impl Homeserver {
    /// What is owed to and by every server that has a room in common with this one, and what is
    /// stored because of it, also of one that has none any more. Cursors are
    /// those in the store, which a running call may be a second ahead of.
    pub async fn peer_views(&self) -> Result<BTreeMap<ServerName, PeerView>, Problem> {
        let stored = |e| internal(&e);
        let mut views: BTreeMap<ServerName, PeerView> = BTreeMap::new();
        for (_, hub, _) in self.ports.rooms.all_rooms().await.map_err(stored)? {
            if hub != *self.name() {
                views.entry(hub).or_default().rooms_followed += 1;
            }
        }
        for (_, hub) in self.ports.held.held_rooms().await.map_err(stored)? {
            views.entry(hub).or_default().rooms_held += 1;
        }
        for server in self.ports.rooms.peer_servers().await.map_err(stored)? {
            let standings = self.standings(&server).await?;
            let resting = self.outbound.known(&server);
            let view = views.entry(server).or_default();
            for parts in standings.chunk_by(|a, b| a.cursor.room == b.cursor.room) {
                view.count(parts);
            }
            view.rooms_resting = resting.map_or(0, |work| work.wake.resting());
        }
        for (server, bytes) in self.ports.log.stored_by_server() {
            let view = views.entry(server).or_default();
            view.stored_bytes = bytes;
            view.is_over_stored = self.is_over_stored(bytes);
        }
        Ok(views)
    }

    /// Asks the store for something, to know that it works.
    pub async fn store_answers(&self) -> Result<(), Problem> {
        let nothing = RoomUri::new(self.name(), "health");
        let Ok(nothing) = nothing else { return Ok(()) };
        let head = self.ports.log.head(&nothing).await;
        head.map(drop).map_err(|e| internal(&e))
    }

    /// By the operator's word: what waits for a peer is tried now, rooms that rest included.
    pub fn retry_now(&self, server: &ServerName) {
        if let Some(work) = self.outbound.known(server) {
            work.wake.all_rested();
        }
        self.heard_from(server);
        self.ask_heads(server);
    }

    /// How the rooms that are brought to a peer stand.
    async fn standings(&self, server: &ServerName) -> Result<Vec<Standing>, Problem> {
        let cursors = self.ports.rooms.rooms_of_peer(server).await;
        let mut standings = Vec::new();
        for cursor in cursors.map_err(|e| internal(&e))? {
            let newest = self.newest_seq(&cursor.room).await?;
            standings.push(Standing { cursor, newest });
        }
        Ok(standings)
    }

    async fn newest_seq(&self, room: &RoomUri) -> Result<u64, Problem> {
        let active = self.rooms.active(room).and_then(|room| room.tail.head());
        if let Some(seq) = active {
            return Ok(seq);
        }
        let head = self.ports.log.head(room).await.map_err(|e| internal(&e))?;
        Ok(head.map_or(0, |head| head.position.seq))
    }
}

#[cfg(test)]
mod tests {
    use holm_protocol::{RoomUri, ServerName};

    use super::{PeerView, Standing};
    use crate::ports::PeerCursor;

    fn standing(cursor: u64, until: Option<u64>, newest: u64) -> Standing {
        Standing {
            cursor: PeerCursor {
                room: RoomUri::parse("mimi://islet.test/r/a").unwrap(),
                server: ServerName::parse("skerry.test").unwrap(),
                anchor: 1,
                until,
                cursor,
            },
            newest,
        }
    }

    // FED-5, FED-7
    #[test]
    fn a_peer_is_owed_what_follows_its_cursor_and_nothing_after_its_end() {
        let mut view = PeerView::default();
        let came_back = [standing(3, Some(5), 10), standing(8, None, 10)];
        let rooms: [&[Standing]; 5] = [
            &[standing(7, None, 10)],
            &[standing(10, None, 10)],
            &[standing(3, Some(5), 10)],
            &[standing(5, Some(5), 10)],
            &came_back,
        ];
        for parts in rooms {
            view.count(parts);
        }
        let PeerView {
            rooms_brought,
            rooms_owed,
            events_owed,
            ..
        } = view;
        assert_eq!((rooms_brought, rooms_owed, events_owed), (3, 3, 9));
    }
}
