//! How far one peer has got, as the task that brings it events knows it.
//!
//! The store has the same, later: a cursor that a crash loses is brought again and answered with
//! the follower's own (FED-5), so it is written once a second and not once a request.

use std::collections::BTreeMap;
use std::time::Duration;

use holm_protocol::RoomUri;
use tokio::time::Instant;

use crate::ports::{PeerCursor, first_open};

/// How long a cursor may wait for its durable write.
const WRITE_AFTER: Duration = Duration::from_secs(1);
/// Rooms remembered; past it all are asked for again.
const ROOMS_MAX: usize = 4_096;

/// The cursors of one peer.
#[derive(Default)]
pub(super) struct Cursors {
    known: BTreeMap<RoomUri, (PeerCursor, u64)>,
    unwritten: BTreeMap<RoomUri, u64>,
    due: Option<Instant>,
}

impl Cursors {
    /// The cursor of a room, where it is known and no commit came after `commit_seq`: a commit
    /// may end a peer's part, or begin a new one.
    pub(super) fn get(&self, room: &RoomUri, commit_seq: u64) -> Option<PeerCursor> {
        let (cursor, learned) = self.known.get(room)?;
        (*learned == commit_seq).then(|| cursor.clone())
    }

    /// What the store says of a room after `commit_seq`, oldest first: the peer goes on in the
    /// first part that it has not got to the end of. What is not written yet goes further.
    pub(super) fn learn(
        &mut self,
        mut stored: Vec<PeerCursor>,
        commit_seq: u64,
    ) -> Option<PeerCursor> {
        if self.known.len() >= ROOMS_MAX {
            self.known.clear();
        }
        for part in &mut stored {
            let further = self.unwritten.get(&part.room).copied().unwrap_or_default();
            let end = part.until.unwrap_or(u64::MAX);
            part.cursor = part.cursor.max(further.min(end));
        }
        let cursor = first_open(stored, |part| part.is_over_at(part.cursor))?;
        let learned = (cursor.clone(), commit_seq);
        self.known.insert(cursor.room.clone(), learned);
        Some(cursor)
    }

    /// The peer has a room durably up to `cursor`; past the end of its part another may begin.
    pub(super) fn advance(&mut self, room: &RoomUri, cursor: u64, now: Instant) {
        if let Some((known, _)) = self.known.get_mut(room) {
            known.cursor = known.cursor.max(cursor);
            if known.is_over_at(cursor) {
                self.known.remove(room);
            }
        }
        let unwritten = self.unwritten.entry(room.clone()).or_default();
        *unwritten = (*unwritten).max(cursor);
        self.due.get_or_insert(now + WRITE_AFTER);
    }

    /// When something has to be written.
    pub(super) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// What has to be written; kept until [`Cursors::written`].
    pub(super) fn unwritten(&self) -> Vec<(RoomUri, u64)> {
        let rooms = self.unwritten.iter();
        rooms
            .map(|(room, cursor)| (room.clone(), *cursor))
            .collect()
    }

    /// All of it has been written, or has to be tried again.
    pub(super) fn written(&mut self, done: bool, now: Instant) {
        self.due = (!done).then(|| now + WRITE_AFTER);
        if done {
            self.unwritten.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use holm_protocol::{RoomUri, ServerName};
    use tokio::time::Instant;

    use super::Cursors;
    use crate::ports::PeerCursor;

    fn stored(cursor: u64) -> PeerCursor {
        PeerCursor {
            room: RoomUri::parse("mimi://islet.test/r/a").unwrap(),
            server: ServerName::parse("skerry.test").unwrap(),
            anchor: 1,
            until: None,
            cursor,
        }
    }

    // FED-5
    #[test]
    fn a_cursor_that_waits_for_its_write_is_not_taken_back() {
        let (mut cursors, now, room) = (Cursors::default(), Instant::now(), stored(0).room);
        let learned = |cursors: &mut Cursors, seq| {
            let cursor = cursors.learn(vec![stored(3)], seq);
            cursor.map(|c| c.cursor)
        };
        assert_eq!(learned(&mut cursors, 1), Some(3));
        cursors.advance(&room, 7, now);
        assert_eq!(cursors.get(&room, 1).map(|c| c.cursor), Some(7));
        assert_eq!(cursors.get(&room, 2), None);
        assert_eq!(learned(&mut cursors, 2), Some(7));
        assert_eq!(cursors.unwritten(), [(room.clone(), 7)]);
        cursors.written(false, now);
        assert_eq!(cursors.unwritten().len(), 1);
        assert!(cursors.due().is_some());
        cursors.written(true, now);
        assert!(cursors.unwritten().is_empty() && cursors.due().is_none());
    }

    // FED-5, FED-7
    #[test]
    fn a_peer_that_came_back_goes_on_where_it_was_and_then_anew() {
        let (mut cursors, now, room) = (Cursors::default(), Instant::now(), stored(0).room);
        let parts = vec![
            PeerCursor {
                until: Some(5),
                ..stored(3)
            },
            PeerCursor {
                anchor: 9,
                ..stored(8)
            },
        ];
        let anchor = |cursor: Option<PeerCursor>| cursor.map(|c| (c.anchor, c.cursor));
        assert_eq!(anchor(cursors.learn(parts.clone(), 9)), Some((1, 3)));
        cursors.advance(&room, 4, now);
        assert_eq!(anchor(cursors.get(&room, 9)), Some((1, 4)));
        cursors.advance(&room, 5, now);
        assert_eq!(cursors.get(&room, 9), None);
        assert_eq!(anchor(cursors.learn(parts, 9)), Some((9, 8)));
    }
}
