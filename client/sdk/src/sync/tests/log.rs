//! A log that takes whatever a test puts into it; it checks nothing but epochs.

use std::collections::BTreeMap;

use holm_client_types::room::{CommitRequest, SentResponse};
use holm_protocol::aad::{Aad, ClientMsgId};
use holm_protocol::bundle::Bundle;
use holm_protocol::event::{EventHeader, Position};
use holm_protocol::federation::BundleJson;
use holm_protocol::mls_header::MlsHeader;
use holm_protocol::{Code, Event, EventKind, Problem, RoomUri};

use super::hub::now_ms;

#[derive(Default)]
pub(super) struct Log {
    pub(super) events: Vec<Event>,
    epoch: u64,
    pub(super) welcomes: BTreeMap<u64, Vec<u8>>,
    accepted: BTreeMap<ClientMsgId, SentResponse>,
}

impl Log {
    pub(super) fn position(&self, room: &RoomUri) -> Position {
        self.events
            .last()
            .map_or_else(|| Position::origin(room), Position::after)
    }

    pub(super) fn append(&mut self, room: &RoomUri, kind: EventKind, body: Vec<u8>) -> Event {
        let before = self.position(room);
        let header = EventHeader {
            room: room.clone(),
            seq: before.seq + 1,
            time: now_ms().max(before.time),
            kind,
            prev: before.hash,
        };
        let event = Event::new(header, body);
        self.events.push(event.clone());
        event
    }

    pub(super) fn commit(
        &mut self,
        room: &RoomUri,
        request: CommitRequest,
    ) -> Result<SentResponse, Problem> {
        let bundle = Bundle::from(BundleJson::from(request));
        let header = MlsHeader::read(&bundle.commit).unwrap();
        let id = Aad::from_bytes(header.aad).unwrap().client_msg_id;
        if let Some(sent) = self.accepted.get(&id) {
            return Ok(*sent);
        }
        if header.epoch != self.epoch {
            return Err(Problem::new(Code::WrongEpoch, "").with_epoch(self.epoch));
        }
        self.epoch += 1;
        let event = self.append(room, EventKind::COMMIT, bundle.body().to_bytes());
        let seq = event.header.seq;
        if let Some(welcome) = bundle.welcome {
            self.welcomes.insert(seq, welcome);
        }
        let sent = SentResponse {
            client_msg_id: id,
            seq,
            time: event.header.time,
        };
        self.accepted.insert(id, sent);
        Ok(sent)
    }
}
