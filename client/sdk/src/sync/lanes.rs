//! Lanes: a room's messages on their way to the hub, in order (SYNC-4, SYNC-5, OUT-2).
//!
//! A lane holds what was sent on this connection and not answered. After a refusal nothing new is
//! sent until the rest is answered too, since it is refused as well; then the lane begins again at
//! its first message. So the log never shows messages in another order than they were said.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use holm_protocol::aad::ClientMsgId;
use holm_protocol::{Code, Problem, RoomUri};
use tokio::time::Instant;

use crate::error::is_transient;

/// Messages of one room without an answer.
const ROOM_MAX: usize = 32;
/// Messages of all rooms without an answer.
const ALL_MAX: usize = 128;
/// Wait after a refusal that passes, where the server does not say how long.
const PAUSE: Duration = Duration::from_secs(1);

/// All lanes of a connection.
#[derive(Default)]
pub(super) struct Lanes {
    lanes: BTreeMap<RoomUri, Lane>,
}

/// One room's lane.
#[derive(Debug, Default)]
struct Lane {
    on_the_way: VecDeque<ClientMsgId>,
    /// Place in the outbox of the newest on the way.
    place: i64,
    /// A refusal came: begin again when all is answered.
    refused: bool,
    /// Not before this.
    not_before: Option<Instant>,
    /// Not before the group is in this MLS epoch.
    epoch: u64,
}

/// What a refusal means for its message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is sent again.
    Again,
    /// It fails for good.
    Failed,
}

/// How much may be sent in a lane now, and from where in the outbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Opening {
    /// After this place.
    pub(super) place: i64,
    /// So many.
    pub(super) count: usize,
    /// Only from this MLS epoch on.
    pub(super) epoch: u64,
}

impl Lanes {
    /// What may be sent in a room at `now`.
    pub(super) fn opening(&mut self, room: &RoomUri, now: Instant) -> Option<Opening> {
        let all: usize = self.lanes.values().map(|l| l.on_the_way.len()).sum();
        let lane = self.lanes.entry(room.clone()).or_default();
        if lane.refused && !lane.on_the_way.is_empty() {
            return None;
        }
        if lane.refused {
            (lane.refused, lane.place) = (false, 0);
        }
        if lane.not_before.is_some_and(|at| now < at) {
            return None;
        }
        lane.not_before = None;
        let room_for = ROOM_MAX.saturating_sub(lane.on_the_way.len());
        let count = room_for.min(ALL_MAX.saturating_sub(all));
        let opening = Opening {
            place: lane.place,
            count,
            epoch: lane.epoch,
        };
        (count > 0).then_some(opening)
    }

    /// A message is on its way.
    pub(super) fn sent(&mut self, room: &RoomUri, id: ClientMsgId, place: i64) {
        let lane = self.lanes.entry(room.clone()).or_default();
        lane.on_the_way.push_back(id);
        lane.place = lane.place.max(place);
    }

    /// A message stands in the log, or the server holds it.
    pub(super) fn accepted(&mut self, room: &RoomUri, id: ClientMsgId) {
        if let Some(lane) = self.lanes.get_mut(room) {
            lane.on_the_way.retain(|one| *one != id);
        }
    }

    /// A message was refused.
    pub(super) fn refused(
        &mut self,
        room: &RoomUri,
        id: ClientMsgId,
        problem: &Problem,
        now: Instant,
    ) -> Fate {
        let lane = self.lanes.entry(room.clone()).or_default();
        lane.on_the_way.retain(|one| *one != id);
        lane.refused = true;
        match problem.code {
            Code::PreviousRefused => Fate::Again,
            Code::EpochTooOld | Code::WrongEpoch => {
                lane.epoch = lane.epoch.max(problem.epoch.unwrap_or(0));
                lane.not_before = Some(now + Duration::from_millis(50));
                Fate::Again
            }
            // Whether the device is still in the room the log alone says. It may hold this very
            // message, whose answer was lost; the commit that removes the device fails the rest.
            Code::Forbidden | Code::NotFound => {
                lane.not_before = Some(now + PAUSE);
                Fate::Again
            }
            _ if is_transient(problem) => {
                let wait = problem.retry_after.map_or(PAUSE, Duration::from_secs);
                lane.not_before = Some(now + wait);
                Fate::Again
            }
            _ => Fate::Failed,
        }
    }

