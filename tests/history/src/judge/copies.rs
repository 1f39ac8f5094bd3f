//! Copies of one log: every two agree wherever both have an event, and none has a hole.

use std::collections::{BTreeMap, HashMap};

use holm_protocol::{Hash, RoomUri, ServerName};

use super::stated_hashes;
use crate::anomaly::{Anomaly, Kind, list};
use crate::facts::length;
use crate::history::History;
use crate::observation::Observation;

/// Divergent, by hash; gap, in servers' copies.
pub(super) fn find(history: &History) -> Vec<Anomaly> {
    let mut copies = Copies::default();
    for (_, observation) in &history.entries {
        stated_hashes(observation, &mut |(room, seq, hash, holder)| {
            copies.state((room, seq), hash, holder);
        });
        copies.take(observation);
    }
    copies.found()
}

#[derive(Default)]
struct Copies<'a> {
    hashes: HashMap<(&'a RoomUri, u64), (&'a Hash, String)>,
    /// Who has something else than the first.
    others: BTreeMap<(&'a RoomUri, u64), Vec<String>>,
    heads: HashMap<(&'a RoomUri, u64), (u32, &'a Hash)>,
    ends: HashMap<(&'a RoomUri, &'a ServerName), u64>,
    gaps: Vec<Anomaly>,
}

impl<'a> Copies<'a> {
    fn state(&mut self, place: (&'a RoomUri, u64), hash: &'a Hash, holder: String) {
        let first = self.hashes.entry(place).or_insert((hash, holder.clone()));
        if first.0 != hash {
            let others = self.others.entry(place).or_default();
            if !others.contains(&holder) {
                others.push(holder);
            }
        }
    }

    fn take(&mut self, observation: &'a Observation) {
        match observation {
            // A second one of its term is a fork, which is judged elsewhere.
            Observation::Head {
                room,
                term,
                seq,
                hash,
            } => {
                self.heads.entry((room, *seq)).or_insert((*term, hash));
            }
            Observation::ServerCopy {
                server,
                room,
                first,
                hashes,
            } => {
                let end = *self
                    .ends
                    .entry((room, server))
                    .or_insert(first.saturating_sub(1));
                if *first > end.saturating_add(1) {
                    let what = format!("{server} has event {end} and then {first}");
                    self.gaps.push(Anomaly {
                        kind: Kind::Gap,
                        room: Some(room.clone()),
                        seq: Some(*first),
                        what,
                    });
                }
                let last = first.saturating_add(length(hashes)).saturating_sub(1);
                self.ends.insert((room, server), last.max(end));
            }
            _ => {}
        }
    }

    fn found(mut self) -> Vec<Anomaly> {
        for (place, (term, hash)) in std::mem::take(&mut self.heads) {
            if self.hashes.contains_key(&place) {
                self.state(place, hash, format!("the head signed in term {term}"));
            }
        }
        let mut found = self.gaps;
        for ((room, seq), others) in self.others {
            let first = self
                .hashes
                .get(&(room, seq))
                .map_or("", |(_, holder)| holder);
            found.push(Anomaly {
                kind: Kind::Divergent,
                room: Some(room.clone()),
                seq: Some(seq),
                what: format!(
                    "event {seq} is another at {} than at {first}",
                    list(&others)
                ),
            });
        }
        found
    }
}
