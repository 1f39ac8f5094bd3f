//! A copy begins: the commit that let this server into a room (LOG-14, FED-9).
//!
//! The anchor comes with Welcome, tree and the interim transcript hash before it. The server
//! takes a room only where one of its own devices gave a KeyPackage for that room to that hub.
//! Each step is repeatable: power may fail between any two.

use std::collections::BTreeSet;

use bytes::Bytes;
use holm_mls::public_room::PublicRoom;
use holm_protocol::event::Position;
use holm_protocol::federation::LogPage;
use holm_protocol::{Code, DeviceUri, EventKind, Problem, ServerName};

use super::anchor_check::{AnchorParts, check_anchor};
use super::task::RoomTask;
use crate::homeserver::internal;
use crate::peer::{StoredFor, count};
use crate::ports::{Append, AppendError, Attachment, Entry, Expect, Fold, LogHead, RoomRecord};

impl RoomTask {
    /// Begins a copy with the first event of `page`, which has to be its anchor.
    pub(super) async fn begin_copy(
        &mut self,
        from: &ServerName,
        page: &LogPage,
    ) -> Result<(), Problem> {
        let homeserver = self.homeserver.clone();
        self.check_rooms_of(from).await?;
        homeserver.check_stored(from)?;
        let (parts, group) = check_anchor(&homeserver, &self.room, from, page).await?;
        let entered = entering(&group, &parts)?;
        let head = self.store_anchor(from, &parts, &group).await?;
        let fold = Fold {
            record: RoomRecord {
                room: self.room.clone(),
                hub: from.clone(),
                folded_seq: head.position.seq,
                snapshot: Bytes::from(group.snapshot()),
                stopped: None,
                servers: servers_of(&group),
            },
            entered: entered.clone(),
            left: Vec::new(),
            peers_entered: Vec::new(),
            peers_left: Vec::new(),
            tree: Some(parts.tree.clone()),
            tree_payer: Some(from.clone()),
            carried_out: Vec::new(),
        };
        homeserver
            .ports
            .rooms
            .fold(fold)
            .await
            .map_err(|e| internal(&e))?;
        self.state = None;
        homeserver.delivery.wake_changed(&entered, &self.room);
        Ok(())
    }

    /// One server cannot make this one follow more and more rooms (FED-19). Coming back into a
    /// room that was followed before is no further one.
    async fn check_rooms_of(&self, hub: &ServerName) -> Result<(), Problem> {
        let rooms = &self.homeserver.ports.rooms;
        let known = rooms.standing(&self.room).await.map_err(|e| internal(&e))?;
        let followed = rooms.rooms_of_hub(hub).await.map_err(|e| internal(&e))?;
        let most = self.homeserver.rooms_per_hub_max;
        if known.is_some() || followed < most {
            return Ok(());
        }
        let text = format!("this server follows {most} rooms of {hub} and takes no further one");
        Err(Problem::new(Code::Limit, text))
    }

    /// Begins the log just before the anchor and appends it.
    async fn store_anchor(
        &self,
        from: &ServerName,
        parts: &AnchorParts,
        group: &PublicRoom,
    ) -> Result<LogHead, Problem> {
        let log = &self.homeserver.ports.log;
        let header = &parts.event.header;
        let before = Position {
            seq: header.seq - 1,
            hash: header.prev,
            time: 0,
        };
        let base = LogHead {
            position: before,
            generation: group.generation(),
            epoch: group.epoch().saturating_sub(1),
            epoch_floor: 0,
            commit_seq: 0,
            fence: 0,
        };
        let begun = log
            .begin(&self.room, base)
            .await
            .map_err(|e| internal(&e))?;
        let fence = log.take_over(&self.room).await.map_err(|e| internal(&e))?;
        let position = Position::after(&parts.event);
        let head = LogHead {
            position,
            epoch: group.epoch(),
            commit_seq: position.seq,
            fence,
            ..base
        };
        if begun.position.seq >= position.seq {
            return Ok(begun);
        }
        let entry = Entry {
            seq: position.seq,
            kind: EventKind::COMMIT,
            event: parts.event_bytes.clone(),
            idempotency_key: None,
            attachment: Some(Attachment {
                welcome: parts.welcome.clone(),
                interim: parts.interim,
                servers: vec![self.homeserver.name().clone()],
            }),
        };
        let expect = Expect {
            seq: before.seq,
            hash: before.hash,
            fence,
        };
        let mut stored_for = StoredFor::new();
        count(&mut stored_for, from, [&entry]);
        let append = Append {
            room: self.room.clone(),
            expect,
            entries: vec![entry],
            head,
            stored_for: stored_for.clone().into_iter().collect(),
        };
        match log.append(append).await {
            Ok(()) => {
                self.homeserver.tell_stored(&stored_for);
                Ok(head)
            }
            Err(AppendError::Repeated(_)) => Ok(head),
            Err(error) => {
                tracing::warn!(room = %self.room, %error, "an anchor was not stored");
                Err(super::registry::stopping())
            }
        }
    }
}

/// All servers with a participant.
fn servers_of(group: &PublicRoom) -> Vec<ServerName> {
    let leaves = group.view().leaves.iter();
    let servers: BTreeSet<_> = leaves.map(|l| l.identity.device.server()).collect();
    servers.into_iter().collect()
}

/// This server's devices whose KeyPackage was claimed for this room and hub.
fn entering(group: &PublicRoom, parts: &AnchorParts) -> Result<Vec<DeviceUri>, Problem> {
    let mut entered = Vec::new();
    for (device, _) in &parts.claimed {
        if group.view().device(device).is_some() && !entered.contains(device) {
            entered.push(device.clone());
        }
    }
    match entered.is_empty() {
        true => Err(super::anchor_check::unclaimed()),
        false => Ok(entered),
    }
}
