//! What the person of a device does: talks, renews keys, brings people in and out.

use std::collections::BTreeMap;
use std::time::Duration;

use holm_core::ports::CrashPoint;
use holm_protocol::{RoomUri, UserUri};
use holm_sdk::{Device, MessageState, RoomState, SdkError};
use tokio::time::{sleep, timeout};

use crate::board::Progress;
use crate::device::Phone;
use crate::plan::device_name;

/// How long one deed may take before its person gives it up.
const DEED_MAX: Duration = Duration::from_mins(2);
/// Where a hub dies that lets people in: between all that has to be one.
const ON_ENTRY: [CrashPoint; 4] = [
    CrashPoint::AppendBeforeCommit,
    CrashPoint::AppendAfterCommit,
    CrashPoint::CommitBeforeFold,
    CrashPoint::CommitAfterFold,
];
/// A person who pauses longer looks up so often.
const PAUSE_PART: Duration = Duration::from_secs(20);
/// Entries of a timeline that are read at a time.
const PAGE: usize = 10_000;

impl Phone {
    /// Makes the room that is this device's to make, then does one thing after another.
    pub(crate) async fn act(&self, device: &Device) {
        if self.number < self.around.plan.rooms {
            self.until_done(async || self.make_room(device).await).await;
        }
        loop {
            self.pause().await;
            self.report(device).await;
            if self.around.board.lock().quiet {
                continue;
            }
            self.around.board.lock().busy.insert(self.number);
            let outcome = timeout(DEED_MAX, self.deed(device)).await;
            self.around.board.lock().busy.remove(&self.number);
            match outcome {
                Ok(Ok(())) => {}
                Ok(Err(error)) => self.note(&format!("was refused: {error}")),
                Err(_elapsed) => self.note("gave up"),
            }
        }
    }

    /// Does nothing for a while; once all is quiet, no longer than it takes to report in time.
    async fn pause(&self) {
        let mut left = self.dice.millis(200, self.around.plan.pause_ms);
        while left > PAUSE_PART && !self.around.board.lock().quiet {
            sleep(PAUSE_PART).await;
            left -= PAUSE_PART;
        }
        sleep(left.min(PAUSE_PART)).await;
    }

    pub(crate) async fn register(&self, device: &Device) -> Result<(), SdkError> {
        let user = if let Some(session) = device.session() {
            session.user
        } else {
            let name = format!("u{}", self.number);
            let registering = device.register(&self.server, &name, "a password of length");
            registering.await?.user
        };
        self.around.board.lock().users.insert(self.number, user);
        Ok(())
    }

    async fn make_room(&self, device: &Device) -> Result<(), SdkError> {
        let made = self.around.board.lock().made.get(&self.number).cloned();
        let room = if let Some(room) = made {
            room
        } else {
            let room = device.create_room().await?;
            self.joined(device, &room);
            let mut board = self.around.board.lock();
            board.made.insert(self.number, room.clone());
            room
        };
        if self.around.board.lock().rooms.contains(&room) {
            return Ok(());
        }
        let others = self.others();
        if others.len() + 1 < self.around.plan.all_devices() {
            return Err(SdkError::TimedOut("not everybody is here"));
        }
        device.add_users(&room, &others).await?;
        self.note(&format!("has made {room}"));
        self.around.board.lock().rooms.insert(room);
        Ok(())
    }

    fn others(&self) -> Vec<UserUri> {
        let board = self.around.board.lock();
        let others = board.users.iter().filter(|(n, _)| **n != self.number);
        others.map(|(_, user)| user.clone()).collect()
    }

    /// One thing that a person does.
    async fn deed(&self, device: &Device) -> Result<(), SdkError> {
        let rooms = device.rooms().await;
        let active: Vec<_> = rooms
            .into_iter()
            .filter(|room| room.state == RoomState::Active)
            .collect();
        let Some(room) = self.dice.pick(&active) else {
            return Ok(());
        };
        match self.dice.below(100) {
            0..80 => self.say(device, &room.room).await,
            80..88 => {
                let seq = device.update_keys(&room.room).await?;
                self.note(&format!("new keys in {} at {seq}", room.room));
                Ok(())
            }
            // People who leave would leave the histories with them.
            88..93 if self.around.plan.fork.is_none() => {
                self.change_people(device, &room.room, &room.participants)
                    .await
            }
            _ => Ok(()),
        }
    }

    async fn say(&self, device: &Device, room: &RoomUri) -> Result<(), SdkError> {
        for _ in 0..self.dice.between(1, 4) {
            let number = {
                let mut board = self.around.board.lock();
                let written = board.written.entry(self.number).or_default();
                *written += 1;
                *written
            };
            let text = format!("{} {number}", device_name(self.number));
            let id = device.send(room, &text).await?;
            self.note(&format!("says {text} in {room}"));
            self.submitted(device, room, id, &text);
        }
        Ok(())
    }

    /// Adds whoever is missing, else removes somebody; only those who made a room may.
    async fn change_people(
        &self,
        device: &Device,
        room: &RoomUri,
        there: &[UserUri],
    ) -> Result<(), SdkError> {
        if self.around.board.lock().made.get(&self.number) != Some(room) {
            return Ok(());
        }
        let others = self.others();
        let missing: Vec<_> = others
            .iter()
            .filter(|u| !there.contains(u))
            .cloned()
            .collect();
        let seq = match (missing.is_empty(), self.dice.pick(&others)) {
            (false, _) => {
                self.endanger_hub();
                device.add_users(room, &missing).await?
            }
            (true, Some(user)) if there.len() > 2 => device.remove_user(room, user).await?,
            _ => return Ok(()),
        };
        self.note(&format!("changed people of {room} at {seq}"));
        Ok(())
    }

    /// The hub of the own room dies on the way of a commit, if the plan has it so.
    fn endanger_hub(&self) {
        let plan = &self.around.plan;
        if self.dice.happens(plan.fatal_entries)
            && let Some(point) = self.dice.pick(&ON_ENTRY)
        {
            let hub = self.number % plan.servers;
            self.around.board.lock().endangered.push((hub, *point));
        }
    }

    /// Writes on the board how far the device is.
    async fn report(&self, device: &Device) {
        let mut all = BTreeMap::new();
        for room in device.rooms().await {
            let page = device.timeline(&room.room, Some(u64::MAX / 2), PAGE).await;
            let waiting = page
                .iter()
                .filter(|entry| matches!(entry.state, MessageState::Sending | MessageState::Held));
            let progress = Progress {
                cursor: room.cursor,
                active: room.state == RoomState::Active,
                participants: room.participants,
                waiting: waiting.count(),
                stopped: match room.state {
                    RoomState::Stopped { reason } => Some(reason),
                    _ => None,
                },
            };
            all.insert(room.room, progress);
        }
        self.around.board.lock().progress.insert(self.number, all);
    }
}
