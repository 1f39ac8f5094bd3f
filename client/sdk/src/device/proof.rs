//! The proof that a room's hub signed two histories, from what this device keeps (HEAD-7).
//!
//! The two signed heads are kept with the alarm. Where they are of two numbers, the events between
//! are asked of the own server; it cannot spoil the proof, since they are hashed up to a head.

use holm_protocol::document::SignedDocument;
use holm_protocol::limits::PROOF_LINKS_MAX;
use holm_protocol::proof::{ForkProof, Link};
use holm_protocol::{Event, RoomUri, SignedHead};

use super::{Device, Inner};
use crate::error::SdkError;
use crate::replica::{rooms, trust};

/// Events before the newest head among which one that carries a head too early is looked for.
const CARRIER_WITHIN: u64 = 1_024;

impl Device {
    /// The proof that the room's hub signed two histories, for
    /// [`ForkProof::to_bytes`]; `None` where no such alarm was raised.
    ///
    /// # Errors
    /// The own server does not give the events or the document that it needs.
    pub async fn fork_proof(&self, room: &RoomUri) -> Result<Option<ForkProof>, SdkError> {
        self.inner.fork_proof(room).await
    }
}

impl Inner {
    async fn fork_proof(&self, room: &RoomUri) -> Result<Option<ForkProof>, SdkError> {
        let hub = self.room_hub(room).await?;
        let mut state = self.lock().await;
        let reader = state.replica.reader();
        let row = rooms::find(reader, room).await?;
        let row = row.ok_or_else(|| SdkError::UnknownRoom(room.clone()))?;
        let kept = trust::two_heads(reader, row.id).await?;
        drop(state);
        let Some((own, other)) = kept else {
            return Ok(None);
        };
        let server = hub.server();
        let server = server.ok_or_else(|| SdkError::Invalid("the room names no hub".into()))?;
        let document = self.document(&server, Some(hub.root)).await?;
        let mut proof = ForkProof {
            hub: server,
            root: hub.root,
            documents: vec![SignedDocument::clone(document.signed())],
            first: other,
            second: own,
            links: Vec::new(),
            carrier: None,
        };
        if proof.first.head.seq != proof.second.head.seq || proof.verify().is_err() {
            self.add_links(room, &mut proof).await?;
        }
        match proof.verify() {
            Ok(_) => Ok(Some(proof)),
            Err(error) => Err(SdkError::Answer(format!(
                "the proof does not hold: {error}"
            ))),
        }
    }

    /// The events that lead up to the second head: from the one after the first, or from the one
    /// that carries it.
    async fn add_links(&self, room: &RoomUri, proof: &mut ForkProof) -> Result<(), SdkError> {
        let (first, end) = (proof.first.head.seq, proof.second.head.seq);
        let early = first >= end || end - first < CARRIER_WITHIN;
        let from = match early {
            true => first.min(end).saturating_sub(CARRIER_WITHIN),
            false => first,
        };
        let events = self.events_between(room, from, end).await?;
        let carries = |event: &Event| {
            first >= event.header.seq && event.carried_head().as_ref() == Some(&proof.first)
        };
        let carrier = events.iter().find(|event| carries(event)).cloned();
        let begin = carrier.as_ref().map_or(first, |c| c.header.seq - 1);
        let later = events.iter().filter(|event| event.header.seq > begin);
        proof.links = later.map(Link::of).collect();
        proof.carrier = carrier;
        Ok(())
    }

    async fn events_between(
        &self,
        room: &RoomUri,
        after: u64,
        end: u64,
    ) -> Result<Vec<Event>, SdkError> {
        let (mut events, mut after) = (Vec::new(), after);
        while after < end && events.len() <= PROOF_LINKS_MAX {
            let page = self.api()?.events(room, after).await?;
            let before = events.len();
            for bytes in &page.events {
                let event = Event::from_bytes(bytes.as_slice())
                    .map_err(|e| SdkError::Answer(e.to_string()))?;
                after = after.max(event.header.seq);
                if event.header.seq <= end {
                    events.push(event);
                }
            }
            if events.len() == before {
                break;
            }
        }
        Ok(events)
    }
}

/// Two heads as they are kept as evidence.
pub(crate) fn read_heads(first: &[u8], second: &[u8]) -> Option<(SignedHead, SignedHead)> {
    let read = |bytes| holm_protocol::encoding::decode::<SignedHead>(bytes).ok();
    read(first).zip(read(second))
}
