//! Which rooms of one peer are to be looked at, and which of them have to be tried alone.
//!
//! A room that a peer could not take rests, longer each time, and is then tried in a call of its
//! own, so that it holds up no other room, however busy it is (FED-15). Where a call for several
//! rooms failed, each of them is tried alone, to find the one that is at fault. A peer that cannot
//! be reached is tried with one room, so that asking costs little and what comes over a narrow line
//! still arrives; the rooms take turns (FED-9).

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use holm_protocol::RoomUri;
use tokio::sync::Notify;

/// Rooms in one notify.
const ROOMS_MAX: usize = 32;
/// The longest rest.
const REST_MAX: Duration = Duration::from_mins(5);

/// Rooms of one peer to look at: at most those it is in.
#[derive(Default)]
pub(super) struct Wake {
    inner: Mutex<Inner>,
    news: Notify,
}

#[derive(Default)]
struct Inner {
    rooms: BTreeSet<RoomUri>,
    watched: BTreeMap<RoomUri, Watched>,
    /// Whose turn it is, so that neither kind waits for the other.
    alone_next: bool,
    /// The last room that had its turn; the next call begins after it.
    last: Option<RoomUri>,
    /// The last call did not reach the peer.
    away: bool,
}

/// A room that is tried alone.
#[derive(Default)]
struct Watched {
    failures: u32,
    resting: bool,
}

impl Wake {
    /// There may be something for the peer; a room that rests is looked at when it has rested.
    pub(super) fn add(&self, room: &RoomUri) {
        let mut inner = self.lock();
        if inner.watched.get(room).is_none_or(|w| !w.resting) {
            inner.rooms.insert(room.clone());
            drop(inner);
            self.news.notify_one();
        }
    }

    /// Until there may be something in [`Wake::take`].
    pub(super) async fn news(&self) {
        self.news.notified().await;
    }

    /// The rooms for the next call: several, or one that is tried alone, in turns; one where the
    /// peer is away.
    pub(super) fn take(&self) -> Vec<RoomUri> {
        let mut inner = self.lock();
        let most = if inner.away { 1 } else { ROOMS_MAX };
        let alone = |room: &&RoomUri| inner.watched.contains_key(*room);
        let lone: Vec<_> = inner.rooms.iter().filter(alone).take(1).cloned().collect();
        let others = inner.in_turn().filter(|room| !alone(room));
        let others: Vec<_> = others.take(most).cloned().collect();
        let taken = match lone.is_empty() || (!others.is_empty() && !inner.alone_next) {
            true => {
                inner.last = others.last().cloned().or(inner.last.take());
                others
            }
            false => lone,
        };
        inner.alone_next = !inner.alone_next;
        for room in &taken {
            inner.rooms.remove(room);
        }
        taken
    }

    /// Of the rooms that were taken, those after `last` found no place in the call: they come
    /// first in the next.
    pub(super) fn put_back(&self, last: Option<&RoomUri>, rooms: &[RoomUri]) {
        for room in rooms {
            self.add(room);
        }
        self.lock().last = last.cloned();
    }

    /// Whether the last call reached the peer.
    pub(super) fn reached(&self, reached: bool) {
        self.lock().away = !reached;
    }

    /// A call for these rooms failed in whole: each is tried alone.
    pub(super) fn try_alone(&self, rooms: &[RoomUri]) {
        for room in rooms {
            self.lock().watched.entry(room.clone()).or_default();
            self.add(room);
        }
    }

    /// The peer could not take this room's events: it rests, for `first` or, by its earlier
    /// failures, longer. Until [`Wake::rested`] nothing wakes it.
    pub(super) fn rest(&self, room: &RoomUri, first: Duration) -> Rest {
        let mut inner = self.lock();
        inner.rooms.remove(room);
        let watched = inner.watched.entry(room.clone()).or_default();
        let time = first.saturating_mul(1 << watched.failures.min(16));
        watched.failures = watched.failures.saturating_add(1);
        watched.resting = true;
        Rest {
            time: time.min(REST_MAX),
            is_first: watched.failures == 1,
        }
    }

    /// The rest is over.
    pub(super) fn rested(&self, room: &RoomUri) {
        if let Some(watched) = self.lock().watched.get_mut(room) {
            watched.resting = false;
        }
        self.add(room);
    }

    /// The peer took this room's events; whether it had failed before.
    pub(super) fn went_well(&self, room: &RoomUri) -> bool {
        let mut inner = self.lock();
        let watched = inner.watched.remove(room);
        watched.is_some_and(|watched| watched.failures > 0)
    }

    /// How many rooms rest.
    pub(super) fn resting(&self) -> usize {
        let inner = self.lock();
        inner.watched.values().filter(|room| room.resting).count()
    }

