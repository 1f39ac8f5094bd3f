//! Messages that the own server holds while a room's hub is away (SYNC-16, OUT-3).
//!
//! A held message keeps its place in the outbox and is not sent again on this connection, so that
//! more can be said. When the server lets go of one, those said after it were let go of too, and
//! all of them leave again in order.

use holm_protocol::RoomUri;
use holm_protocol::aad::ClientMsgId;

use crate::device::Inner;
use crate::error::SdkError;
use crate::event::DeviceEvent;
use crate::replica::{messages, outbox, rooms};

impl Inner {
    /// The own server holds a message.
    pub(super) async fn message_held(
        &self,
        room: &RoomUri,
        id: ClientMsgId,
    ) -> Result<(), SdkError> {
        let device = self.account()?.device.clone();
        let mut state = self.lock().await;
        let mut step = state.step().await?;
        let Some(row) = rooms::find(&mut step.tx, room).await? else {
            return Ok(());
        };
        outbox::set_held(&mut step.tx, row.id, id).await?;
        let news = messages::set_held(&mut step.tx, row.id, &device, id).await?;
        step.commit().await?;
        drop(state);
        if news {
            // A room that this device has left has no group to ask; rooms stay where they were made.
            let hub = self.room_hub(room).await.ok();
            let hub = hub.and_then(|hub| hub.server());
            self.tell(DeviceEvent::Held {
                room: room.clone(),
                client_msg_id: id,
                hub: hub.unwrap_or_else(|| room.server()),
            });
        }
        Ok(())
    }

    /// The own server does not hold a message, nor what was said after it.
    pub(super) async fn message_released(
        &self,
        room: &RoomUri,
        id: ClientMsgId,
    ) -> Result<(), SdkError> {
        let device = self.account()?.device.clone();
        let mut state = self.lock().await;
        let mut step = state.step().await?;
        let Some(row) = rooms::find(&mut step.tx, room).await? else {
            return Ok(());
        };
        if outbox::release_from(&mut step.tx, row.id, id).await? {
            messages::set_released(&mut step.tx, row.id, &device).await?;
            step.commit().await?;
        }
        Ok(())
    }

    /// On a new connection everything without a place is sent again (OUT-3).
    pub(super) async fn release_held(&self) -> Result<(), SdkError> {
        let mut state = self.lock().await;
        outbox::release_all(state.replica.reader()).await
    }
}
