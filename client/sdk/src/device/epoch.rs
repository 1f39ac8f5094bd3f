//! Which epoch a room's group is in here, and a value that two devices can compare.

use std::sync::Arc;

use holm_protocol::RoomUri;

use super::{Device, Inner, on_task};
use crate::error::SdkError;
use crate::mls::group_id;
use crate::replica::rooms;

/// The epoch of a room's group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomEpoch {
    /// The room's generation.
    pub generation: u32,
    /// The MLS epoch within it.
    pub epoch: u64,
    /// MLS's epoch authenticator: equal on two devices if and only if they hold the same group
    /// with the same history (RFC 9420 section 8.7). Not secret, and of no use to others.
    pub authenticator: Vec<u8>,
}

impl Device {
    /// The epoch that a room's group is in on this device.
    ///
    /// # Errors
    /// The device is not in the room, or the replica cannot be read.
    pub async fn room_epoch(&self, room: &RoomUri) -> Result<RoomEpoch, SdkError> {
        let (inner, room) = (Arc::clone(&self.inner), room.clone());
        on_task(&self.inner, async move { inner.room_epoch(&room).await }).await
    }
}

impl Inner {
    pub(super) async fn room_epoch(&self, room: &RoomUri) -> Result<RoomEpoch, SdkError> {
        let mut state = self.lock().await;
        let mut step = state.step().await?;
        let row = rooms::find(&mut step.tx, room).await?;
        let row = row.ok_or_else(|| SdkError::UnknownRoom(room.clone()))?;
        let group = step.group(&group_id(room, row.generation)).await?;
        let epoch = RoomEpoch {
            generation: row.generation,
            epoch: group.epoch().as_u64(),
            authenticator: group.epoch_authenticator().as_slice().to_vec(),
        };
        step.commit().await?;
        Ok(epoch)
    }
}
