//! Commands about a message that is there: answers, versions, ends, reactions.

use std::io::Write;

use holm_protocol::RoomUri;
use holm_sdk::{Draft, MessageId, SdkError, TimelineEntry};

use crate::ChatError;
use crate::command::{Command, MessageChoice};
use crate::session::Session;

impl<O: Write> Session<O> {
    /// Carries a command about a message out.
    pub(crate) async fn about(&mut self, command: Command) -> Result<(), ChatError> {
        match command {
            Command::Reply {
                room,
                message,
                text,
            } => {
                let (room, (id, _)) = self.find(room, message).await?;
                let draft = Draft::text(&text).reply_to(id);
                let queued = self.device.say(&room, draft).await?;
                self.queued(room, queued)
            }
            Command::Edit {
                room,
                message,
                text,
            } => {
                let (room, (id, _)) = self.find(room, message).await?;
                let queued = self.device.edit(&room, id, Draft::text(&text)).await?;
                self.queued(room, queued)
            }
            Command::Delete { room, message } => {
                let (room, (id, _)) = self.find(room, message).await?;
                let queued = self.device.delete(&room, id).await?;
                self.queued(room, queued)
            }
            Command::React {
                room,
                message,
                text,
            } => {
                let (room, (id, entry)) = self.find(room, message).await?;
                match text {
                    Some(text) => {
                        let queued = self.device.react(&room, id, &text).await?;
                        self.queued(room, queued)
                    }
                    None => self.take_reactions_back(room, entry).await,
                }
            }
            _ => Ok(()),
        }
    }

    async fn take_reactions_back(
        &mut self,
        room: RoomUri,
        entry: TimelineEntry,
    ) -> Result<(), ChatError> {
        let own = self.device.session().map(|session| session.user);
        let mut reactions: Vec<MessageId> = Vec::new();
        for reaction in entry.laid.reactions {
            if Some(&reaction.user) == own.as_ref() && !reactions.contains(&reaction.id) {
                reactions.push(reaction.id);
            }
        }
        for reaction in reactions {
            let queued = self.device.delete(&room, reaction).await?;
            self.queued(room.clone(), queued)?;
        }
        Ok(())
    }

    /// The room and message a command is about; of a message, its newest version.
    async fn find(
        &self,
        room: Option<RoomUri>,
        choice: MessageChoice,
    ) -> Result<(RoomUri, (MessageId, TimelineEntry)), SdkError> {
        let room = self.room(room)?;
        let entry = match choice {
            MessageChoice::Number(number) => {
                let before = number.checked_sub(1);
                let page = self.device.timeline(&room, before, 1).await;
                page.into_iter().find(|entry| entry.seq == Some(number))
            }
            MessageChoice::Id(id) => {
                let id = MessageId::from_bytes(id.as_slice());
                let id = id.map_err(|why| SdkError::Invalid(why.to_string()))?;
                self.device.message(&room, id).await?
            }
        };
        let none = || SdkError::Invalid("no such message; /history shows their numbers".into());
        let entry = entry.ok_or_else(none)?;
        let newest = entry.laid.versions.last().map(|version| version.id);
        let id = newest.or(entry.id).ok_or_else(none)?;
        Ok((room, (id, entry)))
    }
}
