//! What should be there at the end and is not: every device has every message of its window.

use std::collections::HashSet;

use holm_protocol::DeviceUri;
use holm_protocol::aad::ClientMsgId;

use super::Findings;
use super::messages::Sound;
use crate::anomaly::{Kind, list};
use crate::facts::{Fate, Room, View};

/// Lost, gap, unseen.
pub(super) fn find(room: &Room<'_>, sound: &Sound, found: &mut Findings<'_>) {
    let mut placed: Vec<(u64, ClientMsgId)> = sound.iter().map(|(id, seq)| (*seq, *id)).collect();
    placed.sort_unstable();
    let holdings: Vec<Holding<'_>> = room
        .views
        .iter()
        .map(|(device, view)| Holding::of(device, view))
        .collect();
    for (seq, id) in placed {
        let Some(fate) = room.messages.get(&id) else {
            continue;
        };
        let place = Place { seq, id, fate };
        if !place.is_in_log(room, found) {
            continue;
        }
        let missing: Vec<_> = holdings
            .iter()
            .filter(|holding| holding.lacks(&place, room))
            .collect();
        if !missing.is_empty() {
            place.tell(&missing, &holdings, found);
        }
    }
}

/// What a device has.
struct Holding<'a> {
    device: &'a DeviceUri,
    view: &'a View<'a>,
    has: HashSet<ClientMsgId>,
    newest: u64,
}

struct Place<'a> {
    seq: u64,
    id: ClientMsgId,
    fate: &'a Fate<'a>,
}

impl<'a> Holding<'a> {
    /// The copy at the end, where there is one; else everything it showed or was answered.
    fn of(device: &'a DeviceUri, view: &'a View<'a>) -> Self {
        let entries: Vec<(u64, ClientMsgId)> = if let Some(copy) = view.copy {
            copy.iter().map(|m| (m.seq, m.id)).collect()
        } else {
            let live = view.live.iter().map(|a| (a.message.seq, a.message.id));
            live.chain(view.own.iter().copied()).collect()
        };
        Self {
            device,
            view,
            newest: entries.iter().map(|(seq, _)| *seq).max().unwrap_or(0),
            has: entries.into_iter().map(|(_, id)| id).collect(),
        }
    }

    fn lacks(&self, place: &Place<'_>, room: &Room<'_>) -> bool {
        // Without a copy, an own message that was never answered leaves no trace on its device.
        let own = self.view.copy.is_none() && place.is_from(self.device);
        self.view.is_owed(place.seq, room) && !own && !self.has.contains(&place.id)
    }
}

impl Place<'_> {
    fn is_from(&self, device: &DeviceUri) -> bool {
        self.fate
            .submit
            .is_some_and(|submit| submit.device == device)
    }

    /// Whether the log is long enough for it, as far as servers' copies tell.
    fn is_in_log(&self, room: &Room<'_>, found: &mut Findings<'_>) -> bool {
        let Self { seq, id, .. } = self;
        match room.end() {
            Some(end) if *seq > end => {
                let what =
                    format!("message {id:?} has event {seq} of a log that ends with event {end}");
                found.add(Kind::Lost, Some(*seq), what);
                false
            }
            _ => true,
        }
    }

    fn tell(&self, missing: &[&Holding<'_>], all: &[Holding<'_>], found: &mut Findings<'_>) {
        let Self { seq, id, .. } = self;
        let reached = all
            .iter()
            .any(|holding| !self.is_from(holding.device) && holding.has.contains(id));
        if !reached {
            let from = missing.iter().map(|holding| holding.device);
            let from: Vec<&DeviceUri> = from.collect();
            let what = format!(
                "message {id:?} at event {seq} reached none of {}",
                list(&from)
            );
            found.add(Kind::Lost, Some(*seq), what);
            return;
        }
        let (skipped, behind): (Vec<_>, Vec<_>) =
            missing.iter().partition(|holding| holding.newest > *seq);
        for (kind, holdings, how) in [
            (Kind::Gap, skipped, "was passed over by"),
            (Kind::Unseen, behind, "never reached"),
        ] {
            let devices: Vec<&DeviceUri> = holdings
                .iter()
                .map(|holding: &&Holding<'_>| holding.device)
                .collect();
            if !devices.is_empty() {
                let what = format!("message {id:?} at event {seq} {how} {}", list(&devices));
                found.add(kind, Some(*seq), what);
            }
        }
    }
}
