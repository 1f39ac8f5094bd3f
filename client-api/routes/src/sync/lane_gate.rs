//! Rooms whose messages are refused, until the device knows of the refusal before them (SYNC-4).
//!
//! A device learns of a refusal a while after it was made, and what it sends in between was said
//! after the refused message. So the room stays shut until the refused message comes again, or
//! until the device answers a ping that was written behind the refusal.

use std::collections::BTreeMap;

use holm_protocol::RoomUri;
use holm_protocol::aad::ClientMsgId;

/// Shut rooms at most; past it the oldest opens, which harms the order of this device alone.
const SHUT_MAX: usize = 256;

/// The rooms that are shut.
#[derive(Default)]
pub(crate) struct LaneGate {
    shut: BTreeMap<RoomUri, Shut>,
    last: u64,
}

struct Shut {
    barrier: u64,
    first: Option<ClientMsgId>,
    /// Whether core keeps the room shut too, after the refusal of a message that was held.
    held: bool,
}

impl LaneGate {
    /// Shuts a room behind its refused message, and says with which barrier it opens.
    pub(crate) fn shut(&mut self, room: RoomUri, first: Option<ClientMsgId>) -> u64 {
        self.close(room, first, false)
    }

    /// The same, after the refusal of a message that was held.
    pub(crate) fn shut_held(&mut self, room: RoomUri, first: ClientMsgId) -> u64 {
        self.close(room, Some(first), true)
    }

    fn close(&mut self, room: RoomUri, first: Option<ClientMsgId>, held: bool) -> u64 {
        self.last += 1;
        let barrier = self.last;
        // What was refused first comes first again.
        let earlier = self.shut.get(&room);
        let shut = Shut {
            barrier,
            first: earlier.map_or(first, |shut| shut.first),
            held: held || earlier.is_some_and(|shut| shut.held),
        };
        self.shut.insert(room, shut);
        if self.shut.len() > SHUT_MAX {
            let oldest = self.shut.values().map(|shut| shut.barrier).min();
            self.shut.retain(|_, shut| Some(shut.barrier) != oldest);
        }
        barrier
    }

    /// Whether a message may enter its lane; the refused one opens it again.
    pub(crate) fn admits(&mut self, room: &RoomUri, id: Option<ClientMsgId>) -> bool {
        let Some(shut) = self.shut.get(room) else {
            return true;
        };
        let comes_again = id.is_some() && id == shut.first;
        if comes_again {
            self.shut.remove(room);
        }
        comes_again
    }

    /// The device has read what was written before this barrier; the rooms that core has to open too.
    pub(crate) fn passed(&mut self, barrier: u64) -> Vec<RoomUri> {
        let opened = self.shut.extract_if(.., |_, shut| shut.barrier <= barrier);
        opened
            .filter(|(_, shut)| shut.held)
            .map(|(room, _)| room)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{LaneGate, SHUT_MAX};
    use holm_protocol::RoomUri;
    use holm_protocol::aad::ClientMsgId;

    fn room(n: usize) -> RoomUri {
        RoomUri::parse(&format!("mimi://islet.test/r/r{n}")).unwrap()
    }

    // SYNC-13
    #[test]
    fn shut_rooms_are_bounded_and_the_oldest_opens() {
        let mut gate = LaneGate::default();
        (0..=SHUT_MAX).for_each(|n| assert!(gate.shut(room(n), None) > 0));
        assert!(gate.admits(&room(0), None));
        assert!(!gate.admits(&room(1), None));
        assert!(!gate.admits(&room(SHUT_MAX), None));
    }

    // SYNC-17
    #[test]
    fn what_was_refused_first_opens_a_room_that_was_shut_twice() {
        let mut gate = LaneGate::default();
        let first = gate.shut(room(1), Some(ClientMsgId([1; 16])));
        gate.shut(room(1), Some(ClientMsgId([2; 16])));
        assert_eq!(gate.passed(first), []);
        assert!(!gate.admits(&room(1), Some(ClientMsgId([2; 16]))));
        assert!(gate.admits(&room(1), Some(ClientMsgId([1; 16]))));
    }

    // SYNC-4, SYNC-17
    #[test]
    fn a_barrier_opens_what_was_shut_before_it() {
        let mut gate = LaneGate::default();
        let first = gate.shut(room(1), Some(ClientMsgId([1; 16])));
        let second = gate.shut_held(room(2), ClientMsgId([2; 16]));
        assert_eq!(gate.passed(first), []);
        assert!(gate.admits(&room(1), None));
        assert!(!gate.admits(&room(2), None));
        assert_eq!(gate.passed(second), [room(2)]);
        assert!(gate.admits(&room(2), None));
    }
}
