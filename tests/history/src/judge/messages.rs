//! Each message by itself: sent by whom it names, as it is shown, once, at one place.

use std::collections::{BTreeMap, HashMap, HashSet};

use holm_protocol::DeviceUri;
use holm_protocol::aad::ClientMsgId;

use super::Findings;
use crate::anomaly::{Kind, list};
use crate::facts::{Fate, Room, View};

/// Messages with one place that is theirs alone, and that were sent: what else is judged on.
pub(super) type Sound = HashMap<ClientMsgId, u64>;

/// Phantom, divergent by id, duplicate, outside the window.
pub(super) fn find(room: &Room<'_>, found: &mut Findings<'_>) -> Sound {
    let contested = contested(room, found);
    let mut sound = Sound::new();
    for (id, fate) in sorted(room) {
        let phantom = phantom(*id, fate, found);
        let contested = fate.places.iter().any(|seq| contested.contains(seq));
        let doubled = !contested && doubled(*id, fate, found);
        if let ([seq], false, false) = (&fate.places[..], phantom || contested, doubled) {
            sound.insert(*id, *seq);
        }
    }
    for (device, view) in &room.views {
        shown_twice(device, view, found);
        outside(device, view, found);
    }
    sound
}

/// By place, so that findings come in order.
fn sorted<'r, 'a>(room: &'r Room<'a>) -> Vec<(&'r ClientMsgId, &'r Fate<'a>)> {
    let mut all: Vec<_> = room.messages.iter().collect();
    all.sort_unstable_by_key(|(id, fate)| (fate.places.first().copied(), **id));
    all
}

/// Numbers that more than one message or commit has.
fn contested(room: &Room<'_>, found: &mut Findings<'_>) -> HashSet<u64> {
    let mut first: HashMap<u64, String> = HashMap::new();
    let commits = room.commits.iter();
    first.extend(commits.map(|(seq, epoch)| (*seq, format!("the commit of epoch {epoch}"))));
    let mut contested: BTreeMap<u64, String> = BTreeMap::new();
    for (id, fate) in sorted(room) {
        for seq in &fate.places {
            let name = format!("message {id:?}");
            if let Some(other) = first.get(seq) {
                let who = list(&fate.shown_by);
                contested.entry(*seq).or_insert_with(|| {
                    format!("event {seq} is {other} and also {name}, as {who} has it")
                });
            } else {
                first.insert(*seq, name);
            }
        }
    }
    for (seq, what) in &contested {
        found.add(Kind::Divergent, Some(*seq), what.clone());
    }
    contested.into_keys().collect()
}

fn phantom(id: ClientMsgId, fate: &Fate<'_>, found: &mut Findings<'_>) -> bool {
    let exists = !fate.places.is_empty();
    let seq = fate.places.first().copied();
    let shown_by = list(&fate.shown_by);
    let what = if exists && fate.submit.is_none() {
        format!("message {id:?} was sent by nobody; shown by: {shown_by}")
    } else if !fate.altered.is_empty() {
        let by = list(&fate.altered);
        format!("message {id:?} has another sender or content than it was sent with at {by}")
    } else if exists && fate.refused {
        format!("message {id:?} was refused and stands in the log; shown by: {shown_by}")
    } else {
        return false;
    };
    found.add(Kind::Phantom, seq, what);
    true
}

fn doubled(id: ClientMsgId, fate: &Fate<'_>, found: &mut Findings<'_>) -> bool {
    let seq = fate.places.first().copied();
    if fate.places.len() > 1 {
        let what = format!("message {id:?} stands at each of {}", list(&fate.places));
        found.add(Kind::Duplicate, seq, what);
        return true;
    }
    if let (Some(first), Some(other)) = (fate.accepted.and_then(|a| a.epoch), fate.other_epoch) {
        let what = format!("message {id:?} was accepted in epoch {first} and in epoch {other}");
        found.add(Kind::Duplicate, seq, what);
        return true;
    }
    false
}

/// The same message at the same place, once more on one device.
fn shown_twice(device: &DeviceUri, view: &View<'_>, found: &mut Findings<'_>) {
    let live: Vec<_> = view.live.iter().map(|arrival| arrival.message).collect();
    let copy: Vec<_> = view.copy.into_iter().flatten().collect();
    for shown in [live, copy] {
        let mut seen = HashSet::new();
        for message in shown {
            if !seen.insert((message.id, message.seq)) {
                let (id, seq) = (message.id, message.seq);
                let what = format!("{device} shows message {id:?} twice, at event {seq}");
                found.add(Kind::Duplicate, Some(seq), what);
            }
        }
    }
}

/// What a device has, or was allowed to send, while it was not in the room.
fn outside(device: &DeviceUri, view: &View<'_>, found: &mut Findings<'_>) {
    let live = view.live.iter().map(|arrival| arrival.message.seq);
    let copy = view.copy.into_iter().flatten().map(|message| message.seq);
    let own = view.own.iter().map(|(seq, _)| *seq);
    let mut seqs: Vec<u64> = live.chain(copy).chain(own).collect();
    seqs.retain(|seq| !view.covers(*seq));
    seqs.sort_unstable();
    seqs.dedup();
    for seq in seqs {
        let what = format!("{device} has event {seq}, at which it was not in the room");
        found.add(Kind::OutsideWindow, Some(seq), what);
    }
}
