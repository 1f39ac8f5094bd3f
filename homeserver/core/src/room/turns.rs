//! Whose commit is next: a room's turns, ten at once and then two a second (ROOM-13, ROOM-14).
//!
//! Every commit costs each device of the room a step in a tree, so a hub spaces them. What has no
//! turn waits here, bounded; of the waiting the one whose user's last commit lies furthest back is
//! first, so that nobody wins every epoch by being quick. A pure decision: time comes in.

use std::collections::VecDeque;
use std::time::Duration;

use holm_protocol::UserUri;
use holm_protocol::limits::{COMMIT_BURST_MAX, COMMIT_INTERVAL_MS, COMMITS_WAITING_MAX};
use tokio::time::Instant;

/// Between two turns once the burst is used up.
const INTERVAL: Duration = Duration::from_millis(COMMIT_INTERVAL_MS);
/// Users remembered as having had a turn.
const SERVED_MAX: usize = COMMITS_WAITING_MAX;

/// What becomes of a commit that comes in.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Offer<T> {
    /// It is its turn now.
    Turn(T),
    /// It waits.
    Waits,
    /// No room to wait; try again after so many seconds.
    Full(T, u64),
}

/// The turns of one room.
#[derive(Debug)]
pub(super) struct Turns<T> {
    /// When the burst will be whole again; in the past where it is.
    whole_at: Option<Instant>,
    waiting: VecDeque<(UserUri, T)>,
    /// Who had a turn, the latest last.
    served: VecDeque<UserUri>,
}

impl<T> Default for Turns<T> {
    fn default() -> Self {
        Self {
            whole_at: None,
            waiting: VecDeque::new(),
            served: VecDeque::new(),
        }
    }
}

impl<T> Turns<T> {
    /// A commit of `user` comes in at `now`.
    pub(super) fn offer(&mut self, user: &UserUri, commit: T, now: Instant) -> Offer<T> {
        if self.waiting.is_empty() && self.opens_at(now).is_none() {
            return Offer::Turn(commit);
        }
        if self.waiting.len() >= COMMITS_WAITING_MAX {
            return Offer::Full(commit, 1);
        }
        self.waiting.push_back((user.clone(), commit));
        Offer::Waits
    }

    /// A commit goes on waiting.
    pub(super) fn put_back(&mut self, user: UserUri, commit: T) {
        self.waiting.push_back((user, commit));
    }

    /// The waiting commit whose turn it is at `now`.
    pub(super) fn due(&mut self, now: Instant) -> Option<T> {
        if self.opens_at(now).is_some() {
            return None;
        }
        let at = (0..self.waiting.len()).min_by_key(|at| self.served_at(*at))?;
        self.waiting.remove(at).map(|(_, commit)| commit)
    }

    /// A commit of `user` was taken at `now`; one that was refused uses no turn up.
    pub(super) fn taken(&mut self, user: &UserUri, now: Instant) {
        let from = self.whole_at.map_or(now, |at| at.max(now));
        self.whole_at = Some(from + INTERVAL);
        self.served.retain(|one| one != user);
        if self.served.len() >= SERVED_MAX {
            self.served.pop_front();
        }
        self.served.push_back(user.clone());
    }

    /// Takes all that waits, in order: the epoch it was made for is over.
    pub(super) fn release(&mut self) -> Vec<T> {
        self.waiting.drain(..).map(|(_, commit)| commit).collect()
    }

    /// When somebody who waits has to be looked at; none where nobody waits.
    pub(super) fn next_at(&self, now: Instant) -> Option<Instant> {
        let waits = !self.waiting.is_empty();
        waits.then(|| self.opens_at(now).unwrap_or(now))
    }

    /// When the next turn opens; none where one is open at `now`.
    fn opens_at(&self, now: Instant) -> Option<Instant> {
        let spare = INTERVAL.saturating_mul(COMMIT_BURST_MAX - 1);
        // Turns are left while the burst is whole again within all but one of them.
        let opens = self.whole_at.filter(|at| *at > now + spare);
        opens.map(|at| at - spare)
    }

    /// How lately the user of a waiting commit had a turn; not at all is least.
    fn served_at(&self, at: usize) -> Option<usize> {
        let (user, _) = self.waiting.get(at)?;
        self.served.iter().position(|one| one == user)
    }
}

#[cfg(test)]
mod model;
#[cfg(test)]
mod tests {
    use super::*;

    fn user(n: usize) -> UserUri {
        UserUri::parse(&format!("mimi://islet.test/u/u{n}")).unwrap()
    }

    /// Turns with the burst used up by user 0.
    fn spent(now: Instant) -> Turns<usize> {
        let mut turns = Turns::default();
        for _ in 0..COMMIT_BURST_MAX {
            assert_eq!(turns.offer(&user(0), 0, now), Offer::Turn(0));
            turns.taken(&user(0), now);
        }
        turns
    }

    #[test]
    fn ten_commits_are_taken_at_once_and_then_two_a_second() {
        // ROOM-13
        let now = Instant::now();
        let mut turns = spent(now);
        assert_eq!(turns.offer(&user(1), 1, now), Offer::Waits);
        assert_eq!(turns.next_at(now), Some(now + INTERVAL));
        assert_eq!(turns.due(now + INTERVAL - Duration::from_millis(1)), None);
        assert_eq!(turns.due(now + INTERVAL), Some(1));
        turns.taken(&user(1), now + INTERVAL);
        assert_eq!(turns.offer(&user(1), 2, now + INTERVAL), Offer::Waits);
        assert_eq!(turns.due(now + 2 * INTERVAL), Some(2));
    }

    #[test]
    fn the_burst_comes_back_with_time() {
        // ROOM-13
        let now = Instant::now();
        let mut turns = spent(now);
        let later = now + INTERVAL * COMMIT_BURST_MAX;
        for n in 0..10 {
            assert_eq!(turns.offer(&user(n), n, later), Offer::Turn(n));
            turns.taken(&user(n), later);
        }
        assert_eq!(turns.offer(&user(10), 10, later), Offer::Waits);
    }

    #[test]
    fn a_refused_commit_uses_no_turn_up() {
        // ROOM-13
        let now = Instant::now();
        let mut turns = spent(now);
        turns.offer(&user(1), 1, now);
        turns.offer(&user(2), 2, now);
        assert_eq!(turns.due(now + INTERVAL), Some(1));
        assert_eq!(turns.due(now + INTERVAL), Some(2));
    }

    #[test]
    fn whoever_was_served_longest_ago_is_first() {
        // ROOM-13
        let now = Instant::now();
        let mut turns = spent(now);
        turns.taken(&user(1), now);
        for n in [1, 0, 2] {
            assert_eq!(turns.offer(&user(n), n, now), Offer::Waits);
        }
        let later = now + 2 * INTERVAL;
        assert_eq!(turns.due(later), Some(2));
        assert_eq!(turns.due(later), Some(0));
        assert_eq!(turns.due(later), Some(1));
        assert_eq!(turns.next_at(later), None);
    }

    #[test]
    fn so_many_wait_and_no_more() {
        // LIM-23, ROOM-14
        let now = Instant::now();
        let mut turns = spent(now);
        for n in 0..COMMITS_WAITING_MAX {
            assert_eq!(turns.offer(&user(n), n, now), Offer::Waits);
        }
        assert_eq!(turns.offer(&user(99), 99, now), Offer::Full(99, 1));
        assert_eq!(
            turns.release(),
            (0..COMMITS_WAITING_MAX).collect::<Vec<_>>()
        );
        assert_eq!(turns.next_at(now), None);
    }
}
