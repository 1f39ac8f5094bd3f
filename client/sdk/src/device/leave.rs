//! Leaving (RM-5): the hub's order asks the others for the commit that removes this device.

use std::sync::Arc;

use holm_protocol::{RoomUri, SignedOrder};

use super::documents::verified_order;
use super::{Device, Inner, on_task};
use crate::error::SdkError;
use crate::replica::{orders, rooms};
use crate::timeline::RoomState;

impl Device {
    /// Asks to be removed from a room. The room is left once another member's commit shows it;
    /// until then its state is [`RoomState::Leaving`] and nothing can be sent.
    ///
    /// # Errors
    /// A refusal, or the server cannot be reached.
    pub async fn leave(&self, room: &RoomUri) -> Result<(), SdkError> {
        let (inner, room) = (Arc::clone(&self.inner), room.clone());
        on_task(&self.inner, async move { inner.leave(&room).await }).await
    }
}

impl Inner {
    async fn leave(&self, room: &RoomUri) -> Result<(), SdkError> {
        let hub = self.room_hub(room).await?;
        let document = self.hub_document(&hub).await?;
        let answer = self.api()?.leave(room).await?;
        let order: SignedOrder = holm_protocol::encoding::decode(answer.order.as_slice())
            .map_err(|e| SdkError::Answer(e.to_string()))?;
        verified_order(&document, &order)
            .filter(|order| order.room == *room)
            .ok_or_else(|| SdkError::Answer("the order is not signed by the hub".into()))?;
        let mut state = self.lock().await;
        let mut step = state.step().await?;
        let row = rooms::find(&mut step.tx, room).await?;
        if let Some(row) = row.filter(|row| row.state == RoomState::Active) {
            orders::add(&mut step.tx, row.id, &order).await?;
            rooms::set_state(&mut step.tx, row.id, &RoomState::Leaving).await?;
        }
        step.commit().await?;
        drop(state);
        self.progressed();
        self.wake.notify_one();
        Ok(())
    }
}
