//! Taking a commit event: checked and merged, then everything that follows from it.

use std::collections::BTreeSet;

use holm_protocol::bundle::CommitBody;
use holm_protocol::{Event, Hash, Problem, UserUri};

use super::events::{Refused, Work};
use crate::device::verified_order;
use crate::event::DeviceEvent;
use crate::mls::group_id;
use crate::mls::merge::{Merged, merge};
use crate::replica::trust::Acquaintance;
use crate::replica::{messages, orders, outbox, pending, rooms, trust};
use crate::timeline::RoomState;

impl Work<'_, '_> {
    pub(super) async fn take_commit(&mut self, event: &Event) -> Result<(), Refused> {
        let body = CommitBody::from_bytes(event.body.as_slice())
            .map_err(|e| Refused::Ever(format!("event {}: {e}", event.header.seq)))?;
        let provider = self.step.provider;
        let document = self.heads.document;
        let room = self.row.uri.clone();
        let verify = |order: &_| {
            let order = verified_order(document?, order)?;
            (order.room == room).then_some(order)
        };
        let id = group_id(&self.row.uri, self.row.generation);
        let group = self.step.group(&id).await?;
        let merged = merge(
            group,
            provider,
            self.account,
            &body,
            event.header.time,
            &verify,
        )
        .map_err(|why| Refused::Ever(format!("commit {}: {why}", event.header.seq)))?;
        self.taken.committed = true;
        if merged.own {
            let hash = Hash::sha256(body.commit.as_slice());
            self.own_commit = Some((hash, event.header.seq));
        }
        pending::clear(&mut self.step.tx, self.row.id).await?;
        self.meet_identities(&merged).await?;
        if let Some(head) = merged.head.clone() {
            self.heads.heard(head, Some(event.header.seq));
        }
        if merged.lies {
            let by = merged.by.user().address();
            let what = format!(
                "commit {} by {by}: its GroupInfo names another external key",
                event.header.seq
            );
            let evidence = event.to_bytes();
            self.alarm(what, (Some(&evidence), None)).await?;
        }
        if let Some(extension) = &merged.admitted.extension {
            self.hub = Some(extension.hub.clone());
        }
        if let Some(root) = merged.new_root {
            let room = self.row.uri.clone();
            self.tell.push(DeviceEvent::HubRoot { room, root });
        }
        self.change_participants(&merged).await?;
        self.close_orders(&merged).await?;
        match merged.removed_self {
            true => self.leave_room(event.header.seq).await,
            false => Ok(()),
        }
    }

    async fn meet_identities(&mut self, merged: &Merged) -> Result<(), Refused> {
        for identity in &merged.brought {
            let met = trust::meet(&mut self.step.tx, identity, self.now_ms).await?;
            if met == Acquaintance::Changed {
                let what = format!(
                    "{} has another identity key than before",
                    identity.user().address()
                );
                self.alarm(what, (Some(&identity.to_bytes()), None)).await?;
            }
        }
        Ok(())
    }

    async fn change_participants(&mut self, merged: &Merged) -> Result<(), Refused> {
        let id = self.row.id;
        let before = rooms::participants(&mut self.step.tx, id).await?;
        let before: BTreeSet<UserUri> = before.into_iter().collect();
        let after: BTreeSet<UserUri> = merged
            .after
            .leaves
            .iter()
            .map(|leaf| leaf.identity.user())
            .collect();
        let added: Vec<_> = after.difference(&before).cloned().collect();
        let removed: Vec<_> = before.difference(&after).cloned().collect();
        rooms::change_participants(&mut self.step.tx, id, &added, &removed).await?;
        for user in &added {
            // Its package is used up, also where this device ended before its commit was answered:
            // whoever is removed and added again needs another.
            pending::drop_claim(&mut self.step.tx, id, user).await?;
        }
        if !added.is_empty() || !removed.is_empty() {
            self.tell.push(DeviceEvent::Participants {
                room: self.row.uri.clone(),
                added,
                removed,
                by: merged.by.user(),
            });
        }
        Ok(())
    }

    /// Orders whose subject has no leaf any more are carried out.
    async fn close_orders(&mut self, merged: &Merged) -> Result<(), Refused> {
        for order in orders::open(&mut self.step.tx, self.row.id).await? {
            let subject = &order.order.subject;
            let mut leaves = merged.after.leaves.iter();
            if !leaves.any(|leaf| subject.means(&leaf.identity.device)) {
                orders::remove(&mut self.step.tx, self.row.id, subject).await?;
            }
        }
        Ok(())
    }

    /// This device is out: its keys go, and what was waiting will not be sent.
    async fn leave_room(&mut self, last: u64) -> Result<(), Refused> {
        let (id, room) = (self.row.id, self.row.uri.clone());
        let group = group_id(&room, self.row.generation);
        self.step.forget_group(&group).await?;
        rooms::set_state(&mut self.step.tx, id, &RoomState::Removed).await?;
        for waiting in outbox::waiting(&mut self.step.tx, id, 0, usize::MAX).await? {
            let problem = Problem::new(holm_protocol::Code::Forbidden, "no longer in the room");
            let device = &self.account.device;
            let why = problem.to_string();
            messages::set_failed(&mut self.step.tx, id, device, waiting.id, &why).await?;
            outbox::remove(&mut self.step.tx, id, waiting.id).await?;
            self.taken.own.push(waiting.id);
            self.tell.push(DeviceEvent::Failed {
                room: room.clone(),
                client_msg_id: waiting.id,
                problem,
            });
        }
        self.tell.push(DeviceEvent::RemovedFromRoom { room, last });
        Ok(())
    }
}
