//! Playing the log: one room, everybody in it, line after line.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use holm_protocol::RoomUri;
use holm_protocol::aad::ClientMsgId;
use holm_sdk::{MessageState, TimelineEntry};
use tokio::sync::watch;
use tokio::time::Instant;

use super::Report;
use super::crew::Crew;
use super::deliveries::{Arrival, State};
use super::event::ReplayEvent;
use super::killer::Killer;
use super::log::Log;
use super::member::{Life, Member};
use super::progress::Progress;
use crate::failure::Failure;

/// What was played.
pub(super) struct Performed {
    /// The room.
    pub(super) room: RoomUri,
    /// The message of each line, and when it was sent.
    sent: Vec<(ClientMsgId, Instant)>,
}

/// Times from sending to delivery, shortest first.
pub(super) struct Times(Vec<Duration>);

/// How long a step may bring nothing new before the replay gives up.
const STALL: Duration = Duration::from_mins(3);

/// Creates the room, brings everybody in by one commit, and sends line after line.
pub(super) async fn perform(
    crew: &Crew,
    log: &Log,
    killer: &Killer<'_>,
    report: &Report,
) -> Result<Performed, Failure> {
    let room = gather(crew, report).await?;
    let mut progress = Progress::new("lines", log.lines.len(), report);
    let mut sent = Vec::with_capacity(log.lines.len());
    let (mut said, mut last) = (BTreeSet::new(), 0);
    for (index, line) in log.lines.iter().enumerate() {
        let line = Saying {
            member: crew.member(line.speaker),
            room: &room,
            text: &line.text,
            said: &said,
            last,
        };
        let ((id, at, seq), ()) = tokio::try_join!(say(&line), killer.during(index))?;
        sent.push((id, at));
        said.insert(id);
        last = seq.unwrap_or(last);
        progress.show(index + 1);
        if index % EVENT_EVERY == 0 && report.is_json() {
            tell_progress(report, "lines", index + 1, log.lines.len());
        }
    }
    drop(progress);
    arrive_everywhere(crew, last, report).await?;
    Ok(Performed { room, sent })
}

/// Creates the room and brings everybody in.
async fn gather(crew: &Crew, report: &Report) -> Result<RoomUri, Failure> {
    let (Some(creator), _) = crew.member(0).alive().await else {
        return Err(Failure::failed("nobody is there"));
    };
    let room = creator
        .device
        .create_room()
        .await
        .map_err(Failure::failed)?;
    let added = creator.device.add_users(&room, &crew.users()[1..]).await;
    added.map_err(Failure::failed)?;
    let mut progress = Progress::new("joined", crew.members().len() - 1, report);
    for (index, member) in crew.members().iter().enumerate().skip(1) {
        until(member, "joining", |state| {
            state.joined.as_ref() == Some(&room)
        })
        .await?;
        progress.show(index);
    }
    Ok(room)
}

/// Lines between two progress events.
const EVENT_EVERY: usize = 100;

fn tell_progress(report: &Report, what: &'static str, done: usize, of: usize) {
    report.tell(&ReplayEvent::Progress { what, done, of });
}

/// A line about to be sent.
struct Saying<'a> {
    member: &'a Member,
    room: &'a RoomUri,
    text: &'a str,
    /// The messages before it, and the number of the newest.
    said: &'a BTreeSet<ClientMsgId>,
    last: u64,
}

/// A message and its number; `None` where it was refused, which the comparison finds.
type Said = (ClientMsgId, Instant, Option<u64>);

/// Sends a line and waits for its number, going on where the device is killed meanwhile.
async fn say(line: &Saying<'_>) -> Result<Said, Failure> {
    let (at, mut again) = (Instant::now(), false);
    loop {
        let (life, mut lives) = line.member.alive().await;
        let life = life.ok_or_else(|| Failure::failed("a device is gone"))?;
        // A device that was killed may have it in its outbox, or in the log already.
        let found = match again {
            true => line.find(&life).await,
            false => None,
        };
        let id = match found {
            Some((id, Found::Answered(seq))) => return Ok((id, at, seq)),
            Some((id, Found::Waiting)) => Some(id),
            None => None,
        };
        tokio::select! {
            said = line.send(life, id) => return said.map(|(id, seq)| (id, at, seq)),
            _killed = lives.changed() => again = true,
        }
    }
}

/// How far a message is that a device had before it was killed.
enum Found {
    Waiting,
    Answered(Option<u64>),
}

