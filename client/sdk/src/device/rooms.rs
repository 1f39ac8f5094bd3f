//! Creating a room (RM-1): first durably here, then at the server, which takes it once.

use std::sync::Arc;
use std::time::Duration;

use holm_client_types::room::CreateRoomRequest;
use holm_protocol::RoomUri;
use holm_protocol::event::Position;
use holm_protocol::room_extension::{Hub, RoomExtension};

use super::{Device, Inner, on_task};
use crate::error::SdkError;
use crate::event::HopKind;
use crate::mls::create::create_group;
use crate::replica::rooms::{self, NewRoom, RoomRow};
use crate::replica::trust;
use crate::timeline::RoomState;

/// Tries before the caller is told; the device goes on by itself when it is connected.
const TRIES: u32 = 4;

impl Device {
    /// Creates a room with this user alone, as its owner; the own server is its hub.
    ///
    /// # Errors
    /// A refusal, or the server cannot be reached; then the device tries again by itself.
    pub async fn create_room(&self) -> Result<RoomUri, SdkError> {
        let inner = Arc::clone(&self.inner);
        on_task(&self.inner, async move {
            let room = inner.make_room().await?;
            inner.bring_out_room(&room).await?;
            Ok(room)
        })
        .await
    }
}

impl Inner {
    async fn make_room(&self) -> Result<RoomUri, SdkError> {
        let account = self.account()?;
        let server = account.user.server();
        // Fresh, since a room that names a root of yesterday is refused.
        let document = match self.fetch_document(&server, None).await {
            Ok(document) => document,
            Err(error) if error.is_transient() => self.document(&server, None).await?,
            Err(error) => return Err(error),
        };
        let hub = Hub::new(&server, document.root());
        let extension = RoomExtension::new(hub.clone(), account.user.clone());
        let room = RoomUri::new(&server, &self.ports.name())
            .map_err(|e| SdkError::Invalid(e.to_string()))?;
        let mut state = self.lock().await;
        let mut step = state.step().await?;
        let created = create_group(&mut step, &account, &room, &extension)?;
        let request = CreateRoomRequest {
            room: room.clone(),
            group_info: created.group_info.into(),
            tree: created.tree.into(),
        };
        let request = serde_json::to_vec(&request).map_err(|e| SdkError::Invalid(e.to_string()))?;
        let new = NewRoom {
            uri: &room,
            generation: 0,
            entry_epoch: 0,
            position: Position::origin(&room),
            creation: Some(request),
        };
        let id = rooms::begin(&mut step.tx, &new).await?;
        rooms::change_participants(&mut step.tx, id, std::slice::from_ref(&account.user), &[])
            .await?;
        trust::meet(&mut step.tx, &account.identity, self.now_ms()).await?;
        step.commit().await?;
        self.keep_hub(&room, hub);
        Ok(room)
    }

    /// Asks the server for a room that exists here alone, a few times.
    pub(crate) async fn bring_out_room(&self, room: &RoomUri) -> Result<(), SdkError> {
        let mut wait = Duration::from_millis(250);
        for _ in 1..TRIES {
            match self.try_room(room).await {
                Err(error) if error.is_transient() => tokio::time::sleep(wait).await,
                outcome => return outcome,
            }
            wait *= 2;
        }
        self.try_room(room).await
    }

    async fn try_room(&self, room: &RoomUri) -> Result<(), SdkError> {
        let Some((row, request)) = self.waiting_room(room).await? else {
            return Ok(());
        };
        match self.api()?.create_room(&request).await {
            Ok(()) => self.room_is_out(&row).await,
            Err(error) if error.is_transient() => Err(error),
            Err(error) => {
                let state = RoomState::Stopped {
                    reason: error.to_string(),
                };
                self.set_room_state(row.id, &state).await?;
                Err(error)
            }
        }
    }

    async fn waiting_room(
        &self,
        room: &RoomUri,
    ) -> Result<Option<(RoomRow, CreateRoomRequest)>, SdkError> {
        let mut state = self.lock().await;
        let row = rooms::find(state.replica.reader(), room).await?;
        let Some(row) = row.filter(|row| row.state == RoomState::Creating) else {
            return Ok(None);
        };
        let json = row.creation.clone().unwrap_or_default();
        let request = holm_protocol::json::from_slice(&json)
            .map_err(|_invalid| crate::replica::damaged("room.creation"))?;
        Ok(Some((row, request)))
    }

    async fn room_is_out(&self, row: &RoomRow) -> Result<(), SdkError> {
        let mut state = self.lock().await;
        let mut step = state.step().await?;
        rooms::set_created(&mut step.tx, row.id).await?;
        step.commit().await?;
        drop(state);
        self.hop(HopKind::RoomCreated, || {
            format!("room {} created; its hub is {}", row.uri, row.uri.domain())
        });
        self.wake.notify_one();
        Ok(())
    }

    /// Changes a room's state in a step of its own.
    pub(crate) async fn set_room_state(&self, id: i64, to: &RoomState) -> Result<(), SdkError> {
        let mut state = self.lock().await;
        let mut step = state.step().await?;
        rooms::set_state(&mut step.tx, id, to).await?;
        step.commit().await
    }
}
