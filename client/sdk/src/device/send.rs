//! Sending: into the outbox, durably; the timeline.

use std::sync::Arc;

use holm_content::Salt;
use holm_protocol::RoomUri;
use holm_protocol::aad::ClientMsgId;

use super::{Device, Inner, on_task};
use crate::content::{Reading, sign};
use crate::draft::Draft;
use crate::error::SdkError;
use crate::event::DeviceEvent;
use crate::replica::messages::{self, NewMessage};
use crate::replica::{account as accounts, outbox, rooms, timeline};
use crate::timeline::{MessageState, RoomInfo, TimelineEntry};

/// Entries in one page of the timeline.
const PAGE_MAX: usize = 10_000;

impl Device {
    /// Puts a text into the outbox; once this returns it survives a restart (OUT-1).
    ///
    /// # Errors
    /// The device is not in the room, or the text is too long.
    pub async fn send(&self, room: &RoomUri, text: &str) -> Result<ClientMsgId, SdkError> {
        let inner = Arc::clone(&self.inner);
        let (room, draft) = (room.clone(), Draft::text(text));
        on_task(&self.inner, async move { inner.say(&room, draft).await }).await
    }

    /// Puts a message into the outbox; once this returns it survives a restart (OUT-1).
    ///
    /// # Errors
    /// The device is not in the room, or the message is too long.
    pub async fn say(&self, room: &RoomUri, draft: Draft) -> Result<ClientMsgId, SdkError> {
        let (inner, room) = (Arc::clone(&self.inner), room.clone());
        on_task(&self.inner, async move { inner.say(&room, draft).await }).await
    }

    /// The rooms of this device, oldest first; none where the replica cannot be read.
    pub async fn rooms(&self) -> Vec<RoomInfo> {
        let inner = Arc::clone(&self.inner);
        let rooms = on_task(&self.inner, async move { inner.list_rooms().await }).await;
        rooms.unwrap_or_else(|error| {
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
        let (inner, room) = (Arc::clone(&self.inner), room.clone());
        let page = async move { inner.page(&room, after, limit.min(PAGE_MAX)).await };
        let page = on_task(&self.inner, page).await;
        page.unwrap_or_else(|error| {
            tracing::error!(%error, "the timeline cannot be read");
            Vec::new()
        })
    }
}

impl Inner {
    /// Puts a message into timeline and outbox, in one step.
    pub(super) async fn say(&self, room: &RoomUri, draft: Draft) -> Result<ClientMsgId, SdkError> {
        draft.check()?;
        let account = self.account()?;
        let (user, salt) = (account.device.user(), Salt(self.ports.random()));
        let name = self.display_name().unwrap_or_else(|| account.name.clone());
        let mut content = draft.content(salt);
        sign(&mut content, &user, room, &name);
        let content = content.to_bytes();
        let content = content.map_err(|why| SdkError::Invalid(why.to_string()))?;
        let reading = Reading::of(&content, &user, room);
        let id = ClientMsgId(self.ports.random());
        let expires = reading.expires.is_some();
        let mut state = self.lock().await;
        let mut step = state.step().await?;
        let row = rooms::find(&mut step.tx, room).await?;
        let row = row.ok_or_else(|| SdkError::UnknownRoom(room.clone()))?;
        if !row.state.takes_messages() {
            return Err(SdkError::RoomClosed(format!("{:?}", row.state)));
        }
        if name != account.name {
            accounts::set_name(&mut step.tx, &name).await?;
        }
        let message = NewMessage {
            room: row.id,
            seq: None,
            device: &account.device,
            id,
            reading: &reading,
            content: &content,
            time: self.now_ms(),
            state: MessageState::Sending,
        };
        messages::insert(&mut step.tx, &message).await?;
        outbox::push(&mut step.tx, row.id, id, &content).await?;
        let changed = timeline::changed(&mut step.tx, (row.id, room), &reading).await?;
        step.commit().await?;
        drop(state);
        self.wake.notify_one();
        if expires {
            self.expiry.notify_one();
        }
        if let Some(entry) = changed {
            self.tell(DeviceEvent::Changed(Box::new(entry)));
        }
        Ok(id)
    }

    async fn list_rooms(&self) -> Result<Vec<RoomInfo>, SdkError> {
        let mut state = self.lock().await;
        let reader = state.replica.reader();
        let mut list = Vec::new();
        for row in rooms::all(reader).await? {
            list.push(RoomInfo {
                participants: rooms::participants(reader, row.id).await?,
                room: row.uri,
                anchor: row.anchor,
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
        // What has had its time is shown by no device, whether it runs or not.
        self.forget().await?;
        let mut state = self.lock().await;
        let reader = state.replica.reader();
        match rooms::find(reader, room).await? {
            Some(row) => timeline::page(reader, (row.id, room), after, limit).await,
            None => Ok(Vec::new()),
        }
    }
}
