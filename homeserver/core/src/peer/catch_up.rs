//! Pulling what was missed, without anybody speaking (FED-6, FED-7).

use std::collections::{BTreeMap, BTreeSet};

use futures::StreamExt;
use holm_protocol::encoding::encode;
use holm_protocol::federation::{HeadsRequest, RoomHead};
use holm_protocol::limits::NOTIFY_ROOMS_MAX;
use holm_protocol::{Code, Problem, RoomUri, ServerName};

use crate::homeserver::{Homeserver, internal};
use crate::ports::PeerError;
use crate::room::unknown;

/// Pages pulled in one go; a hub that never ends is left for the next round.
const PAGES_MAX: usize = 1_000;
/// Rooms pulled from one hub at a time.
const PULLS_MAX: usize = 4;

impl Homeserver {
    /// Has heads compared with every server that has a room in common with this one.
    pub(super) async fn catch_up(&self) {
        let rooms = self.ports.rooms.all_rooms().await;
        let peers = self.ports.rooms.peer_servers().await;
        let (rooms, peers) = match (rooms, peers) {
            (Ok(rooms), Ok(peers)) => (rooms, peers),
            (Err(error), _) | (_, Err(error)) => return drop(internal(&error)),
        };
        let hubs = rooms.into_iter().map(|(_, hub, _)| hub);
        let servers: BTreeSet<_> = hubs.filter(|hub| hub != self.name()).chain(peers).collect();
        for server in &servers {
            self.ask_heads(server);
        }
    }

    /// Compares heads with one peer, and pulls what is missing of the rooms it is hub of. Of the
    /// rooms it follows it gets one page: what it is owed is brought anyway, and it learns that
    /// this server is there.
    pub(super) async fn compare_with(&self, server: &ServerName) -> Result<(), Problem> {
        let stored = |e| internal(&e);
        let rooms = self.ports.rooms.all_rooms().await.map_err(stored)?;
        let followed = rooms.into_iter().filter(|(_, hub, _)| hub == server);
        let followed: Vec<_> = followed.map(|(room, _, _)| room).collect();
        let brought = self.ports.rooms.rooms_of_peer(server).await;
        let brought = brought.map_err(stored)?.into_iter();
        let live = brought.filter(|c| !c.is_over_at(c.cursor));
        let brought: BTreeSet<_> = live.map(|c| c.room).collect();
        let brought: Vec<_> = brought.into_iter().take(NOTIFY_ROOMS_MAX).collect();
        for page in followed.chunks(NOTIFY_ROOMS_MAX) {
            self.compare(server, page).await?;
        }
        match brought.is_empty() {
            true => Ok(()),
            false => self.compare(server, &brought).await,
        }
    }

    async fn compare(&self, server: &ServerName, rooms: &[RoomUri]) -> Result<(), Problem> {
        let mut cursors = BTreeMap::new();
        let mut asked = Vec::new();
        for room in rooms {
            let cursor = self.cursor(room).await?;
            cursors.insert(room.clone(), cursor);
            let head = self.known_head(room).await?;
            asked.push(RoomHead {
                room: room.clone(),
                cursor,
                head: head.map(|head| encode(&head).into()),
            });
        }
        let request = HeadsRequest {
            rooms: asked,
            since: None,
        };
        let answer = self.ports.peers.heads(server, &request).await;
        let answer = answer.map_err(PeerError::into_problem)?;
        self.heard_from(server);
        for theirs in answer
            .rooms
            .iter()
            .filter(|r| cursors.contains_key(&r.room))
        {
            self.hear_peer(&theirs.room, theirs.head.as_ref()).await?;
        }
        let is_behind = |theirs: &RoomHead| {
            let ours = cursors.get(&theirs.room);
            ours.is_some_and(|ours| *ours < theirs.cursor)
        };
        let behind = answer.rooms.into_iter().filter(is_behind);
        self.pull_all(server, behind.map(|theirs| theirs.room))
            .await;
        Ok(())
    }

    /// Pulls rooms from their hub, a few at a time, each on its own.
    pub(super) async fn pull_all(
        &self,
        hub: &ServerName,
        rooms: impl IntoIterator<Item = RoomUri>,
    ) {
        let pulls = rooms.into_iter().map(|room| async move {
            if let Err(problem) = self.catch_up_room(&room).await {
                tracing::warn!(%hub, %room, reason = %problem,
                    "the room is not up to date; it is pulled again later, others go on");
            }
        });
        futures::stream::iter(pulls)
            .for_each_concurrent(PULLS_MAX, |pull| pull)
            .await;
    }

    /// Pulls one followed room until nothing is missing.
    pub(crate) async fn catch_up_room(&self, room: &RoomUri) -> Result<(), Problem> {
        let record = self
            .ports
            .rooms
            .room(room)
            .await
            .map_err(|e| internal(&e))?;
        let record = record.ok_or_else(|| unknown(room))?;
        if record.hub == *self.name() || record.stopped.is_some() {
            return Ok(());
        }
        // What could not be stored is not asked for.
        self.check_stored(&record.hub)?;
        self.pull(&record.hub, room).await
    }

    async fn pull(&self, hub: &ServerName, room: &RoomUri) -> Result<(), Problem> {
        for _ in 0..PAGES_MAX {
            let after = self.cursor(room).await?;
            let page = self.ports.peers.events(hub, room, after).await;
            let page = page.map_err(PeerError::into_problem)?;
            if page.room != *room {
                let text = format!("{hub} answered with another room");
                return Err(Problem::new(Code::PeerRefused, text));
            }
            let empty = page.events.is_empty();
            let (cursor, problem) = self.apply_page(hub, page).await?;
            if let Some(problem) = problem {
                return Err(problem);
            }
            if empty || cursor <= after {
                return Ok(());
            }
        }
        Ok(())
    }

    async fn cursor(&self, room: &RoomUri) -> Result<u64, Problem> {
        let head = self.ports.log.head(room).await.map_err(|e| internal(&e))?;
        Ok(head.map_or(0, |h| h.position.seq))
    }
}