    /// Every rest is over, by the operator's word; how long the next one takes stays as it is.
    pub(super) fn all_rested(&self) {
        let mut inner = self.lock();
        let resting = inner.watched.iter_mut().filter(|(_, room)| room.resting);
        let rested: Vec<_> = resting
            .map(|(room, watched)| {
                watched.resting = false;
                room.clone()
            })
            .collect();
        inner.rooms.extend(rested);
        drop(inner);
        self.news.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// All rooms, beginning after the last that had its turn.
    fn in_turn(&self) -> impl Iterator<Item = &RoomUri> {
        let (later, earlier) = match &self.last {
            Some(last) => (Bound::Excluded(last), Bound::Included(last)),
            None => (Bound::Unbounded, Bound::Unbounded),
        };
        let earlier = self.rooms.range::<RoomUri, _>((Bound::Unbounded, earlier));
        let earlier = earlier.filter(|_| self.last.is_some());
        self.rooms
            .range::<RoomUri, _>((later, Bound::Unbounded))
            .chain(earlier)
    }
}

/// How long a room rests, and whether it failed for the first time.
pub(super) struct Rest {
    pub(super) time: Duration,
    pub(super) is_first: bool,
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use holm_protocol::{RoomUri, ServerName};

    use super::{REST_MAX, ROOMS_MAX, Wake};

    const FIRST: Duration = Duration::from_secs(30);

    fn room(number: usize) -> RoomUri {
        let hub = ServerName::parse("islet.example").unwrap();
        RoomUri::new(&hub, &format!("room{number:04}")).unwrap()
    }

    #[test]
    fn a_room_that_failed_rests_longer_each_time_whatever_wakes_it() {
        // FED-15
        let wake = Wake::default();
        let mut rests = Vec::new();
        for _ in 0..6 {
            wake.add(&room(1));
            assert_eq!(wake.take(), [room(1)]);
            let rest = wake.rest(&room(1), FIRST);
            rests.push(rest.time.as_secs());
            wake.add(&room(1));
            assert!(wake.take().is_empty());
            wake.rested(&room(1));
        }
        assert_eq!(rests, [30, 60, 120, 240, 300, 300]);
        assert_eq!(REST_MAX.as_secs(), 300);
        assert!(wake.went_well(&room(1)));
        assert!(wake.rest(&room(1), FIRST).is_first);
    }

    #[test]
    fn a_peer_that_is_away_is_tried_with_one_room_at_a_time_and_all_have_their_turn() {
        // FED-9
        let wake = Wake::default();
        (0..3).for_each(|number| wake.add(&room(number)));
        let taken = wake.take();
        assert_eq!(taken.len(), 3);
        wake.reached(false);
        let mut tried = Vec::new();
        for _ in 0..4 {
            (0..3).for_each(|number| wake.add(&room(number)));
            tried.extend(wake.take());
        }
        assert_eq!(tried, [room(0), room(1), room(2), room(0)]);
        wake.reached(true);
        (0..3).for_each(|number| wake.add(&room(number)));
        assert_eq!(wake.take(), [room(1), room(2), room(0)]);
    }

    #[test]
    fn rooms_that_always_have_something_do_not_keep_others_from_their_turn() {
        // FED-15
        let wake = Wake::default();
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..3 {
            (0..2 * ROOMS_MAX).for_each(|number| wake.add(&room(number)));
            let taken = wake.take();
            let (brought, others) = taken.split_at(ROOMS_MAX - 2);
            wake.put_back(brought.last(), others);
            seen.extend(brought.to_vec());
        }
        assert_eq!(seen.len(), 2 * ROOMS_MAX);
    }

    #[test]
    fn the_operators_word_ends_every_rest() {
        // FED-15
        let wake = Wake::default();
        wake.rest(&room(1), FIRST);
        wake.rest(&room(2), FIRST);
        assert_eq!(wake.resting(), 2);
        wake.all_rested();
        assert_eq!(wake.resting(), 0);
        assert_eq!((wake.take(), wake.take()), (vec![room(1)], vec![room(2)]));
        assert_eq!(wake.rest(&room(1), FIRST).time, 2 * FIRST);
    }

    #[test]
    fn a_room_that_failed_is_tried_alone_and_others_in_between() {
        // FED-15
        let wake = Wake::default();
        wake.rest(&room(1), FIRST);
        wake.rested(&room(1));
        (0..=2 * ROOMS_MAX).for_each(|number| wake.add(&room(number)));
        let taken: Vec<usize> = (0..4).map(|_| wake.take().len()).collect();
        assert_eq!(taken.iter().filter(|len| **len == 1).count(), 1);
        assert_eq!(taken.iter().sum::<usize>(), 2 * ROOMS_MAX + 1);
    }

    #[test]
    fn after_a_call_that_failed_in_whole_each_room_is_tried_alone() {
        // FED-15
        let wake = Wake::default();
        (0..3).for_each(|number| wake.add(&room(number)));
        let taken = wake.take();
        assert_eq!(taken.len(), 3);
        wake.try_alone(&taken);
        for number in 0..3 {
            assert_eq!(wake.take(), [room(number)]);
            assert!(!wake.went_well(&room(number)));
        }
        (0..3).for_each(|number| wake.add(&room(number)));
        assert_eq!(wake.take().len(), 3);
    }
}
