//! Which signed heads agree with this server's copy of a room, and which wait to be held against
//! it: pure (HEAD-4 to HEAD-6, spec 03 §4).
//!
//! The newest head that agrees vouches, through the chain, for every event below it. A head that
//! differs is evidence only where both stand: its signature, and one that vouches for the copy at
//! its place. Until then it waits, in bounded number.

use std::collections::VecDeque;

use holm_protocol::event::Position;
use holm_protocol::{Hash, SignedHead};
use tokio::time::Instant;

/// Heads of one room that wait; past it those of the highest places go first, since they are
/// furthest from being compared.
const WAITING_MAX: usize = 16;
/// Hashes of the newest events, so that heads are compared without asking the store.
const RECENT_MAX: usize = 256;

/// A head somebody named, and the event that carried it, if one did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Heard {
    pub(crate) head: SignedHead,
    pub(crate) carrier: Option<u64>,
}

/// What a head is to this server's copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// The copy has the event it names.
    Agrees,
    /// The copy has another event there, or it was carried too early: with the copy vouched for
    /// at this number both together are proof.
    Differs(u64),
    /// The copy does not reach that far yet.
    Ahead,
    /// The copy begins after it.
    Before,
}

/// The signed heads of one room.
#[derive(Default)]
pub(crate) struct Witness {
    /// The newest that agrees with the copy.
    pub(super) vouched: Option<SignedHead>,
    /// When it was last written to the store, and which place it had.
    pub(super) written: Option<(u64, Instant)>,
    /// Evidence is kept; nothing has to be looked for any more.
    pub(super) is_forked: bool,
    waiting: Vec<Heard>,
    recent: VecDeque<(u64, Hash)>,
}

impl Heard {
    /// A head that a peer knows.
    pub(crate) fn of_peer(head: SignedHead) -> Self {
        Self {
            head,
            carrier: None,
        }
    }

    /// The event that carries it although it is of that event or a later one (HEAD-6).
    pub(super) fn carried_too_early(&self) -> Option<u64> {
        self.carrier.filter(|seq| self.head.head.seq >= *seq)
    }

    /// How it stands to a copy at `position` that has `own` at its place.
    pub(super) fn standing(&self, own: Option<Hash>, position: u64) -> Standing {
        let head = &self.head.head;
        match (self.carried_too_early(), own) {
            (Some(seq), _) => Standing::Differs(seq),
            (None, Some(own)) if own == head.hash => Standing::Agrees,
            (None, Some(_)) => Standing::Differs(head.seq),
            (None, None) if head.seq > position => Standing::Ahead,
            (None, None) => Standing::Before,
        }
    }

    fn same(&self, other: &Self) -> bool {
        let place = |h: &Self| (h.head.head.seq, h.head.head.hash, h.carried_too_early());
        place(self) == place(other)
    }
}

impl Witness {
    /// With the head that was last written down.
    pub(super) fn new(vouched: Option<SignedHead>) -> Self {
        Self {
            vouched,
            ..Self::default()
        }
    }

    /// Notes an event of the copy.
    pub(super) fn stored(&mut self, position: Position) {
        if self.recent.len() >= RECENT_MAX {
            self.recent.pop_front();
        }
        self.recent.push_back((position.seq, position.hash));
    }

    /// The hash of an event, where it is remembered.
    pub(super) fn recent(&self, seq: u64) -> Option<Hash> {
        let known = self.recent.iter().rev().find(|(at, _)| *at == seq);
        known.map(|(_, hash)| *hash)
    }

    /// Number of the newest event that a signature vouches for.
    pub(super) fn vouched_seq(&self) -> Option<u64> {
        self.vouched.as_ref().map(|head| head.head.seq)
    }

    /// Whether a head that agrees is newer than the one that vouches.
    pub(super) fn is_newer(&self, head: &SignedHead) -> bool {
        let place = |h: &SignedHead| (h.head.seq, h.head.time);
        let known = self.vouched.as_ref();
        known.is_none_or(|known| place(known) < place(head))
    }

    /// Whether the head waits already.
    pub(super) fn waits(&self, heard: &Heard) -> bool {
        self.waiting.iter().any(|known| known.same(heard))
    }

    /// Keeps a verified head until it can be held against the copy.
    pub(super) fn wait(&mut self, heard: Heard) {
        if self.waits(&heard) {
            return;
        }
        let key = |h: &Heard| h.carried_too_early().unwrap_or(h.head.head.seq);
        let at = self
            .waiting
            .partition_point(|known| key(known) <= key(&heard));
        self.waiting.insert(at, heard);
        self.waiting.truncate(WAITING_MAX);
    }

    /// Takes what waits, to look at each again.
    pub(super) fn take_waiting(&mut self) -> Vec<Heard> {
        std::mem::take(&mut self.waiting)
    }
}

#[cfg(test)]
mod tests;
