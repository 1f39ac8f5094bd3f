//! Followers of a room show each other its newest signed head, so that a hub that tells them two
//! histories is found though no message crosses (FED-6, HEAD-5).
//!
//! What was not shown yet is a set of rooms, at most those this server follows: a room enters it
//! when a newer head vouches for its copy, and leaves it when every other server of the room has
//! answered.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use holm_protocol::encoding::{decode, encode};
use holm_protocol::federation::{HeadsRequest, RoomHead};
use holm_protocol::limits::NOTIFY_ROOMS_MAX;
use holm_protocol::{Base64Url, Problem, RoomUri, ServerName, SignedHead};
use tokio::sync::Notify;

use crate::homeserver::{Homeserver, internal};
use crate::ports::{PeerError, StoredFork};
use crate::room::{Command, Heard};

/// Rooms whose head is to be shown to the other followers, and news of forks.
#[derive(Default)]
pub(crate) struct Heads {
    changed: Mutex<BTreeSet<RoomUri>>,
    found: Notify,
}

impl Heads {
    /// A newer head vouches for this server's copy of a room.
    pub(crate) fn changed(&self, room: &RoomUri) {
        self.lock().insert(room.clone());
    }

    /// Evidence of two histories was kept.
    pub(crate) fn found(&self) {
        self.found.notify_one();
    }

    fn take(&self) -> BTreeSet<RoomUri> {
        std::mem::take(&mut *self.lock())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeSet<RoomUri>> {
        self.changed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Homeserver {
    /// Rooms whose hub signed two histories, each with the proof (HEAD-8).
    pub async fn forks(&self) -> Result<Vec<StoredFork>, Problem> {
        self.ports.rooms.forks().await.map_err(|e| internal(&e))
    }

    /// Until a fork was found that [`Homeserver::forks`] has; at once if that was before.
    pub async fn fork_found(&self) {
        self.heads.found.notified().await;
    }

    /// All followed rooms are shown anew: after a start nobody knows what others have seen.
    pub(super) async fn show_all_heads(&self) {
        let Ok(rooms) = self.ports.rooms.all_rooms().await else {
            return;
        };
        let followed = rooms.into_iter().filter(|(_, hub, _)| hub != self.name());
        followed.for_each(|(room, _, _)| self.heads.changed(&room));
    }

    /// Has every changed head shown to the room's other followers.
    pub(super) async fn show_heads(&self) {
        let mut shown: BTreeMap<ServerName, Vec<RoomUri>> = BTreeMap::new();
        for room in self.heads.take() {
            let standing = match self.ports.rooms.standing(&room).await {
                Ok(Some(standing)) => standing,
                Ok(None) => continue,
                Err(error) => {
                    drop(internal(&error));
                    self.heads.changed(&room);
                    continue;
                }
            };
            let own = self.name();
            if standing.hub == *own {
                continue;
            }
            let others = standing.servers.into_iter();
            for server in others.filter(|s| s != own && *s != standing.hub) {
                shown.entry(server).or_default().push(room.clone());
            }
        }
        for (server, rooms) in shown {
            self.peer_work(&server).ask.show(rooms);
        }
    }

    /// Shows heads to another follower, and hears its own; the rooms it did not answer for yet.
    pub(super) async fn show_to(
        &self,
        server: &ServerName,
        rooms: BTreeSet<RoomUri>,
    ) -> Result<(), (Problem, BTreeSet<RoomUri>)> {
        let mut left = rooms;
        while !left.is_empty() {
            let page: Vec<_> = left.iter().take(NOTIFY_ROOMS_MAX).cloned().collect();
            if let Err(problem) = self.show_page(server, &page).await {
                return Err((problem, left));
            }
            left.retain(|room| !page.contains(room));
        }
        Ok(())
    }

    async fn show_page(&self, server: &ServerName, page: &[RoomUri]) -> Result<(), Problem> {
        let mut rooms = Vec::new();
        for room in page {
            let head = self.known_head(room).await?;
            let cursor = self.ports.log.head(room).await.map_err(|e| internal(&e))?;
            rooms.push(RoomHead {
                room: room.clone(),
                cursor: cursor.map_or(0, |head| head.position.seq),
                head: head.map(|head| encode(&head).into()),
            });
        }
        let request = HeadsRequest { rooms, since: None };
        let answer = self.ports.peers.heads(server, &request).await;
        let answer = answer.map_err(PeerError::into_problem)?;
        self.heard_from(server);
        let asked: BTreeSet<_> = page.iter().collect();
        for theirs in answer.rooms.iter().filter(|r| asked.contains(&r.room)) {
            self.hear_peer(&theirs.room, theirs.head.as_ref()).await?;
        }
        Ok(())
    }

    /// The newest signed head at hand: a room that is not active is not loaded for it.
    pub(super) async fn known_head(&self, room: &RoomUri) -> Result<Option<SignedHead>, Problem> {
        let bytes = match self.rooms.active(room) {
            Some(_) => self.local_head(room).await.ok(),
            None => self
                .ports
                .rooms
                .signed_head(room)
                .await
                .map_err(|e| internal(&e))?,
        };
        Ok(bytes.and_then(|bytes| decode(&bytes).ok()))
    }

    /// A peer named a head of a room that is common to both; a claim until it was verified.
    pub(super) async fn hear_peer(
        &self,
        room: &RoomUri,
        head: Option<&Base64Url>,
    ) -> Result<(), Problem> {
        let read = |bytes: &Base64Url| decode::<SignedHead>(bytes.as_slice()).ok();
        let Some(head) = head.and_then(read).filter(|h| h.head.room == *room) else {
            return Ok(());
        };
        let place = |h: &SignedHead| (h.head.term, h.head.seq, h.head.hash);
        let known = self.known_head(room).await?;
        if known.is_some_and(|known| place(&known) == place(&head)) {
            return Ok(());
        }
        let heard = vec![Heard::of_peer(head)];
        self.tell_room(room, Command::Hear { heard }).await
    }
}
