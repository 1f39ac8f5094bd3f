//! Taking a message event: opened, shown once, or recorded as not opening.

use holm_protocol::{Event, Hash};

use super::events::{Refused, Work};
use crate::content::Content;
use crate::event::{DeviceEvent, HopKind};
use crate::mls::group_id;
use crate::mls::open::{Opened, open};
use crate::replica::messages::{self, NewMessage};
use crate::replica::outbox;
use crate::timeline::{MessageState, TimelineEntry};

impl Work<'_, '_> {
    pub(super) async fn take_message(&mut self, event: &Event) -> Result<(), Refused> {
        let provider = self.step.provider;
        let id = group_id(&self.row.uri, self.row.generation);
        let group = self.step.group(&id).await?;
        let body = event.body.as_slice();
        match open(group, provider, body, self.row.entry_epoch) {
            Opened::Own => self.take_own(event).await,
            Opened::BeforeEntry => {
                self.unopened(event, "from before this device's entry")
                    .await
            }
            Opened::Failed { why } => {
                self.unopened(event, &why).await?;
                let what = format!("message {} does not open: {why}", event.header.seq);
                Ok(self.alarm(what, (None, None)).await?)
            }
            Opened::Message {
                sender,
                aad,
                content,
            } => {
                if let Some(head) = aad.head {
                    self.heads.heard(head, Some(event.header.seq));
                }
                let content = Content::from_bytes(&content);
                let message = NewMessage {
                    room: self.row.id,
                    seq: Some(event.header.seq),
                    device: &sender.device,
                    id: aad.client_msg_id,
                    name: &content.name,
                    text: &content.text,
                    time: event.header.time,
                    state: MessageState::Sent,
                };
                if messages::insert(&mut self.step.tx, &message).await? {
                    self.tell_message(&message);
                    Ok(())
                } else {
                    self.unopened(event, "shown before, under the same id")
                        .await
                }
            }
        }
    }

    /// An own message is known by its exact bytes: its authenticated data alone proves nothing.
    async fn take_own(&mut self, event: &Event) -> Result<(), Refused> {
        let hash = Hash::sha256(event.body.as_slice());
        let room = self.row.id;
        let id = messages::recognize_ciphertext(&mut self.step.tx, room, &hash).await?;
        let Some(id) = id else {
            return self
                .unopened(event, "by this leaf, but not made by this device")
                .await;
        };
        let (seq, time) = (event.header.seq, event.header.time);
        let device = &self.account.device;
        let news = messages::set_sent(&mut self.step.tx, room, device, id, (seq, time)).await?;
        outbox::remove(&mut self.step.tx, room, id).await?;
        self.taken.own.push(id);
        if news {
            self.tell.push(DeviceEvent::Sent {
                room: self.row.uri.clone(),
                client_msg_id: id,
                seq,
                time,
            });
        }
        Ok(())
    }

    async fn unopened(&mut self, event: &Event, why: &str) -> Result<(), Refused> {
        let seq = event.header.seq;
        Ok(messages::record_unopened(&mut self.step.tx, self.row.id, seq, why).await?)
    }

    fn tell_message(&mut self, message: &NewMessage<'_>) {
        let sender = message.device.user();
        let (seq, address) = (message.seq.unwrap_or_default(), sender.address());
        self.tell.push(DeviceEvent::Hop {
            what: HopKind::Decrypted,
            text: format!("event {seq} decrypted: a message by {address}, as its leaf proves"),
        });
        self.tell.push(DeviceEvent::Message(TimelineEntry {
            room: self.row.uri.clone(),
            seq: message.seq,
            sender,
            display_name: message.name.into(),
            client_msg_id: message.id,
            text: message.text.into(),
            time: message.time,
            state: message.state.clone(),
        }));
    }
}
