//! Verifying what a hub signed: heads and orders, under the root the group names (HEAD-2, ORD-2).

use holm_protocol::aad::Aad;
use holm_protocol::mls_header::MlsHeader;
use holm_protocol::{Head, Order, PublicKey, ServerName, SignedHead, SignedOrder};

use super::state::RoomState;
use crate::homeserver::Homeserver;

impl RoomState {
    /// The orders in a commit's authenticated data that the hub really signed for this room.
    pub(super) async fn verified_orders(
        &self,
        homeserver: &Homeserver,
        commit: &[u8],
    ) -> Vec<Order> {
        let aad = MlsHeader::read(commit).and_then(|h| Aad::from_bytes(h.aad).ok());
        let mut orders = Vec::new();
        for signed in aad.map(|a| a.orders).unwrap_or_default() {
            if let Some(order) = self.verified_order(homeserver, &signed).await {
                orders.push(order);
            }
        }
        orders
    }

    /// The order, if the hub signed it for this room and generation.
    pub(super) async fn verified_order(
        &self,
        homeserver: &Homeserver,
        signed: &SignedOrder,
    ) -> Option<Order> {
        let here = (self.group.room(), self.group.generation());
        if (&signed.order.room, signed.order.generation) != here {
            return None;
        }
        let key = self
            .room_key(homeserver, signed.key_id()?, signed.order.time)
            .await?;
        signed.verify(&key).cloned()
    }

    /// The head, if the hub signed it for this room and term.
    pub(super) async fn verified_head(
        &self,
        homeserver: &Homeserver,
        signed: &SignedHead,
    ) -> Option<Head> {
        let term = self.group.view().extension.hub.term;
        if (&signed.head.room, signed.head.term) != (self.group.room(), term) {
            return None;
        }
        let key = self
            .room_key(homeserver, signed.key_id()?, signed.head.time)
            .await?;
        signed.verify(&key).cloned()
    }

    async fn room_key(&self, homeserver: &Homeserver, id: &str, time_ms: u64) -> Option<PublicKey> {
        let root = self.group.view().extension.hub.root;
        hub_room_key(homeserver, &self.hub, &root, id, time_ms).await
    }
}

/// A room key of `hub`, from its document under `root`; `None` where that cannot be had.
pub(super) async fn hub_room_key(
    homeserver: &Homeserver,
    hub: &ServerName,
    root: &PublicKey,
    id: &str,
    time_ms: u64,
) -> Option<PublicKey> {
    let identity = &homeserver.identity;
    if hub == homeserver.name() {
        return identity.keys().room_key(id, time_ms);
    }
    let document = homeserver.ports.peers.document(hub, Some(id)).await;
    match document {
        Ok(document) if document.stands_under(root) => document.room_key(id, time_ms),
        Ok(_other_root) => None,
        Err(error) => {
            tracing::warn!(%hub, %error, "the hub's document cannot be had");
            None
        }
    }
}
