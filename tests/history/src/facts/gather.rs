//! Reading the observations, once, into what each room's judges look at.

use holm_protocol::aad::ClientMsgId;
use holm_protocol::{DeviceUri, RoomUri};

use super::{Answer, Arrival, Facts, Fate, Room, Submit, View, length};
use crate::history::History;
use crate::observation::{Message, Observation};

impl<'a> Facts<'a> {
    /// Puts the observations in order: joins first, then removals, then everything else.
    pub(crate) fn gather(history: &'a History) -> Self {
        let mut facts = Self::default();
        let entries = || history.entries.iter();
        for (_, observation) in entries() {
            if let Observation::Joined {
                device,
                room,
                anchor,
            } = observation
            {
                facts.view(room, device).join(*anchor);
            }
        }
        for (_, observation) in entries() {
            if let Observation::Removed { device, room, last } = observation {
                facts.view(room, device).remove(*last);
            }
        }
        for (index, (at_ms, observation)) in entries().enumerate() {
            facts.take(index, *at_ms, observation);
        }
        facts.look_at_what_is_shown();
        facts
    }

    fn room(&mut self, room: &'a RoomUri) -> &mut Room<'a> {
        self.rooms.entry(room).or_default()
    }

    fn view(&mut self, room: &'a RoomUri, device: &'a DeviceUri) -> &mut View<'a> {
        self.room(room).views.entry(device).or_default()
    }

    fn take(&mut self, index: usize, at_ms: u64, observation: &'a Observation) {
        match observation {
            Observation::Delivered {
                device,
                room,
                message,
            } => self.view(room, device).live.push(Arrival {
                message,
                at_ms,
                index,
            }),
            Observation::DeviceCopy {
                device,
                room,
                messages,
            } => self.view(room, device).copy = Some(messages),
            Observation::Cursor { device, room, seq } => {
                self.view(room, device).cursors.push((*seq, index));
            }
            Observation::Committed { room, epoch, seq } => {
                self.room(room).commits.entry(*seq).or_insert(*epoch);
            }
            Observation::Encrypted { room, seq, epoch } => {
                self.room(room).epochs.entry(*seq).or_insert(*epoch);
            }
            Observation::ServerCopy {
                server,
                room,
                first,
                hashes,
            } => {
                let end = first.saturating_add(length(hashes)).saturating_sub(1);
                let known = self.room(room).ends.entry(server).or_default();
                *known = end.max(*known);
            }
            _ => self.take_fate(at_ms, observation),
        }
    }

    /// What became of a message.
    fn take_fate(&mut self, at_ms: u64, observation: &'a Observation) {
        match observation {
            Observation::Submitted {
                device,
                room,
                id,
                content,
            } => {
                let submit = Submit {
                    device,
                    content,
                    at_ms,
                };
                self.room(room).submitted(*id, submit);
            }
            Observation::Accepted {
                device,
                room,
                id,
                seq,
                epoch,
            } => {
                let answer = Answer {
                    device,
                    seq: *seq,
                    epoch: *epoch,
                    at_ms,
                };
                self.room(room).accepted(*id, answer);
            }
            Observation::Refused { room, id, .. } => {
                self.room(room).messages.entry(*id).or_default().refused = true;
            }
            _ => {}
        }
    }

    fn look_at_what_is_shown(&mut self) {
        for room in self.rooms.values_mut() {
            for (device, view) in &room.views {
                let live = view.live.iter().map(|arrival| arrival.message);
                for message in live.chain(view.copy.into_iter().flatten()) {
                    let fate = room.messages.entry(message.id).or_default();
                    fate.place(message.seq);
                    fate.show(device, message);
                }
            }
        }
    }
}

impl<'a> Room<'a> {
    fn submitted(&mut self, id: ClientMsgId, submit: Submit<'a>) {
        let fate = self.messages.entry(id).or_default();
        if fate.submit.is_none() || fate.refused {
            let sent = self.sent.entry(submit.device).or_default();
            fate.turn = sent.len();
            sent.push(id);
        }
        fate.submit.get_or_insert(submit);
        fate.refused = false;
    }

    fn accepted(&mut self, id: ClientMsgId, answer: Answer<'a>) {
        let fate = self.messages.entry(id).or_default();
        fate.place(answer.seq);
        let first = *fate.accepted.get_or_insert(answer);
        if first.epoch.is_some() && answer.epoch.is_some() && first.epoch != answer.epoch {
            fate.other_epoch = answer.epoch;
        }
        let view = self.views.entry(answer.device).or_default();
        view.own.push((answer.seq, id));
    }
}

impl<'a> Fate<'a> {
    fn show(&mut self, device: &'a DeviceUri, message: &Message) {
        let as_sent = self.submit.is_none_or(|submit| {
            submit.device.user() == message.sender && *submit.content == message.content
        });
        if !as_sent && self.altered.last() != Some(&device) {
            self.altered.push(device);
        }
        if self.shown_by.last() != Some(&device) {
            self.shown_by.push(device);
        }
    }
}
