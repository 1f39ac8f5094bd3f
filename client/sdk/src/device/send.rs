//! Sending: into the outbox, durably; the timeline.

use holm_protocol::RoomUri;
use holm_protocol::aad::ClientMsgId;

use super::{Device, Inner};
use crate::content::Content;
use crate::error::SdkError;
use crate::replica::messages::{self, NewMessage};
use crate::replica::{account as accounts, outbox, rooms};
use crate::timeline::{MessageState, RoomInfo, TimelineEntry};

/// Entries in one page of the timeline.
const PAGE_MAX: usize = 10_000;

impl Device {
    /// Puts a text into the outbox; once this returns it survives a restart (OUT-1).
    ///
    /// # Errors
    /// The device is not in the room, or the text is too long.
    pub async fn send(&self, room: &RoomUri, text: &str) -> Result<ClientMsgId, SdkError> {
        let account = self.inner.account()?;
        let name = self.inner.display_name();
        let content = Content {
            text: text.into(),
            name: name.unwrap_or_else(|| account.name.clone()),
        };
        let bytes = content.to_bytes()?;
        let id = ClientMsgId(self.inner.ports.random());
        let mut state = self.inner.lock().await;
        let mut step = state.step().await?;
        let row = rooms::find(&mut step.tx, room).await?;
        let row = row.ok_or_else(|| SdkError::UnknownRoom(room.clone()))?;
        if !row.state.takes_messages() {
            return Err(SdkError::RoomClosed(format!("{:?}", row.state)));
        }
        if content.name != account.name {
            accounts::set_name(&mut step.tx, &content.name).await?;
        }
        let message = NewMessage {
            room: row.id,
            seq: None,
            device: &account.device,
            id,
            name: &content.name,
            text,
            time: self.inner.now_ms(),
            state: MessageState::Sending,
        };
        messages::insert(&mut step.tx, &message).await?;
        outbox::push(&mut step.tx, row.id, id, &bytes).await?;
        step.commit().await?;
        drop(state);
        self.inner.wake.notify_one();
        Ok(id)
    }

    /// The rooms of this device, oldest first; none where the replica cannot be read.
    pub async fn rooms(&self) -> Vec<RoomInfo> {
        self.inner.list_rooms().await.unwrap_or_else(|error| {
            tracing::error!(%error, "rooms cannot be read");
            Vec::new()
        })
    }

    /// Messages of a room that stand in the log after `after`, then those on their way; at most
    /// `limit`. None where the room is not known.
    pub async fn timeline(
        &self,
        room: &RoomUri,
        after: Option<u64>,
        limit: usize,
    ) -> Vec<TimelineEntry> {
        let page = self.inner.page(room, after, limit.min(PAGE_MAX)).await;
        page.unwrap_or_else(|error| {
            tracing::error!(%error, "the timeline cannot be read");
            Vec::new()
        })
    }
}

impl Inner {
    async fn list_rooms(&self) -> Result<Vec<RoomInfo>, SdkError> {
        let mut state = self.lock().await;
        let reader = state.replica.reader();
        let mut list = Vec::new();
        for row in rooms::all(reader).await? {
            list.push(RoomInfo {
                participants: rooms::participants(reader, row.id).await?,
                room: row.uri,
                cursor: row.position.seq,
                state: row.state,
            });
        }
        Ok(list)
    }

    async fn page(
        &self,
        room: &RoomUri,
        after: Option<u64>,
        limit: usize,
    ) -> Result<Vec<TimelineEntry>, SdkError> {
        let mut state = self.lock().await;
        let reader = state.replica.reader();
        match rooms::find(reader, room).await? {
            Some(row) => messages::page(reader, (row.id, room), after, limit).await,
            None => Ok(Vec::new()),
        }
    }
}
