//! Playing the log: one room, everybody in it, line after line.

use std::collections::BTreeMap;
use std::time::Duration;

use holm_protocol::RoomUri;
use holm_protocol::aad::ClientMsgId;
use tokio::sync::watch;
use tokio::time::Instant;

use super::Report;
use super::crew::{Crew, Member};
use super::deliveries::{Arrival, State};
use super::event::ReplayEvent;
use super::log::Log;
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
pub(super) async fn perform(crew: &Crew, log: &Log, report: &Report) -> Result<Performed, Failure> {
    let creator = crew.member(0);
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
    drop(progress);
    let mut progress = Progress::new("lines", log.lines.len(), report);
    let (mut sent, mut last) = (Vec::with_capacity(log.lines.len()), 0);
    for (index, line) in log.lines.iter().enumerate() {
        let (id, at, seq) = say(crew.member(line.speaker), &room, &line.text).await?;
        sent.push((id, at));
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

/// Lines between two progress events.
const EVENT_EVERY: usize = 100;

fn tell_progress(report: &Report, what: &'static str, done: usize, of: usize) {
    report.tell(&ReplayEvent::Progress { what, done, of });
}

/// Sends a line and waits for its number; `None` where it was refused, which the comparison finds.
async fn say(
    member: &Member,
    room: &RoomUri,
    text: &str,
) -> Result<(ClientMsgId, Instant, Option<u64>), Failure> {
    let at = Instant::now();
    let id = member
        .device
        .send(room, text)
        .await
        .map_err(Failure::failed)?;
    let answered = |state: &State| state.answered.as_ref().is_some_and(|(of, _)| *of == id);
    let state = until(member, "sending", answered).await?;
    match state.answered {
        Some((_, Ok(seq))) => Ok((id, at, Some(seq))),
        Some((_, Err(problem))) => {
            tracing::error!(%problem, user = %member.user, "a line was refused");
            Ok((id, at, None))
        }
        None => Ok((id, at, None)),
    }
}

/// Waits until every device has taken the last message.
async fn arrive_everywhere(crew: &Crew, last: u64, report: &Report) -> Result<(), Failure> {
    let mut progress = Progress::new("up to date", crew.members().len(), report);
    for (index, member) in crew.members().iter().enumerate() {
        until(member, "catching up", |state| state.seq >= last).await?;
        progress.show(index + 1);
    }
    Ok(())
}

/// Waits until a device is as far as `wanted`, as long as it goes on at all.
async fn until(
    member: &Member,
    step: &str,
    wanted: impl Fn(&State) -> bool,
) -> Result<State, Failure> {
    let mut state = member.deliveries.state();
    let failed = |why: &str| {
        Failure::failed(format!(
            "{} stopped at {step}: {why}",
            member.user.address()
        ))
    };
    loop {
        let now: State = watch::Receiver::borrow_and_update(&mut state).clone();
        if wanted(&now) {
            return Ok(now);
        }
        if let Some(alarm) = now.alarm {
            return Err(failed(&alarm));
        }
        match tokio::time::timeout(STALL, state.changed()).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => return Err(failed("its device is gone")),
            Err(_) if member.has_stopped() => return Err(failed("its connection ended for good")),
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
