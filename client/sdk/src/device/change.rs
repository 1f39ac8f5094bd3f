//! Changing what was said: versions, ends, reactions (MSG-9).

use std::sync::Arc;

use holm_content::{Content, MessageId};
use holm_protocol::aad::ClientMsgId;
use holm_protocol::{RoomUri, UserUri};

use super::{Device, Inner, on_task};
use crate::content::Kind;
use crate::draft::Draft;
use crate::error::SdkError;
use crate::replica::{rooms, timeline};
use crate::timeline::TimelineEntry;

impl Device {
    /// Puts another version of an own message into the outbox. `message` is any version of it.
    ///
    /// # Errors
    /// It is not there, somebody else said it, or the draft is too long.
    pub async fn edit(
        &self,
        room: &RoomUri,
        message: MessageId,
        draft: Draft,
    ) -> Result<ClientMsgId, SdkError> {
        let (inner, room) = (Arc::clone(&self.inner), room.clone());
        let done = async move {
            let (first, answers) = inner.own_message(&room, &message).await?;
            let content = inner.content(&room, &first).await?;
            let draft = draft.expires_as(content.and_then(|content| content.expires));
            let draft = match answers {
                // What it answers stays what it answers.
                Some(to) => draft.reply_to(to),
                None => draft,
            };
            inner.say(&room, draft.edit(first)).await
        };
        on_task(&self.inner, done).await
    }

    /// Takes an own message back, with all its versions, or an own reaction.
    ///
    /// # Errors
    /// It is not there, or somebody else said it.
    pub async fn delete(
        &self,
        room: &RoomUri,
        message: MessageId,
    ) -> Result<ClientMsgId, SdkError> {
        let (inner, room) = (Arc::clone(&self.inner), room.clone());
        let done = async move {
            let of = match inner.author(&room, &message).await? {
                Some((user, Kind::Reaction)) => inner.check_own(&user).map(|()| message)?,
                _ => inner.own_message(&room, &message).await?.0,
            };
            inner.say(&room, Draft::delete(of)).await
        };
        on_task(&self.inner, done).await
    }

    /// Reacts to a version of a message.
    ///
    /// # Errors
    /// It is not there, or the text has more than 64 bytes.
    pub async fn react(
        &self,
        room: &RoomUri,
        message: MessageId,
        text: &str,
    ) -> Result<ClientMsgId, SdkError> {
        let inner = Arc::clone(&self.inner);
        let (room, draft) = (room.clone(), Draft::reaction(message, text));
        let done = async move {
            inner.entry(&room, &message).await?.ok_or_else(unknown)?;
            inner.say(&room, draft).await
        };
        on_task(&self.inner, done).await
    }

    /// The whole content of a message, version or reaction, for whoever shows more than text.
    ///
    /// # Errors
    /// The replica cannot be read.
    pub async fn content(
        &self,
        room: &RoomUri,
        message: MessageId,
    ) -> Result<Option<Content>, SdkError> {
        let (inner, room) = (Arc::clone(&self.inner), room.clone());
        let content = async move { inner.content(&room, &message).await };
        on_task(&self.inner, content).await
    }

    /// The message of which `message` is a version, as it is now.
    ///
    /// # Errors
    /// The replica cannot be read.
    pub async fn message(
        &self,
        room: &RoomUri,
        message: MessageId,
    ) -> Result<Option<TimelineEntry>, SdkError> {
        let (inner, room) = (Arc::clone(&self.inner), room.clone());
        on_task(
            &self.inner,
            async move { inner.entry(&room, &message).await },
        )
        .await
    }
}

impl Inner {
    /// First version of an own message, and what it answers.
    async fn own_message(
        &self,
        room: &RoomUri,
        message: &MessageId,
    ) -> Result<(MessageId, Option<MessageId>), SdkError> {
        let entry = self.entry(room, message).await?;
        let entry = entry.filter(|entry| !entry.laid.deleted);
        let entry = entry.ok_or_else(unknown)?;
        self.check_own(&entry.sender)?;
        let first = entry.id.ok_or_else(unknown)?;
        Ok((first, entry.in_reply_to))
    }

    fn check_own(&self, author: &UserUri) -> Result<(), SdkError> {
        match *author == self.account()?.device.user() {
            true => Ok(()),
            false => Err(SdkError::Invalid(
                "only whoever said it can change it or take it back".into(),
            )),
        }
    }

    async fn entry(
        &self,
        room: &RoomUri,
        message: &MessageId,
    ) -> Result<Option<TimelineEntry>, SdkError> {
        let mut state = self.lock().await;
        let reader = state.replica.reader();
        match rooms::find(reader, room).await? {
            Some(row) => timeline::entry(reader, (row.id, room), message).await,
            None => Err(SdkError::UnknownRoom(room.clone())),
        }
    }

    async fn content(
        &self,
        room: &RoomUri,
        message: &MessageId,
    ) -> Result<Option<Content>, SdkError> {
        let mut state = self.lock().await;
        let reader = state.replica.reader();
        match rooms::find(reader, room).await? {
            Some(row) => timeline::content(reader, row.id, message).await,
            None => Err(SdkError::UnknownRoom(room.clone())),
        }
    }

    async fn author(
        &self,
        room: &RoomUri,
        message: &MessageId,
    ) -> Result<Option<(UserUri, Kind)>, SdkError> {
        let mut state = self.lock().await;
        let reader = state.replica.reader();
        match rooms::find(reader, room).await? {
            Some(row) => timeline::author(reader, row.id, message).await,
            None => Err(SdkError::UnknownRoom(room.clone())),
        }
    }
}

fn unknown() -> SdkError {
    SdkError::Invalid("there is no such message in this room".into())
}
