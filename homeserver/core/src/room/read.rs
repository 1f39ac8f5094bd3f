//! What a device reads of a room: events within its window, and the tree it joins with
//! (RM-4, RM-6, LOG-14).

use holm_protocol::encoding::decode;
use holm_protocol::limits::PAGE_EVENTS_MAX;
use holm_protocol::{Code, EventKind, Problem, RoomUri, SignedHead};
use tokio::sync::oneshot;

use super::command::{Command, Newest};
use super::device::{EventPage, TreePage};
use super::registry::stopping;
use super::state::unknown;
use crate::caller::Caller;
use crate::homeserver::{Homeserver, internal};
use crate::ports::first_open;

/// Age at which a follower asks the hub for a newer head, milliseconds (HEAD-9).
const FRESH_MS: u64 = 4 * 60 * 1_000;
/// Bytes of events in one page.
const PAGE_BYTES: usize = 1_024 * 1_024;

impl Homeserver {
    /// Events after `after`, within the caller's window.
    pub async fn events(
        &self,
        caller: &Caller,
        room: &RoomUri,
        after: u64,
        limit: usize,
    ) -> Result<EventPage, Problem> {
        let memberships = self.ports.rooms.memberships_in(&caller.device, room).await;
        let memberships = memberships.map_err(|e| internal(&e))?;
        let window =
            first_open(memberships, |m| m.is_over_at(after)).ok_or_else(|| unknown(room))?;
        let after = after.max(window.anchor.saturating_sub(1));
        let limit = limit.clamp(1, PAGE_EVENTS_MAX);
        let entries = self.ports.log.read(room, after, limit, PAGE_BYTES).await;
        let within = |seq: u64| window.until.is_none_or(|until| seq <= until);
        let entries = entries.map_err(|e| internal(&e))?;
        Ok(EventPage {
            events: entries
                .into_iter()
                .filter(|e| within(e.seq))
                .map(|e| e.event)
                .collect(),
            head: match window.until {
                Some(_) => None,
                None => Some(self.head(room).await?),
            },
        })
    }

    /// The tree after the commit `seq` that let the caller in.
    pub async fn tree(
        &self,
        caller: &Caller,
        room: &RoomUri,
        seq: u64,
    ) -> Result<TreePage, Problem> {
        let memberships = self.ports.rooms.memberships_in(&caller.device, room).await;
        let memberships = memberships.map_err(|e| internal(&e))?;
        let newest = memberships.last().ok_or_else(|| unknown(room))?.anchor;
        if seq == 0 || memberships.iter().all(|m| m.anchor != seq) {
            let text = format!("the tree kept for this device is that of {newest}");
            return Err(Problem::new(Code::NotFound, text));
        }
        let tree = self
            .ports
            .rooms
            .tree(room, seq)
            .await
            .map_err(|e| internal(&e))?;
        let entries = self
            .ports
            .log
            .read(room, seq - 1, 1, 1)
            .await
            .map_err(|e| internal(&e))?;
        let anchor = entries
            .into_iter()
            .find(|e| e.seq == seq && e.kind == EventKind::COMMIT);
        let interim = anchor.and_then(|e| e.attachment).map(|a| a.interim);
        let gone = || Problem::new(Code::Gone, "the tree is no longer kept; join again");
        Ok(TreePage {
            seq,
            tree: tree.ok_or_else(gone)?,
            interim: interim.ok_or_else(gone)?,
        })
    }

    /// The room's newest signed head; a follower asks the hub where it has none yet, or none that
    /// is fresh (HEAD-9).
    pub(crate) async fn head(&self, room: &RoomUri) -> Result<bytes::Bytes, Problem> {
        match self.local_head(room).await {
            Err(problem) if problem.code == Code::Unavailable => {
                self.catch_up_room(room).await?;
                self.local_head(room).await
            }
            Ok(head) if !self.is_fresh(&head) => match self.catch_up_room(room).await {
                Ok(()) => self.local_head(room).await,
                Err(_away) => Ok(head),
            },
            answer => answer,
        }
    }

    fn is_fresh(&self, head: &[u8]) -> bool {
        let time = decode::<SignedHead>(head).map_or(0, |signed| signed.head.time);
        self.now_ms().saturating_sub(time) < FRESH_MS
    }

    pub(crate) async fn local_head(&self, room: &RoomUri) -> Result<bytes::Bytes, Problem> {
        Ok(self.newest(room).await?.head)
    }

    /// The newest signed head known here, and the open orders.
    pub(crate) async fn newest(&self, room: &RoomUri) -> Result<Newest, Problem> {
        let (reply, answer) = oneshot::channel();
        self.tell_room(room, Command::Newest { reply }).await?;
        answer.await.map_err(|_ended| stopping())?
    }
}