    /// Whether a lane that was to wait may go on at `now`.
    pub(super) fn opens(&self, now: Instant) -> bool {
        let mut waits = self.lanes.values().filter_map(|lane| lane.not_before);
        waits.any(|at| at <= now)
    }

    /// When after `now` the next lane opens by itself.
    pub(super) fn next_opening(&self, now: Instant) -> Option<Instant> {
        let waits = self.lanes.values().filter_map(|lane| lane.not_before);
        waits.filter(|at| *at > now).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room() -> RoomUri {
        RoomUri::parse("mimi://islet.test/r/x").unwrap()
    }

    fn id(n: u8) -> ClientMsgId {
        ClientMsgId([n; 16])
    }

    #[tokio::test(start_paused = true)]
    async fn after_a_refusal_the_lane_begins_again_once_all_is_answered() {
        // OUT-2
        let (mut lanes, now) = (Lanes::default(), Instant::now());
        for n in 1..=3 {
            lanes.sent(&room(), id(n), i64::from(n));
        }
        lanes.accepted(&room(), id(1));
        let old = Problem::new(Code::EpochTooOld, "").with_epoch(7);
        assert_eq!(lanes.refused(&room(), id(2), &old, now), Fate::Again);
        let later = now + Duration::from_secs(2);
        assert_eq!(lanes.opening(&room(), later), None);
        let behind = Problem::new(Code::PreviousRefused, "");
        assert_eq!(lanes.refused(&room(), id(3), &behind, now), Fate::Again);
        assert_eq!(lanes.opening(&room(), now), None);
        let opening = lanes.opening(&room(), later).unwrap();
        assert_eq!((opening.place, opening.epoch), (0, 7));
    }

    #[tokio::test(start_paused = true)]
    async fn a_lane_holds_no_more_than_its_window() {
        // OUT-2
        let (mut lanes, now) = (Lanes::default(), Instant::now());
        for n in 0..32 {
            assert!(lanes.opening(&room(), now).is_some());
            lanes.sent(&room(), id(n), i64::from(n));
        }
        assert_eq!(lanes.opening(&room(), now), None);
        lanes.accepted(&room(), id(0));
        assert_eq!(lanes.opening(&room(), now).unwrap().count, 1);
    }

    #[tokio::test(start_paused = true)]
    async fn that_a_device_is_out_of_a_room_fails_no_message_before_the_log_says_so() {
        // OUT-2
        let (mut lanes, now) = (Lanes::default(), Instant::now());
        for code in [Code::Forbidden, Code::NotFound] {
            lanes.sent(&room(), id(1), 1);
            let out = Problem::new(code, "");
            assert_eq!(lanes.refused(&room(), id(1), &out, now), Fate::Again);
            assert_eq!(lanes.next_opening(now), Some(now + PAUSE));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_that_passes_waits_and_one_that_does_not_fails() {
        let (mut lanes, now) = (Lanes::default(), Instant::now());
        lanes.sent(&room(), id(1), 1);
        let busy = Problem::new(Code::RateLimited, "").with_retry_after(3);
        assert_eq!(lanes.refused(&room(), id(1), &busy, now), Fate::Again);
        assert_eq!(lanes.next_opening(now), Some(now + Duration::from_secs(3)));
        let never = Problem::new(Code::TooLarge, "");
        assert_eq!(lanes.refused(&room(), id(1), &never, now), Fate::Failed);
    }
}