impl Saying<'_> {
    /// The line in the device's own database.
    async fn find(&self, life: &Life) -> Option<(ClientMsgId, Found)> {
        let own = |entry: &TimelineEntry| {
            entry.sender == self.member.user && !self.said.contains(&entry.client_msg_id)
        };
        let newest = life.device.timeline(self.room, Some(self.last), PAGE).await;
        let entry = newest.into_iter().find(own)?;
        let found = match (entry.seq, entry.state) {
            (None, MessageState::Failed { .. }) => Found::Answered(None),
            (None, _) => Found::Waiting,
            (seq, _) => Found::Answered(seq),
        };
        Some((entry.client_msg_id, found))
    }

    /// Sends the line, where it is not on its way already, and waits for its number.
    async fn send(
        &self,
        life: Life,
        id: Option<ClientMsgId>,
    ) -> Result<(ClientMsgId, Option<u64>), Failure> {
        let id = if let Some(id) = id {
            id
        } else {
            let sent = life.device.send(self.room, self.text).await;
            sent.map_err(Failure::failed)?
        };
        let answered = |state: &State| state.answered.as_ref().is_some_and(|(of, _)| *of == id);
        let state = reach(self.member, life, "sending", answered).await?;
        match state.and_then(|state| state.answered) {
            Some((_, Ok(seq))) => Ok((id, Some(seq))),
            Some((_, Err(problem))) => {
                tracing::error!(%problem, user = %self.member.user, "a line was refused");
                Ok((id, None))
            }
            // It was killed; whoever waits for this as well sees that and begins again.
            None => std::future::pending().await,
        }
    }
}

/// Entries looked at for a line that was about to be sent.
const PAGE: usize = 1_000;

/// Waits until every device has taken the last message.
async fn arrive_everywhere(crew: &Crew, last: u64, report: &Report) -> Result<(), Failure> {
    let mut progress = Progress::new("up to date", crew.members().len(), report);
    for (index, member) in crew.members().iter().enumerate() {
        until(member, "catching up", |state| state.seq >= last).await?;
        progress.show(index + 1);
    }
    Ok(())
}

/// Waits until a user's device is as far as `wanted`, as long as it goes on at all.
async fn until(
    member: &Member,
    step: &str,
    wanted: impl Fn(&State) -> bool,
) -> Result<State, Failure> {
    loop {
        let (life, _) = member.alive().await;
        let life = life.ok_or_else(|| Failure::failed("a device is gone"))?;
        if let Some(state) = reach(member, life, step, &wanted).await? {
            return Ok(state);
        }
    }
}

/// The same in one life of the device; none where it ends before.
async fn reach(
    member: &Member,
    life: Life,
    step: &str,
    wanted: impl Fn(&State) -> bool,
) -> Result<Option<State>, Failure> {
    let mut state = life.state.clone();
    let failed = |why: &str| {
        Failure::failed(format!(
            "{} stopped at {step}: {why}",
            member.user.address()
        ))
    };
    loop {
        let now: State = watch::Receiver::borrow_and_update(&mut state).clone();
        if wanted(&now) {
            return Ok(Some(now));
        }
        if let Some(alarm) = now.alarm {
            return Err(failed(&alarm));
        }
        match tokio::time::timeout(STALL, state.changed()).await {
            Ok(Ok(())) => {}
            Ok(Err(_killed)) => return Ok(None),
            Err(_) if life.has_stopped() => return Err(failed("its connection ended for good")),
            Err(_) => return Err(failed(&format!("nothing new for {STALL:?}"))),
        }
    }
}

impl Performed {
    /// The message of each line.
    pub(super) fn ids(&self) -> Vec<ClientMsgId> {
        self.sent.iter().map(|(id, _)| *id).collect()
    }

    /// The time each delivery took.
    pub(super) fn times(&self, arrivals: impl Iterator<Item = Arrival>) -> Times {
        let sent: BTreeMap<_, _> = self.sent.iter().copied().collect();
        let time = |arrival: Arrival| {
            let sent = sent.get(&arrival.id)?;
            Some(arrival.at.saturating_duration_since(*sent))
        };
        let mut times: Vec<_> = arrivals.filter_map(time).collect();
        times.sort_unstable();
        Times(times)
    }
}

impl Times {
    /// The time within which `percent` of 100 deliveries were made, in milliseconds.
    pub(super) fn percentile(&self, percent: usize) -> u128 {
        let index = (self.0.len() * percent).div_ceil(100).saturating_sub(1);
        self.0.get(index).map_or(0, Duration::as_millis)
    }
}
