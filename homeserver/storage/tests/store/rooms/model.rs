//! Cursors of devices and peers against a model: whatever is said, in any order, they only grow,
//! begin at an anchor and end where the part ends (RM-2, SYNC-6, FED-5).

use std::collections::BTreeMap;

use holm_core::ports::RoomStore;
use holm_protocol::RoomUri;
use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, Strategy, prop_oneof, proptest};

use super::{created, fold};
use crate::names::{device, server};
use crate::subject::{Running, block_on};

const DEVICES: [&str; 2] = ["bob", "carol"];
const PEERS: [&str; 2] = ["skerry.test", "atoll.test"];

#[derive(Clone, Debug)]
enum Step {
    /// A commit lets these in and removes those; bits of the numbers are places in the lists.
    Commit { enter: u8, leave: u8 },
    /// A device says how far it is; several marks at once.
    Acknowledge {
        device: usize,
        marks: Vec<(u64, u64)>,
    },
    /// A peer says how far it is.
    Advance { peer: usize, cursors: Vec<u64> },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let mark = || prop_oneof![9 => 0_u64..40, 1 => u64::MAX - 1..=u64::MAX];
    let step = prop_oneof![
        2 => (0_u8..16, 0_u8..16).prop_map(|(enter, leave)| Step::Commit { enter, leave }),
        4 => (0..DEVICES.len(), vec((mark(), mark()), 0..3))
            .prop_map(|(device, marks)| Step::Acknowledge { device, marks }),
        4 => (0..PEERS.len(), vec(mark(), 0..3))
            .prop_map(|(peer, cursors)| Step::Advance { peer, cursors }),
    ];
    vec(step, 1..30)
}

/// How far somebody is: anchor, end, and two marks (a peer's second one stays 0).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Part {
    anchor: u64,
    until: Option<u64>,
    marks: (u64, u64),
}

impl Part {
    fn begun(anchor: u64) -> Self {
        Self {
            anchor,
            until: None,
            marks: (anchor - 1, 0),
        }
    }

    fn raise(&mut self, (first, second): (u64, u64)) {
        if first < self.anchor {
            return;
        }
        // The largest number a store keeps.
        let end = self.until.unwrap_or(u64::MAX >> 1);
        let (first, second) = (first.min(end), second.min(end));
        self.marks = (self.marks.0.max(first), self.marks.1.max(second));
    }
}

/// The parts of each, oldest first.
type Parts = BTreeMap<&'static str, Vec<Part>>;

/// Who leaves keeps its marks; who enters begins anew, after the part before.
fn commit(parts: &mut Parts, (enter, leave): (&[&'static str], &[&'static str]), seq: u64) {
    for name in leave {
        let newest = parts.get_mut(name).and_then(|parts| parts.last_mut());
        if let Some(part) = newest.filter(|part| part.until.is_none()) {
            part.until = Some(if enter.contains(name) { seq - 1 } else { seq });
        }
    }
    for name in enter {
        parts.entry(name).or_default().push(Part::begun(seq));
    }
}

