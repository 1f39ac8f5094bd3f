//! Leaving, and being made to: the hub makes an order, and the next member commit carries it out
//! (ORD-1, ORD-3, FED-22).

use std::collections::BTreeSet;

use bytes::Bytes;
use holm_protocol::encoding::encode;
use holm_protocol::order::{Reason, Subject};
use holm_protocol::{Order, Problem, ServerName, SignedOrder, UserUri};

use super::message::check_hub;
use super::state::unknown;
use super::task::RoomTask;
use crate::homeserver::internal;
use crate::ports::StoredOrder;

impl RoomTask {
    /// Orders the removal of a user who leaves; a second time gives the same order.
    pub(super) async fn leave(&mut self, user: &UserUri) -> Result<Bytes, Problem> {
        self.order(user, Reason::LEAVE).await
    }

    /// Orders the removal of every user of `server`; how many those are.
    pub(super) async fn order_out(
        &mut self,
        server: &ServerName,
        reason: Reason,
    ) -> Result<usize, Problem> {
        let leaves = self.state().await?.group.view().leaves.iter();
        let users: BTreeSet<UserUri> = leaves
            .map(|leaf| leaf.identity.user())
            .filter(|user| user.server() == *server)
            .collect();
        for user in &users {
            self.order(user, reason).await?;
        }
        Ok(users.len())
    }

    /// A followed room does not go on, for a reason that lies in no event of it.
    pub(super) async fn set_aside(&mut self, why: String) -> Result<(), Problem> {
        let homeserver = self.homeserver.clone();
        let state = self.state().await?;
        if state.is_hub(homeserver.name()) || state.stopped.is_some() {
            return Ok(());
        }
        state.stopped = Some(why.clone());
        let stopped = homeserver.ports.rooms.set_stopped(&self.room, Some(&why));
        stopped.await.map_err(|e| internal(&e))
    }

    async fn order(&mut self, user: &UserUri, reason: Reason) -> Result<Bytes, Problem> {
        let homeserver = self.homeserver.clone();
        let room = self.room.clone();
        let state = self.state().await?;
        check_hub(state, &homeserver)?;
        if !state.group.view().has_user(user) {
            return Err(unknown(&room));
        }
        let order = Order {
            room: room.clone(),
            generation: state.group.generation(),
            subject: Subject::User(user.clone()),
            reason,
            time: homeserver.now_ms(),
        };
        let keys = homeserver.identity.keys();
        let (id, key) = keys.room_signer(order.time);
        let signed = SignedOrder::sign(order, id, key);
        let stored = StoredOrder {
            subject: signed.order.subject.clone(),
            bytes: encode(&signed).into(),
        };
        let kept = homeserver.ports.rooms.add_order(&room, &stored).await;
        let kept = kept.map_err(|e| internal(&e))?;
        if kept.bytes == stored.bytes {
            state.orders.push(signed);
            self.announce_orders();
        }
        Ok(kept.bytes)
    }

    /// Tells connected devices and peers that the room's open orders have changed.
    pub(super) fn announce_orders(&self) {
        let Some(state) = &self.state else { return };
        let own = self.homeserver.name();
        self.homeserver
            .delivery
            .wake_orders(&state.local_devices(own), &self.room);
        if state.is_hub(own) {
            let peers = state.servers().into_iter().filter(|s| s != own);
            peers.for_each(|server| self.homeserver.wake_peer_orders(&server, &self.room));
        }
    }
}
