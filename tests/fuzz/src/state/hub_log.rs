//! The log store in memory, the reference of the others, against a list (LOG-2, LOG-9).
//!
//! The contract suite of the stores draws such steps at random; here coverage leads to them.

use std::collections::BTreeMap;

use futures::FutureExt;
use holm_core::ports::{Append, AppendError, Entry, Expect, LogHead, LogStore};
use holm_protocol::event::{Position, origin_hash};
use holm_protocol::{Event, EventHeader, EventKind, Hash, RoomUri};
use holm_storage::Memory;

use crate::group::room;
use crate::input::Input;

/// What the log has to be.
#[derive(Default)]
struct Model {
    events: Vec<Vec<u8>>,
    positions: Vec<Position>,
    keys: BTreeMap<Hash, u64>,
    fence: u64,
}

/// Answers of a store in memory are there at once.
fn now<T>(answer: impl Future<Output = T>) -> T {
    answer.now_or_never().expect("memory does not wait")
}

/// One input as calls on one room's log.
pub fn hub_log(bytes: &[u8]) {
    let (store, room, mut model) = (Memory::default(), room(), Model::default());
    now(store.begin(&room, model.head(&room, 0))).expect("a new log");
    let mut input = Input::new(bytes);
    while !input.is_empty() {
        match input.below(6) {
            0 => {
                model.fence += 1;
                assert_eq!(now(store.take_over(&room)).ok(), Some(model.fence));
            }
            1 => model.read(&store, &room, &mut input),
            2 => {
                let key = key(input.byte());
                let found = now(store.find(&room, key)).expect("memory answers");
                assert_eq!(found.map(|(seq, _)| seq), model.keys.get(&key).copied());
            }
            _ => model.append(&store, &room, &mut input),
        }
    }
    let head = now(store.head(&room)).expect("memory answers");
    assert_eq!(head.map(|head| head.position), Some(model.position(&room)));
    model.check_pages(&store, &room, 0, usize::MAX);
}

fn key(n: u8) -> Hash {
    Hash::sha256(&[n % 32])
}

impl Model {
    fn position(&self, room: &RoomUri) -> Position {
        let last = self.positions.last().copied();
        last.unwrap_or_else(|| Position::origin(room))
    }

    fn head(&self, room: &RoomUri, commit_seq: u64) -> LogHead {
        LogHead {
            position: self.position(room),
            generation: 0,
            epoch: 0,
            epoch_floor: 0,
            commit_seq,
            fence: self.fence,
        }
    }

    fn append(&mut self, store: &Memory, room: &RoomUri, input: &mut Input<'_>) {
        let (mut entries, mut positions) = (Vec::new(), Vec::new());
        let mut last = self.position(room);
        for _ in 0..=input.below(3) {
            let header = EventHeader {
                room: room.clone(),
                seq: last.seq + 1,
                time: last.time + u64::from(input.byte()),
                kind: EventKind::MESSAGE,
                prev: last.hash,
            };
            let event = Event::new(header, vec![input.byte()]);
            last = Position::after(&event);
            positions.push(last);
            entries.push(Entry {
                seq: last.seq,
                kind: EventKind::MESSAGE,
                event: event.to_bytes().into(),
                idempotency_key: Some(key(input.byte())),
                attachment: None,
            });
        }
        let before = self.position(room);
        let mut append = Append {
            room: room.clone(),
            expect: Expect {
                seq: before.seq,
                hash: before.hash,
                fence: self.fence,
            },
            head: LogHead {
                position: last,
                ..self.head(room, 0)
            },
            entries,
            stored_for: Vec::new(),
        };
        let fault = input.below(8);
        spoil(&mut append, fault);
        let outcome = now(store.append(append.clone()));
        let twice = has_key_twice(&append);
        match outcome {
            Ok(()) => {
                assert!(
                    !(1..=5).contains(&fault) || self.harmless(fault),
                    "fault {fault}"
                );
                assert!(!twice && self.first_known(&append).is_none());
                self.take(append, positions);
            }
            Err(AppendError::Repeated(seq)) => assert_eq!(self.first_known(&append), Some(seq)),
            Err(AppendError::HeadMoved(head)) => assert_eq!(head.position, before),
            Err(AppendError::Fenced(fence)) => assert_eq!(fence, self.fence),
            Err(AppendError::Unavailable(_)) => assert!((3..=5).contains(&fault) || twice),
            Err(other) => panic!("{other}"),
        }
    }

    /// Whether a fault changes nothing here: an old fence where there is none yet.
    fn harmless(&self, fault: usize) -> bool {
        fault == 2 && self.fence == 0
    }

    fn first_known(&self, append: &Append) -> Option<u64> {
        let keys = append
            .entries
            .iter()
            .filter_map(|entry| entry.idempotency_key);
        keys.filter_map(|key| self.keys.get(&key).copied()).min()
    }

    fn take(&mut self, append: Append, positions: Vec<Position>) {
        for entry in append.entries {
            self.keys
                .extend(entry.idempotency_key.map(|key| (key, entry.seq)));
            self.events.push(entry.event.to_vec());
        }
        self.positions.extend(positions);
    }

    fn read(&self, store: &Memory, room: &RoomUri, input: &mut Input<'_>) {
        let after = u64::from(input.byte());
        self.check_pages(store, room, after, usize::from(input.byte()));
    }

    /// A page is a run of the log that begins where it was asked to.
    fn check_pages(&self, store: &Memory, room: &RoomUri, after: u64, limit: usize) {
        let page = now(store.read(room, after, limit, usize::MAX)).expect("memory answers");
        let start = usize::try_from(after).expect("small numbers");
        let expected = self.events.iter().skip(start).take(limit.max(1));
        let found = page.iter().map(|entry| entry.event.to_vec());
        assert_eq!(
            found.collect::<Vec<_>>(),
            expected.cloned().collect::<Vec<_>>()
        );
    }
}

fn has_key_twice(append: &Append) -> bool {
    let keys: Vec<_> = append.entries.iter().map(|e| e.idempotency_key).collect();
    keys.iter()
        .enumerate()
        .any(|(n, key)| keys[..n].contains(key))
}

fn spoil(append: &mut Append, fault: usize) {
    match fault {
        1 => append.expect.hash = origin_hash(&other_room()),
        2 => {
            append.expect.fence = append.expect.fence.saturating_sub(1);
        }
        3 => append.entries.clear(),
        4 => append.entries[0].seq += 1,
        5 => append.head.position.seq += 1,
        _ => {}
    }
}

fn other_room() -> RoomUri {
    RoomUri::new(&crate::group::server(crate::group::FOLLOWER), "other").expect("a room")
}
