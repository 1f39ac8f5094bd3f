//! Pulling what was missed, without anybody speaking (FED-6, FED-7).

use std::collections::BTreeMap;

use holm_protocol::federation::{HeadsRequest, RoomHead};
use holm_protocol::limits::NOTIFY_ROOMS_MAX;
use holm_protocol::{Code, Problem, RoomUri, ServerName};

use crate::homeserver::{Homeserver, internal};
use crate::ports::PeerError;
use crate::room::unknown;

/// Pages pulled in one go; a hub that never ends is left for the next round.
const PAGES_MAX: usize = 1_000;

impl Homeserver {
    /// Compares heads with every hub this server follows, and pulls what is missing.
    pub(super) async fn catch_up(&self) {
        let rooms = match self.ports.rooms.all_rooms().await {
            Ok(rooms) => rooms,
            Err(error) => return drop(internal(&error)),
        };
        let mut by_hub: BTreeMap<ServerName, Vec<RoomUri>> = BTreeMap::new();
        for (room, hub, _) in rooms.into_iter().filter(|(_, hub, _)| hub != self.name()) {
            by_hub.entry(hub).or_default().push(room);
        }
        for (hub, rooms) in by_hub {
            for page in rooms.chunks(NOTIFY_ROOMS_MAX) {
                if let Err(problem) = self.compare(&hub, page).await {
                    tracing::info!(%hub, %problem, "heads could not be compared; tried again later");
                    break;
                }
            }
        }
    }

    async fn compare(&self, hub: &ServerName, rooms: &[RoomUri]) -> Result<(), Problem> {
        let mut ours = Vec::with_capacity(rooms.len());
        for room in rooms {
            let cursor = self.cursor(room).await?;
            ours.push(RoomHead {
                room: room.clone(),
                cursor,
                head: None,
            });
        }
        let cursors: BTreeMap<_, _> = ours.iter().map(|h| (h.room.clone(), h.cursor)).collect();
        let request = HeadsRequest {
            rooms: ours,
            since: None,
        };
        let answer = self
            .ports
            .peers
            .heads(hub, &request)
            .await
            .map_err(PeerError::into_problem)?;
        for theirs in answer.rooms {
            let behind = cursors
                .get(&theirs.room)
                .is_some_and(|ours| *ours < theirs.cursor);
            if behind && let Err(problem) = self.pull(hub, &theirs.room).await {
                tracing::warn!(%hub, room = %theirs.room, %problem, "pulling a room failed");
            }
        }
        Ok(())
    }

    /// Pulls one followed room until nothing is missing.
    pub(crate) async fn catch_up_room(&self, room: &RoomUri) -> Result<(), Problem> {
        let record = self
            .ports
            .rooms
            .room(room)
            .await
            .map_err(|e| internal(&e))?;
        let hub = record.ok_or_else(|| unknown(room))?.hub;
        match hub == *self.name() {
            true => Ok(()),
            false => self.pull(&hub, room).await,
        }
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
