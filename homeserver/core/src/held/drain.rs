//! Bringing held messages to a hub that is back: one task a hub (SYNC-16, FED-9).
//!
//! The task tries one room's first message; when that arrives, all rooms of the hub go, a few at a
//! time. It ends with the last held message. A crash at any point is harmless: a message that
//! arrived and is still held is brought again, and gets its first answer (LOG-9).

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures::{StreamExt, stream};
use holm_protocol::limits::SUBMIT_MESSAGES_MAX;
use holm_protocol::{DeviceUri, Problem, RoomUri, ServerName};
use tokio::sync::Notify;

use super::outcome::{Outcome, full_for, passes};
use crate::HOP_TARGET;
use crate::delivery::Outgoing;
use crate::homeserver::{Homeserver, internal};
use crate::ports::{CrashPoint, HeldMessage, PeerError};

/// Rooms of one hub at a time.
const ROOMS_AT_ONCE: usize = 4;
/// Raw bytes in one submit, about; in base64 they fit the body's limit.
const BYTES_MAX: usize = 2 * 1_024 * 1_024;
/// First wait after a failure; doubles up to the next.
const RETRY_MIN: Duration = Duration::from_millis(250);
/// Longest wait between two tries of this task; the transport's breaker may wait longer.
const RETRY_MAX: Duration = Duration::from_secs(2);

/// How far a room got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Got {
    /// Nothing is held any more.
    Through,
    /// Something stays for a later try.
    Stuck,
    /// The hub is away.
    Away,
    /// The hub stores nothing more of what this server brings, for so long.
    Full(Duration),
}

/// Brings everything held for a hub, and ends with it.
pub(super) async fn run(homeserver: Homeserver, hub: ServerName, news: Arc<Notify>) {
    let mut failures = 0_u32;
    loop {
        let mut rooms = homeserver.held.rooms_of(&hub);
        let Some(count) = u32::try_from(rooms.len()).ok().filter(|n| *n > 0) else {
            tracing::info!(%hub, "nothing is held for this hub any more");
            return;
        };
        // Another room first each time, so that one that fails does not stand before the others.
        rooms.rotate_left(usize::try_from(failures % count).unwrap_or_default());
        let got = homeserver.drain(&hub, &rooms, failures > 0).await;
        if got == Got::Through {
            failures = 0;
            continue;
        }
        // Where the transport is more patient, asking it before that is of no use.
        let patience = homeserver.ports.peers.wait(&hub);
        let wait = homeserver.held_wait(failures).max(patience);
        failures = failures.saturating_add(1);
        let wait = match got {
            // That it says something does not say that it has room: not at its every word.
            Got::Full(asked) => {
                tokio::time::sleep(wait).await;
                asked.saturating_sub(wait)
            }
            _ => wait,
        };
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = news.notified() => {}
        }
    }
}

impl Homeserver {
    /// One try of all rooms; how far the one that got least far got.
    async fn drain(&self, hub: &ServerName, rooms: &[RoomUri], probing: bool) -> Got {
        let Some((first, others)) = rooms.split_first() else {
            return Got::Through;
        };
        let first = self.drain_room(hub, first, probing).await;
        if matches!(first, Got::Away | Got::Full(_)) {
            return first;
        }
        let others = stream::iter(others.to_vec())
            .map(|room| async move { self.drain_room(hub, &room, false).await })
            .buffer_unordered(ROOMS_AT_ONCE)
            .collect::<Vec<_>>()
            .await;
        others.into_iter().max().unwrap_or(first).max(first)
    }

    /// Brings one room's messages until none is held; `probing` with one alone.
    async fn drain_room(&self, hub: &ServerName, room: &RoomUri, probing: bool) -> Got {
        let mut limit = if probing { 1 } else { SUBMIT_MESSAGES_MAX };
        loop {
            match self.drain_batch(hub, room, limit).await {
                Ok(None) => {}
                Ok(Some(got)) => return got,
                Err(problem) => {
                    tracing::warn!(%hub, %room, %problem, "held messages wait");
                    return Got::Stuck;
                }
            }
            limit = SUBMIT_MESSAGES_MAX;
        }
    }

