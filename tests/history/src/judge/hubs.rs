//! What hubs and KeyPackage pools may do once: sign a head for a place, end an epoch, hand out a
//! KeyPackage; and receipts, which only rise.

use std::collections::HashMap;

use holm_protocol::{DeviceUri, Hash, RoomUri, UserUri};

use crate::anomaly::{Anomaly, Kind};
use crate::history::History;
use crate::observation::Observation;

/// Fork, two commits an epoch, KeyPackage twice, receipt backwards.
pub(super) fn find(history: &History) -> Vec<Anomaly> {
    let mut judge = Once::default();
    for (_, observation) in &history.entries {
        judge.take(observation);
    }
    judge.found
}

#[derive(Default)]
struct Once<'a> {
    heads: HashMap<Place<'a>, &'a Hash>,
    epochs: HashMap<(&'a RoomUri, u64), u64>,
    packages: HashMap<&'a Hash, &'a str>,
    receipts: HashMap<Reader<'a>, (u64, u64)>,
    found: Vec<Anomaly>,
}

type Place<'a> = (&'a RoomUri, u32, u64);
type Reader<'a> = (&'a DeviceUri, &'a RoomUri, &'a UserUri);

impl<'a> Once<'a> {
    fn take(&mut self, observation: &'a Observation) {
        match observation {
            Observation::Head {
                room,
                term,
                seq,
                hash,
            } => {
                let first = *self.heads.entry((room, *term, *seq)).or_insert(hash);
                if first != hash {
                    let what = format!(
                        "the hub of term {term} signed two heads for event {seq}: {first} and {hash}"
                    );
                    self.add(Kind::Fork, Some((room, *seq)), what);
                }
            }
            Observation::Committed { room, epoch, seq } => {
                let first = *self.epochs.entry((room, *epoch)).or_insert(*seq);
                if first != *seq {
                    let what = format!("events {first} and {seq} both end epoch {epoch}");
                    self.add(Kind::TwoCommitsAnEpoch, Some((room, *seq)), what);
                }
            }
            Observation::Claimed {
                package,
                by,
                last_resort: false,
            } => {
                if let Some(first) = self.packages.insert(package, by) {
                    let what = format!("{package} was handed to {first} and to {by}");
                    self.add(Kind::KeyPackageTwice, None, what);
                }
            }
            Observation::Receipt {
                observer,
                room,
                reader,
                delivered,
                read,
            } => self.receipt((observer, room, reader), (*delivered, *read)),
            _ => {}
        }
    }

    fn receipt(&mut self, of: Reader<'a>, now: (u64, u64)) {
        let (observer, room, reader) = of;
        let before = self.receipts.insert(of, now).unwrap_or_default();
        if now.0 < before.0 || now.1 < before.1 || now.1 > now.0 {
            let what = format!(
                "{observer} was told that {reader} has {} and read {}, and then that it has {} and read {}",
                before.0, before.1, now.0, now.1
            );
            self.add(Kind::ReceiptBackwards, Some((room, now.0)), what);
        }
    }

    fn add(&mut self, kind: Kind, place: Option<(&RoomUri, u64)>, what: String) {
        self.found.push(Anomaly {
            kind,
            room: place.map(|(room, _)| room.clone()),
            seq: place.map(|(_, seq)| seq),
            what,
        });
    }
}
