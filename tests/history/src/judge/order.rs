//! Order: what one device sent stands in the order in which it sent it, and every device shows
//! what arrives in the order of the log.

use std::collections::HashSet;

use holm_protocol::DeviceUri;

use super::Findings;
use super::messages::Sound;
use crate::anomaly::Kind;
use crate::facts::{Room, View};

/// Reordered.
pub(super) fn find(room: &Room<'_>, sound: &Sound, found: &mut Findings<'_>) {
    for (device, sent) in &room.sent {
        let in_turn = sent.iter().enumerate().filter(|(turn, id)| {
            let fate = room.messages.get(id);
            fate.is_some_and(|fate| fate.turn == *turn)
        });
        let mut newest = 0;
        for seq in in_turn.filter_map(|(_, id)| sound.get(id)) {
            if *seq < newest {
                let what = format!(
                    "{device} sent the message at event {newest} before that at event {seq}"
                );
                found.add(Kind::Reordered, Some(*seq), what);
            }
            newest = newest.max(*seq);
        }
    }
    for (device, view) in &room.views {
        shown(device, view, found);
    }
}

fn shown(device: &DeviceUri, view: &View<'_>, found: &mut Findings<'_>) {
    let live: Vec<_> = view.live.iter().map(|arrival| arrival.message).collect();
    let copy: Vec<_> = view.copy.into_iter().flatten().collect();
    for shown in [live, copy] {
        let (mut newest, mut seen) = (0, HashSet::new());
        for message in shown {
            let again = !seen.insert(message.id);
            if message.seq < newest && !again {
                let seq = message.seq;
                let what = format!("{device} shows event {seq} after event {newest}");
                found.add(Kind::Reordered, Some(seq), what);
            }
            newest = newest.max(message.seq);
        }
    }
}
