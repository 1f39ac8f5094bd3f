//! A room's state in memory: the head of its log and the public side of its group.
//!
//! It is made from the last snapshot by replaying the commits after it, so losing it costs time
//! and nothing else.

use std::collections::BTreeSet;

use bytes::Bytes;
use holm_mls::public_room::PublicRoom;
use holm_protocol::bundle::CommitBody;
use holm_protocol::encoding::{decode, encode};
use holm_protocol::event::Event;
use holm_protocol::mls_header::MlsHeader;
use holm_protocol::{
    Code, DeviceUri, EventKind, Problem, RoomUri, ServerName, SignedHead, SignedOrder,
};

use super::fold::Change;
use super::witness::Witness;
use crate::homeserver::{Homeserver, internal};
use crate::ports::{LogHead, RoomRecord, StoredEntry};

/// Events read at once while replaying.
const REPLAY_PAGE: usize = 256;
/// Bytes read at once while replaying.
const REPLAY_BYTES: usize = 4 * 1_024 * 1_024;

/// A room as its task holds it.
pub(crate) struct RoomState {
    /// The server that orders it.
    pub(crate) hub: ServerName,
    /// The log's head.
    pub(crate) head: LogHead,
    /// The public side of the group.
    pub(crate) group: PublicRoom,
    /// Orders that wait for their commit.
    pub(crate) orders: Vec<SignedOrder>,
    /// Why the room is set aside.
    pub(crate) stopped: Option<String>,
    /// The newest signed head of a remote hub.
    pub(crate) hub_head: Option<(u64, Bytes)>,
    /// The last head this hub signed.
    pub(crate) signed_head: Option<SignedHead>,
    /// What signed heads say of this copy.
    pub(crate) witness: Witness,
}

impl RoomState {
    /// Loads snapshot and head, and replays the commits between.
    pub(super) async fn load(homeserver: &Homeserver, room: &RoomUri) -> Result<Self, Problem> {
        let ports = &homeserver.ports;
        let record = ports.rooms.room(room).await.map_err(|e| internal(&e))?;
        let record = record.ok_or_else(|| unknown(room))?;
        let fence = ports.log.take_over(room).await.map_err(|e| internal(&e))?;
        let head = ports.log.head(room).await.map_err(|e| internal(&e))?;
        let head = head.ok_or_else(|| unknown(room))?;
        let orders = ports
            .rooms
            .open_orders(room)
            .await
            .map_err(|e| internal(&e))?;
        let read = |o: &crate::ports::StoredOrder| holm_protocol::encoding::decode(&o.bytes).ok();
        let kept = ports
            .rooms
            .signed_head(room)
            .await
            .map_err(|e| internal(&e))?;
        let vouched: Option<SignedHead> = kept.and_then(|bytes| decode(&bytes).ok());
        let group = PublicRoom::load(&record.snapshot).map_err(|e| {
            tracing::error!(%room, error = %e, "the room's snapshot cannot be read");
            Problem::new(Code::Internal, "the room's state cannot be read here")
        })?;
        let mut state = Self {
            hub: record.hub.clone(),
            head: LogHead { fence, ..head },
            group,
            orders: orders.iter().filter_map(read).collect(),
            stopped: record.stopped.clone(),
            hub_head: vouched
                .as_ref()
                .map(|h| (h.head.seq, Bytes::from(encode(h)))),
            signed_head: None,
            witness: Witness::new(vouched),
        };
        state.replay(homeserver, &record).await?;
        Ok(state)
    }

    /// Whether this server is the hub.
    pub(crate) fn is_hub(&self, own: &ServerName) -> bool {
        self.hub == *own
    }

    /// The other server because of which what `bringer` brings is stored here (FED-24): a
    /// follower's copy is its hub's, whoever wrote.
    pub(crate) fn payer(&self, own: &ServerName, bringer: ServerName) -> Option<ServerName> {
        let payer = if self.is_hub(own) {
            bringer
        } else {
            self.hub.clone()
        };
        (payer != *own).then_some(payer)
    }

    /// This server's devices in the group.
    pub(crate) fn local_devices(&self, own: &ServerName) -> Vec<DeviceUri> {
        let devices = self.group.view().leaves.iter().map(|l| &l.identity.device);
        devices
            .filter(|d| d.domain() == own.as_str())
            .cloned()
            .collect()
    }

    /// All servers with a participant.
    pub(crate) fn servers(&self) -> BTreeSet<ServerName> {
        self.group
            .view()
            .leaves
            .iter()
            .map(|l| l.identity.device.server())
            .collect()
    }

    /// Whether a server has a participant.
    pub(crate) fn has_server(&self, server: &ServerName) -> bool {
        let leaves = &self.group.view().leaves;
        leaves
            .iter()
            .any(|l| l.identity.device.domain() == server.as_str())
    }

    /// Commits past the snapshot: merged and folded again.
    async fn replay(
        &mut self,
        homeserver: &Homeserver,
        record: &RoomRecord,
    ) -> Result<(), Problem> {
        let mut after = record.folded_seq;
        while after < self.head.commit_seq {
            let page = homeserver
                .ports
                .log
                .read(&record.room, after, REPLAY_PAGE, REPLAY_BYTES);
            let entries = page.await.map_err(|e| internal(&e))?;
            let Some(last) = entries.last() else {
                return Ok(());
            };
            after = last.seq;
            for entry in entries.iter().filter(|e| e.kind == EventKind::COMMIT) {
                self.replay_commit(homeserver, entry).await?;
            }
        }
        Ok(())
    }

    async fn replay_commit(
        &mut self,
        homeserver: &Homeserver,
        entry: &StoredEntry,
    ) -> Result<(), Problem> {
        let failed = |error: &dyn std::fmt::Display| {
            tracing::error!(seq = entry.seq, %error, "a stored commit cannot be replayed");
            Problem::new(Code::Internal, "the room's log cannot be replayed here")
        };
        let event = Event::from_bytes(&entry.event).map_err(|e| failed(&e))?;
        let body = CommitBody::from_bytes(event.body.as_slice()).map_err(|e| failed(&e))?;
        let header = MlsHeader::read(body.commit.as_slice());
        if header.is_some_and(|h| h.epoch < self.group.epoch()) {
            return Ok(());
        }
        let orders = self
            .verified_orders(homeserver, body.commit.as_slice())
            .await;
        let staged = self.group.stage(&body, orders, event.header.time);
        let staged = staged.map_err(|e| failed(&e))?;
        let mut change = Change::before(self, homeserver.name(), &staged, entry.seq);
        self.group.merge(staged).map_err(|e| failed(&e))?;
        change.after(self);
        let fold = change.into_fold(self);
        homeserver
            .ports
            .rooms
            .fold(fold)
            .await
            .map_err(|e| internal(&e))
    }
}

/// The one answer for rooms that do not exist and rooms that are not the caller's to see.
pub(crate) fn unknown(room: &RoomUri) -> Problem {
    Problem::new(Code::NotFound, format!("no room {room} for you here"))
}