    /// Brings one batch; `None` where there may be more.
    async fn drain_batch(
        &self,
        hub: &ServerName,
        room: &RoomUri,
        limit: usize,
    ) -> Result<Option<Got>, Problem> {
        let batch = self.first_held(room, limit).await?;
        if batch.is_empty() {
            return Ok(Some(Got::Through));
        }
        let handle = self.room_handle(room)?;
        let _turn = handle.forward.lock().await;
        let senders = batch.iter().map(|m| (m.device.user(), m.message.clone()));
        let outcome = match self.submit_to(hub, room, senders).await {
            Ok(results) => Outcome::of(&batch, results),
            Err(PeerError::Refused { problem, .. }) if !passes(&problem) => {
                Outcome::refused(&batch, &problem)
            }
            Err(error) => {
                tracing::debug!(%hub, %room, %error, "held messages wait");
                return Ok(Some(away(&error)));
            }
        };
        let stuck = outcome.full.map_or(Got::Stuck, Got::Full);
        let later = outcome.later.then_some(stuck);
        self.settle_held(room, outcome).await?;
        Ok(later)
    }

    /// The next batch; where there is none, the room is open again.
    async fn first_held(&self, room: &RoomUri, limit: usize) -> Result<Vec<HeldMessage>, Problem> {
        let _turn = self.held.turn(room).await;
        let batch = self.ports.held.first(room, limit, BYTES_MAX).await;
        let batch = batch.map_err(|e| internal(&e))?;
        if batch.is_empty() {
            self.held.forget(room);
        }
        Ok(batch)
    }

    /// Lets go of what is settled, then tells the devices; under the room's turn, so that nothing
    /// of a device gets in between a refusal and the shutting of its lane.
    async fn settle_held(&self, room: &RoomUri, mut outcome: Outcome) -> Result<(), Problem> {
        let _turn = self.held.turn(room).await;
        let crash_points = &self.ports.crash_points;
        crash_points.reached(CrashPoint::HoldBeforeSettle);
        let taken = self.ports.held.settle(room, &outcome.settled).await;
        outcome.add_cut(taken.map_err(|e| internal(&e))?);
        crash_points.reached(CrashPoint::HoldAfterSettle);
        tracing::debug!(target: HOP_TARGET, hop = "held_brought",
            "{} held messages of {room} have their answer", outcome.told.len());
        let devices: BTreeSet<DeviceUri> = outcome.told.iter().map(|t| t.device.clone()).collect();
        for device in devices {
            let mut shut = None;
            let told = outcome.told.iter().filter(|told| told.device == device);
            let outgoing: Vec<_> = told
                .map(|told| {
                    if told.comes_again() {
                        shut.get_or_insert(told.client_msg_id);
                    }
                    outgoing(room, told.client_msg_id, told.result.clone())
                })
                .collect();
            self.delivery.tell(&device, room, outgoing, shut);
        }
        Ok(())
    }

    /// Exponential with jitter.
    fn held_wait(&self, failures: u32) -> Duration {
        let mut random = [0; 1];
        self.ports.rng.fill(&mut random);
        let base = RETRY_MIN
            .saturating_mul(1 << failures.min(6))
            .min(RETRY_MAX);
        base / 2 + base.mul_f64(f64::from(random[0]) / 512.0)
    }
}

/// What a submit that failed in whole says of the hub.
fn away(error: &PeerError) -> Got {
    let full = match error {
        PeerError::Refused { problem, .. } => full_for(problem),
        _ => None,
    };
    full.map_or(Got::Away, Got::Full)
}

fn outgoing(
    room: &RoomUri,
    client_msg_id: holm_protocol::aad::ClientMsgId,
    result: Result<holm_protocol::federation::Sent, Problem>,
) -> Outgoing {
    let room = room.clone();
    match result {
        Ok(sent) => Outgoing::Sent { room, sent },
        Err(problem) => Outgoing::Refused {
            room,
            client_msg_id,
            problem,
        },
    }
}
