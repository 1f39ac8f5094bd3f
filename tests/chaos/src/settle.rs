//! After the faults: everybody has to come to the same place, though nobody speaks any more.

use std::collections::BTreeMap;
use std::time::Duration;

use holm_protocol::RoomUri;
use holm_sdk::{MessageState, RoomInfo, RoomState};
use tokio::time::{Instant, sleep};

use crate::crew::Crew;
use crate::member::Member;
use crate::tally::Tally;

/// How long it may take; an idle federation is there in seconds, on a busy machine in some more.
const CONVERGE: Duration = Duration::from_mins(3);
const LOOK: Duration = Duration::from_millis(500);
/// So many looks in a row have to find the same.
const STEADY: u32 = 4;
/// What lies in an outbox, looked at from the newest event on.
const OUTBOX: usize = 10_000;

/// Waits; how long it took. Who is not there by then is a problem.
pub(crate) async fn wait(crew: &Crew, tally: &Tally) -> Duration {
    crew.fall_silent();
    let begun = Instant::now();
    let (mut steady, mut last) = (0, None);
    let mut reached = begun;
    loop {
        let found = look(crew).await;
        if found.late.is_empty() && last.as_ref() == Some(&found.ends) {
            steady += 1;
        } else {
            (steady, reached) = (0, Instant::now());
        }
        if steady >= STEADY {
            return reached - begun;
        }
        if begun.elapsed() > CONVERGE {
            for late in found.late {
                tally.problem(format!("not there {CONVERGE:?} after healing: {late}"));
            }
            return begun.elapsed();
        }
        last = Some(found.ends);
        sleep(LOOK).await;
    }
}

#[derive(Default)]
struct Found {
    /// The newest event that any member of each room has.
    ends: BTreeMap<RoomUri, u64>,
    /// Who lacks something, in words.
    late: Vec<String>,
}

async fn look(crew: &Crew) -> Found {
    let mut found = Found::default();
    let mut all = Vec::new();
    for index in crew.in_rooms() {
        let member = &crew.members[index];
        for info in member.rooms().await {
            let end = found.ends.entry(info.room.clone()).or_default();
            *end = info.cursor.max(*end);
            all.push((member, info));
        }
    }
    for (member, info) in all {
        let end = found.ends.get(&info.room).copied().unwrap_or_default();
        found.late.extend(lacks(member, &info, end).await);
    }
    found
}

async fn lacks(member: &Member, info: &RoomInfo, end: u64) -> Option<String> {
    let (user, room) = (&member.user, &info.room);
    match &info.state {
        RoomState::Active => {}
        RoomState::Removed => return None,
        other => return Some(format!("{user} is {other:?} in {room}")),
    }
    if info.cursor < end {
        return Some(format!(
            "{user} has event {} of {end} in {room}",
            info.cursor
        ));
    }
    let waiting = member
        .with(async |device| device.timeline(room, Some(info.cursor), OUTBOX).await)
        .await
        .unwrap_or_default();
    let waits = |state: &MessageState| matches!(state, MessageState::Sending | MessageState::Held);
    let waiting = waiting.iter().filter(|entry| waits(&entry.state)).count();
    (waiting > 0).then(|| format!("{waiting} messages of {user} wait to be sent to {room}"))
}
