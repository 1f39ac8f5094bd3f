//! Pulling: what a socket did not bring is asked for (RM-4). Push is a hint, pull is the truth.

use holm_protocol::{Event, RoomUri, SignedHead};

use crate::device::Inner;
use crate::error::SdkError;
use crate::replica::rooms;

/// Pages asked for in one go.
const PAGES_MAX: usize = 1_000;

impl Inner {
    /// Takes a room's events up to the newest.
    pub(crate) async fn pull(&self, room: &RoomUri) -> Result<(), SdkError> {
        for _ in 0..PAGES_MAX {
            let Some(after) = self.cursor_of(room).await? else {
                return Ok(());
            };
            let page = self.api()?.events(room, after).await?;
            let events = page
                .events
                .iter()
                .map(|bytes| Event::from_bytes(bytes.as_slice()))
                .collect::<Result<Vec<_>, _>>()
                .map_err(|e| SdkError::Answer(e.to_string()))?;
            let head = page.head.iter();
            let head = head
                .map(|bytes| holm_protocol::encoding::decode(bytes.as_slice()))
                .collect::<Result<Vec<SignedHead>, _>>()
                .map_err(|e| SdkError::Answer(e.to_string()))?;
            self.take_events(room, &events, &head).await?;
            let moved = self.cursor_of(room).await?;
            if events.is_empty() || moved.is_none_or(|now| now <= after) {
                return Ok(());
            }
        }
        Ok(())
    }

    async fn cursor_of(&self, room: &RoomUri) -> Result<Option<u64>, SdkError> {
        let mut state = self.lock().await;
        let row = rooms::find(state.replica.reader(), room).await?;
        Ok(row.map(|row| row.position.seq))
    }
}
