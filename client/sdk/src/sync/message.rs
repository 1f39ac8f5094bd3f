//! Taking a message event: opened, shown once, or recorded as not opening.

use holm_protocol::{Event, Hash};

use super::events::{Refused, Work};
use crate::content::{Kind, Reading};
use crate::event::{DeviceEvent, HopKind};
use crate::mls::group_id;
use crate::mls::open::{Opened, open};
use crate::overlay::Laid;
use crate::replica::messages::{self, NewMessage};
use crate::replica::{outbox, timeline};
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
                let reading = Reading::of(&content, &sender.device.user(), &self.row.uri);
                let (reading, content) = match self.is_forgotten(&reading).await? {
                    true => (Reading::forgotten(), Vec::new()),
                    false => (reading, content),
                };
                let message = NewMessage {
                    room: self.row.id,
                    seq: Some(event.header.seq),
                    device: &sender.device,
                    id: aad.client_msg_id,
                    reading: &reading,
                    content: &content,
                    time: event.header.time,
                    state: MessageState::Sent,
                };
                self.take_reading(event, &message).await
            }
        }
    }

    /// Whether it is about a message that is forgotten (MSG-10).
    async fn is_forgotten(&mut self, reading: &Reading) -> Result<bool, Refused> {
        let Some(about) = reading.about.filter(|_| reading.kind != Kind::Message) else {
            return Ok(false);
        };
        let known = timeline::author(&mut self.step.tx, self.row.id, &about).await?;
        Ok(known.is_some_and(|(_, kind)| kind == Kind::Nothing))
    }

    /// One message a sender and id, and one a name: whoever says the very same bytes again has
    /// said nothing (MSG-3).
    async fn take_reading(
        &mut self,
        event: &Event,
        message: &NewMessage<'_>,
    ) -> Result<(), Refused> {
        let (room, tx) = (self.row.id, &mut self.step.tx);
        let known = match &message.reading.id {
            Some(id) => timeline::author(tx, room, id).await?,
            None => None,
        };
        if known.is_some() || !messages::insert(tx, message).await? {
            let why = "shown before, under the same id";
            return self.unopened(event, why).await;
        }
        self.expires |= message.reading.expires.is_some();
        let place = (room, &self.row.uri);
        let changed = timeline::changed(&mut self.step.tx, place, message.reading).await?;
        self.tell_message(message, changed);
        Ok(())
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

    fn tell_message(&mut self, message: &NewMessage<'_>, changed: Option<TimelineEntry>) {
        let sender = message.device.user();
        let (seq, address) = (message.seq.unwrap_or_default(), sender.address());
        self.tell.push(DeviceEvent::Hop {
            what: HopKind::Decrypted,
            text: format!("event {seq} decrypted: a message by {address}, as its leaf proves"),
        });
        let changed = changed.map(|entry| DeviceEvent::Changed(Box::new(entry)));
        self.tell.extend(changed);
        if message.reading.kind != Kind::Message {
            return;
        }
        self.tell.push(DeviceEvent::Message(Box::new(TimelineEntry {
            room: self.row.uri.clone(),
            seq: message.seq,
            sender,
            display_name: message.reading.name.clone(),
            client_msg_id: message.id,
            id: message.reading.id,
            in_reply_to: message.reading.about,
            text: message.reading.text.clone(),
            laid: Laid::default(),
            time: message.time,
            state: message.state.clone(),
        })));
    }
}
