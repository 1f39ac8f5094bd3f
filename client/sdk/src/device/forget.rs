//! What was read, and forgetting what has had its time (MSG-10).

use std::sync::Arc;
use std::time::Duration;

use holm_protocol::RoomUri;
use tokio::time::sleep;

use super::{Device, Inner, held, on_task};
use crate::error::SdkError;
use crate::event::DeviceEvent;
use crate::replica::{expiry, rooms};

/// Looked for at least this often: clocks are set, and devices sleep.
const LOOK_EVERY: Duration = Duration::from_mins(1);

impl Device {
    /// The user has seen a room up to an event of it. The time of messages that are to be forgotten
    /// after they were read begins.
    ///
    /// # Errors
    /// The room is not known.
    pub async fn mark_read(&self, room: &RoomUri, seq: u64) -> Result<(), SdkError> {
        let (inner, room) = (Arc::clone(&self.inner), room.clone());
        on_task(
            &self.inner,
            async move { inner.mark_read(&room, seq).await },
        )
        .await
    }
}

impl Inner {
    async fn mark_read(&self, room: &RoomUri, seq: u64) -> Result<(), SdkError> {
        let mut state = self.lock().await;
        let mut step = state.step().await?;
        let row = rooms::find(&mut step.tx, room).await?;
        let row = row.ok_or_else(|| SdkError::UnknownRoom(room.clone()))?;
        let seq = seq.min(row.position.seq);
        expiry::mark_read(&mut step.tx, row.id, seq, self.now_ms()).await?;
        step.commit().await?;
        drop(state);
        held(&self.marked).insert(room.clone());
        self.expiry.notify_one();
        self.wake.notify_one();
        Ok(())
    }

    /// Forgets what has had its time, for as long as the device runs, connected or not.
    pub(crate) async fn keep_forgetting(&self) -> Result<(), SdkError> {
        loop {
            self.forget().await?;
            let next = self.next_expiry().await?;
            let wait = next.map(|next| Duration::from_millis(next.saturating_sub(self.now_ms())));
            tokio::select! {
                () = sleep(wait.unwrap_or(LOOK_EVERY).min(LOOK_EVERY)) => {}
                () = self.expiry.notified() => {}
            }
        }
    }

    /// Forgets what has had its time.
    pub(super) async fn forget(&self) -> Result<(), SdkError> {
        let due = |next: u64| next <= self.now_ms();
        while self.next_expiry().await?.is_some_and(due) {
            let mut state = self.lock().await;
            let mut step = state.step().await?;
            let forgotten = expiry::forget(&mut step.tx, self.now_ms()).await?;
            step.commit().await?;
            drop(state);
            for message in forgotten {
                self.tell(DeviceEvent::Expired {
                    room: message.room,
                    client_msg_id: message.id,
                    seq: message.seq,
                });
            }
        }
        Ok(())
    }

    async fn next_expiry(&self) -> Result<Option<u64>, SdkError> {
        let mut state = self.lock().await;
        expiry::next(state.replica.reader()).await
    }
}
