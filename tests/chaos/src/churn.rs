//! Members that come, go and change their keys meanwhile.

use std::time::Duration;

use holm_history::Observation;
use holm_sdk::{RoomInfo, RoomState};
use tokio::time::{Instant, sleep};

use crate::Failure;
use crate::args::Args;
use crate::crew::{Crew, Room};
use crate::draws::Draws;

/// Rooms in which somebody goes and comes back.
const ROOMS_MAX: usize = 3;
/// How long one step may take once nothing breaks any more.
const STEP: Duration = Duration::from_mins(3);
const LOOK: Duration = Duration::from_millis(250);

/// Changes memberships and keys until it is time; a step that was begun is brought to its end.
pub(crate) async fn run(crew: &Crew, args: &Args, until: Instant) {
    let rooms = crew.rooms.iter().enumerate().take(ROOMS_MAX);
    let rooms = rooms.map(|(index, room)| {
        let draws = Draws::new(args.seed, 100 + u64::try_from(index).unwrap_or(0));
        come_and_go(crew, room, draws, until)
    });
    let keys = change_keys(crew, Draws::new(args.seed, 2), until);
    let (churned, ()) = tokio::join!(futures::future::join_all(rooms), keys);
    for stuck in churned.into_iter().filter_map(Result::err) {
        crew.scribe.tally.problem(stuck.to_string());
    }
}

/// One member goes and comes back, again and again.
async fn come_and_go(
    crew: &Crew,
    room: &Room,
    mut draws: Draws,
    until: Instant,
) -> Result<(), Failure> {
    let Some(who) = room.members.last().filter(|_| room.members.len() > 1) else {
        return Ok(());
    };
    let churn = Churn {
        crew,
        room,
        who: *who,
        until,
    };
    while Instant::now() < until {
        sleep(draws.millis(1_000, 8_000)).await;
        let out = churn
            .until(false, |info| info.state == RoomState::Removed)
            .await?;
        let (device, uri) = (crew.members[*who].device.clone(), room.uri.clone());
        crew.scribe.record(Observation::Removed {
            device: device.clone(),
            room: uri.clone(),
            last: out.cursor,
        });
        sleep(draws.millis(100, 3_000)).await;
        let back = |info: &RoomInfo| info.state == RoomState::Active && info.anchor > out.cursor;
        let back = churn.until(true, back).await?;
        crew.scribe.record(Observation::Joined {
            device,
            room: uri,
            anchor: back.anchor,
        });
    }
    Ok(())
}

struct Churn<'a> {
    crew: &'a Crew,
    room: &'a Room,
    who: usize,
    until: Instant,
}

impl Churn<'_> {
    /// Has the owner bring the member in or out, until its device knows.
    async fn until(
        &self,
        inside: bool,
        reached: impl Fn(&RoomInfo) -> bool,
    ) -> Result<RoomInfo, Failure> {
        let (owner, who) = (
            &self.crew.members[self.room.members[0]],
            &self.crew.members[self.who],
        );
        loop {
            if Instant::now() > self.until + STEP {
                let (who, room) = (&who.user, &self.room.uri);
                let what = if inside { "come into" } else { "get out of" };
                return Err(format!("{who} does not {what} {room}").into());
            }
            let known = owner.room(&self.room.uri).await;
            let is_in = known.is_some_and(|info| info.participants.contains(&who.user));
            if is_in != inside {
                // Whatever becomes of it is seen in the log.
                let changed = owner.with(async |device| match inside {
                    true => {
                        let users = std::slice::from_ref(&who.user);
                        device.add_users(&self.room.uri, users).await
                    }
                    false => device.remove_user(&self.room.uri, &who.user).await,
                });
                if let Some(Ok(_seq)) = changed.await {
                    self.crew.scribe.tally.counted().commits += 1;
                }
            }
            match who.room(&self.room.uri).await {
                Some(info) if reached(&info) => return Ok(info),
                _ => sleep(LOOK).await,
            }
        }
    }
}

/// Members give their leaves new keys.
async fn change_keys(crew: &Crew, mut draws: Draws, until: Instant) {
    while Instant::now() < until {
        sleep(draws.millis(500, 4_000)).await;
        let room = draws.one_of(&crew.rooms);
        let member = &crew.members[*draws.one_of(&room.members)];
        let changing = member.with(async |device| device.update_keys(&room.uri).await);
        // One that takes longer is left, at whatever point it is.
        let changed = tokio::time::timeout(draws.millis(500, 20_000), changing).await;
        if let Ok(Some(Ok(_seq))) = changed {
            crew.scribe.tally.counted().commits += 1;
        }
    }
}
