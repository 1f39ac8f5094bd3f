//! Open orders: verified, remembered, and carried out by whoever is ranked first (ORD-3 to ORD-5, ORD-8).
//!
//! All devices of a room learn of an order at once. So that not all commit at once, each waits for
//! its rank, drawn from a hash over device and epoch; a device with something to say waits not at
//! all, since it may not send before.

use std::time::Duration;

use holm_mls::group_view;
use holm_protocol::admission::GroupView;
use holm_protocol::order::{rank_hash, rank_wait_ms};
use holm_protocol::{DeviceUri, RoomUri, SignedOrder};

use crate::device::{Inner, verified_order};
use crate::error::SdkError;
use crate::event::DeviceEvent;
use crate::mls::{group_id, refused};
use crate::replica::orders;
use crate::replica::rooms;
use crate::timeline::RoomState;

impl Inner {
    /// Takes an order frame.
    pub(super) async fn take_order(&self, room: &RoomUri, bytes: &[u8]) -> Result<(), SdkError> {
        let signed: SignedOrder =
            holm_protocol::encoding::decode(bytes).map_err(|e| SdkError::Answer(e.to_string()))?;
        let hub = match self.room_hub(room).await {
            Ok(hub) => hub,
            Err(SdkError::UnknownRoom(_) | SdkError::Mls(_)) => return Ok(()),
            Err(error) => return Err(error),
        };
        let mut document = self.hub_document(&hub).await?;
        if verified_order(&document, &signed).is_none() {
            // Signed with a newer key, perhaps.
            if let Some(server) = hub.server() {
                document = self.refresh_document(&server, hub.root).await?;
            }
        }
        let account = self.account()?;
        let mut state = self.lock().await;
        let mut step = state.step().await?;
        let Some(row) = rooms::find(&mut step.tx, room).await? else {
            return Ok(());
        };
        let fits = |order: &holm_protocol::Order| {
            order.room == *room && order.generation == row.generation
        };
        let Some(order) = verified_order(&document, &signed).filter(fits) else {
            tracing::warn!(%room, "an order that the hub did not sign");
            return Ok(());
        };
        let known = !orders::add(&mut step.tx, row.id, &signed).await?;
        if order.subject.means(&account.device) && row.state == RoomState::Active {
            rooms::set_state(&mut step.tx, row.id, &RoomState::Leaving).await?;
        }
        step.commit().await?;
        drop(state);
        if !known {
            self.tell(DeviceEvent::OrderOpen {
                room: room.clone(),
                subject: order.subject,
            });
        }
        self.progressed();
        Ok(())
    }

    /// How long this device waits before it carries out a room's open orders, or follows its hub to
    /// another root (ROOM-17); `None` where there is nothing to do, or it is meant itself.
    pub(super) async fn order_wait(&self, room: &RoomUri) -> Result<Option<Duration>, SdkError> {
        let account = self.account()?;
        let mut state = self.lock().await;
        let mut step = state.step().await?;
        let Some(row) = rooms::find(&mut step.tx, room).await? else {
            return Ok(None);
        };
        let open = orders::open(&mut step.tx, row.id).await?;
        let follows = self.must_follow(room);
        if (open.is_empty() && !follows) || row.state != RoomState::Active {
            return Ok(None);
        }
        let group = step.group(&group_id(room, row.generation)).await?;
        let view = group_view(group.public_group()).map_err(refused)?;
        step.commit().await?;
        let meant = |device: &DeviceUri| open.iter().any(|o| o.order.subject.means(device));
        let due = view.leaves.iter().any(|l| meant(&l.identity.device));
        if !(due || follows) || meant(&account.device) {
            return Ok(None);
        }
        let before = devices_before(&view, &account.device, &meant);
        Ok(Some(Duration::from_millis(rank_wait_ms(before))))
    }
}

/// How many devices go before `own`, among those no order means (ORD-8).
fn devices_before(view: &GroupView, own: &DeviceUri, meant: &dyn Fn(&DeviceUri) -> bool) -> usize {
    let mine = rank_hash(own, view.epoch);
    let devices = view.leaves.iter().map(|leaf| &leaf.identity.device);
    devices
        .filter(|d| !meant(d) && rank_hash(d, view.epoch) < mine)
        .count()
}
