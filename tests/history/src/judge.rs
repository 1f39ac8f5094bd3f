//! All judges over one history; each finds its own kinds of anomaly.

mod copies;
mod cursors;
mod hubs;
mod messages;
mod missing;
mod order;
mod removals;

use holm_protocol::RoomUri;

use crate::anomaly::{Anomaly, Kind};
use crate::facts::{Facts, Fate, Room};
use crate::history::History;
use crate::latency::Latency;
use crate::observation::Observation;
use crate::verdict::{Counts, End, Verdict};

pub(crate) fn judge(history: &History, end: End) -> Verdict {
    let facts = Facts::gather(history);
    let mut anomalies = hubs::find(history);
    anomalies.extend(copies::find(history));
    for (uri, room) in &facts.rooms {
        let mut found = Findings {
            room: uri,
            anomalies: &mut anomalies,
        };
        let sound = messages::find(room, &mut found);
        order::find(room, &sound, &mut found);
        removals::find(room, &mut found);
        cursors::find(room, end, &mut found);
        if end == End::Settled {
            missing::find(room, &sound, &mut found);
        }
    }
    anomalies.sort();
    let (accepted, delivered) = latencies(&facts);
    Verdict {
        anomalies,
        counts: count(&facts, history),
        accepted,
        delivered,
    }
}

/// Anomalies of a room.
struct Findings<'a> {
    room: &'a RoomUri,
    anomalies: &'a mut Vec<Anomaly>,
}

impl Findings<'_> {
    fn add(&mut self, kind: Kind, seq: Option<u64>, what: String) {
        self.anomalies.push(Anomaly {
            kind,
            room: Some(self.room.clone()),
            seq,
            what,
        });
    }
}

fn count(facts: &Facts<'_>, history: &History) -> Counts {
    let rooms = || facts.rooms.values();
    let fates = || rooms().flat_map(|room| room.messages.values());
    let sent = |test: fn(&Fate<'_>) -> bool| {
        fates()
            .filter(|fate| fate.submit.is_some() && test(fate))
            .count()
    };
    let commits = rooms().map(|room| room.commits.len()).sum();
    Counts {
        unrecorded: history.unrecorded,
        rooms: facts.rooms.len(),
        memberships: rooms().map(memberships).sum(),
        messages: sent(|_| true),
        accepted: sent(|fate| fate.accepted.is_some()),
        refused: sent(|fate| fate.refused && fate.accepted.is_none()),
        unanswered: sent(|fate| !fate.refused && fate.accepted.is_none()),
        deliveries: rooms()
            .flat_map(|room| room.views.values())
            .map(|view| view.live.len())
            .sum(),
        commits,
    }
}

fn memberships(room: &Room<'_>) -> usize {
    let views = room.views.values();
    views.filter(|view| !view.windows.is_empty()).count()
}

/// From each message's first submit to its acknowledgement and to each of its deliveries.
fn latencies(facts: &Facts<'_>) -> (Latency, Latency) {
    let (mut accepted, mut delivered) = (Vec::new(), Vec::new());
    for room in facts.rooms.values() {
        for fate in room.messages.values() {
            if let (Some(submit), Some(answer)) = (fate.submit, fate.accepted) {
                accepted.push(answer.at_ms.saturating_sub(submit.at_ms));
            }
        }
        for arrival in room.views.values().flat_map(|view| &view.live) {
            let fate = room.messages.get(&arrival.message.id);
            if let Some(submit) = fate.and_then(|fate| fate.submit) {
                delivered.push(arrival.at_ms.saturating_sub(submit.at_ms));
            }
        }
    }
    (Latency::of(accepted), Latency::of(delivered))
}

/// Whose hash it is that an observation states, for which place of which room.
type Stated<'a> = (&'a RoomUri, u64, &'a holm_protocol::Hash, String);

/// Calls `each` for every hash that devices and servers have in their copies.
fn stated_hashes<'a>(observation: &'a Observation, each: &mut impl FnMut(Stated<'a>)) {
    match observation {
        Observation::Position {
            holder,
            room,
            seq,
            hash,
        } => each((room, *seq, hash, holder.to_string())),
        Observation::ServerCopy {
            server,
            room,
            first,
            hashes,
        } => {
            for (seq, hash) in (*first..).zip(hashes) {
                each((room, seq, hash, server.to_string()));
            }
        }
        Observation::Delivered {
            device,
            room,
            message,
        } => {
            if let Some(hash) = &message.hash {
                each((room, message.seq, hash, device.to_string()));
            }
        }
        Observation::DeviceCopy {
            device,
            room,
            messages,
        } => {
            for message in messages {
                if let Some(hash) = &message.hash {
                    each((room, message.seq, hash, device.to_string()));
                }
            }
        }
        _ => {}
    }
}
