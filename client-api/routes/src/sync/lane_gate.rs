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
}

impl LaneGate {
    /// Shuts a room behind its refused message, and says with which barrier it opens.
    pub(crate) fn shut(&mut self, room: RoomUri, first: Option<ClientMsgId>) -> u64 {
        self.last += 1;
        let barrier = self.last;
        self.shut.insert(room, Shut { barrier, first });
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

    /// The device has read what was written before this barrier.
    pub(crate) fn passed(&mut self, barrier: u64) {
        self.shut.retain(|_, shut| shut.barrier > barrier);
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

    // SYNC-4
    #[test]
    fn a_barrier_opens_what_was_shut_before_it() {
        let mut gate = LaneGate::default();
        let first = gate.shut(room(1), Some(ClientMsgId([1; 16])));
        let second = gate.shut(room(2), None);
        gate.passed(first);
        assert!(gate.admits(&room(1), None));
        assert!(!gate.admits(&room(2), None));
        gate.passed(second);
        assert!(gate.admits(&room(2), None));
    }
}