fn chosen(all: &[&'static str; 2], bits: u8) -> Vec<&'static str> {
    let numbered = all.iter().enumerate();
    numbered
        .filter(|(n, _)| bits >> n & 1 == 1)
        .map(|(_, name)| *name)
        .collect()
}

async fn check(steps: Vec<Step>) {
    let running = Running::memory().await;
    let store = &running.store;
    let (room, _) = created(&running).await;
    let (mut devices, mut peers, mut seq) = (Parts::new(), Parts::new(), 0);
    for step in steps {
        match step {
            Step::Commit { enter, leave } => {
                seq += 1;
                let mut change = fold(&room, seq);
                // Nobody enters who is in.
                let enter_devices = absent(&devices, chosen(&DEVICES, enter), leave);
                let enter_peers = absent(&peers, chosen(&PEERS, enter >> 2), leave >> 2);
                let (out, gone) = (chosen(&DEVICES, leave), chosen(&PEERS, leave >> 2));
                let id = |name: &&str| device(name, "d1");
                change.entered = enter_devices.iter().map(id).collect();
                change.left = out.iter().map(id).collect();
                change.peers_entered = enter_peers.iter().map(|name| server(name)).collect();
                change.peers_left = gone.iter().map(|name| server(name)).collect();
                store.fold(change).await.unwrap();
                commit(&mut devices, (&enter_devices, &out), seq);
                commit(&mut peers, (&enter_peers, &gone), seq);
            }
            Step::Acknowledge { device: n, marks } => {
                let all = marks
                    .iter()
                    .map(|(first, second)| (room.clone(), *first, *second));
                let all: Vec<_> = all.collect();
                store
                    .acknowledge(&device(DEVICES[n], "d1"), &all)
                    .await
                    .unwrap();
                raise(&mut devices, DEVICES[n], &marks);
            }
            Step::Advance { peer, cursors } => {
                let all: Vec<_> = cursors
                    .iter()
                    .map(|cursor| (room.clone(), *cursor))
                    .collect();
                store
                    .advance_peer(&server(PEERS[peer]), &all)
                    .await
                    .unwrap();
                let marks: Vec<_> = cursors.iter().map(|cursor| (*cursor, 0)).collect();
                raise(&mut peers, PEERS[peer], &marks);
            }
        }
        compare(&running, &room, (&devices, &peers)).await;
    }
}

fn raise(parts: &mut Parts, name: &'static str, marks: &[(u64, u64)]) {
    // One statement raises to the highest of all that are said at once.
    let highest = |a: (u64, u64), b: &(u64, u64)| (a.0.max(b.0), a.1.max(b.1));
    let mark = marks.iter().fold((0, 0), highest);
    for part in parts.get_mut(name).into_iter().flatten() {
        part.raise(mark);
    }
}

/// The store has what the model has.
async fn compare(running: &Running, room: &RoomUri, (devices, peers): (&Parts, &Parts)) {
    let store = &running.store;
    for name in DEVICES {
        let id = device(name, "d1");
        let found = store.memberships_in(&id, room).await.unwrap();
        let newest = store.membership(&id, room).await.unwrap();
        assert_eq!(newest.as_ref(), found.last(), "{name}");
        let found = found.iter().map(|m| Part {
            anchor: m.anchor,
            until: m.until,
            marks: (m.delivered, m.read),
        });
        let expected = devices.get(name).cloned().unwrap_or_default();
        assert_eq!(found.collect::<Vec<_>>(), expected, "{name}");
    }
    let found = store.peers(room).await.unwrap().into_iter();
    let found = found.map(|c| {
        let part = Part {
            anchor: c.anchor,
            until: c.until,
            marks: (c.cursor, 0),
        };
        (c.server.to_string(), part)
    });
    let expected = peers.iter().flat_map(|(name, parts)| {
        let part = |part: &Part| ((*name).to_owned(), *part);
        parts.iter().map(part).collect::<Vec<_>>()
    });
    let mut expected: Vec<_> = expected.collect();
    expected.sort_by_key(|(name, part)| (name.clone(), part.anchor));
    assert_eq!(found.collect::<Vec<_>>(), expected);
}

/// Those of `wanted` who are not in, or leave by the same commit.
fn absent(parts: &Parts, wanted: Vec<&'static str>, leave: u8) -> Vec<&'static str> {
    let newest = |name: &str| parts.get(name).and_then(|parts| parts.last());
    let stays = |name: &str| newest(name).is_some_and(|part| part.until.is_none());
    let leaves = |name: &str| {
        let place = DEVICES.iter().chain(&PEERS).position(|one| *one == name);
        place.is_some_and(|n| leave >> (n % 2) & 1 == 1)
    };
    wanted
        .into_iter()
        .filter(|name| !stays(name) || leaves(name))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// RM-2, SYNC-6, FED-5, I6: no cursor falls, passes its end, or is moved by anybody else.
    #[test]
    fn cursors_do_what_the_model_says(steps in steps()) {
        block_on(check(steps));
    }
}
