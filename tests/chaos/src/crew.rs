//! All users, and the rooms they are in.

use std::collections::BTreeSet;
use std::time::Duration;

use futures::{StreamExt, TryStreamExt};
use holm_history::Observation;
use holm_protocol::{RoomUri, ServerName, UserUri};
use holm_sdk::{ReplicaPlace, RoomState};
use tokio::time::{Instant, sleep};

use crate::Failure;
use crate::args::Args;
use crate::draws::Draws;
use crate::member::Member;
use crate::stage::{Scribe, Stage};

/// All users.
pub(crate) struct Crew {
    pub(crate) members: Vec<Member>,
    pub(crate) rooms: Vec<Room>,
    pub(crate) scribe: Scribe,
}

/// A room and who is in it.
pub(crate) struct Room {
    pub(crate) uri: RoomUri,
    /// Its members, by their place in the crew; the first made it and is its owner.
    pub(crate) members: Vec<usize>,
}

/// Devices that register at once.
const REGISTERING_MAX: usize = 8;
/// Members of a room.
const ROOM_SIZE: usize = 12;
/// Each so many devices there is one that sometimes reads slowly.
const SLOW_EVERY: usize = 6;
/// How long everybody may take to be in all rooms, before anything breaks.
const GATHER: Duration = Duration::from_mins(3);
const LOOK: Duration = Duration::from_millis(100);

impl Crew {
    /// Registers everybody and makes the rooms, while nothing breaks yet.
    pub(crate) async fn gather(stage: &Stage, args: &Args) -> Result<Self, Failure> {
        let servers: Vec<ServerName> = stage.lab.servers().map(|s| s.domain().clone()).collect();
        let (near, slow) = (stage.network(&stage.near)?, stage.network(&stage.slow)?);
        let arriving = futures::stream::iter((0..args.devices).map(|index| {
            let name = format!("d{index:04}");
            let place = ReplicaPlace::Folder(stage.lab.device_dir(&name));
            let network = match index % SLOW_EVERY {
                0 => slow.clone(),
                _ => near.clone(),
            };
            let draws = Draws::new(args.seed, 1_000 + u64::try_from(index).unwrap_or(0));
            let server = &servers[index % servers.len()];
            Member::arrive(place, network, (server, name), stage.scribe(), draws)
        }));
        let members = arriving.buffered(REGISTERING_MAX).try_collect().await?;
        let mut crew = Self {
            members,
            rooms: Vec::new(),
            scribe: stage.scribe(),
        };
        let mut draws = Draws::new(args.seed, 1);
        for index in 0..args.rooms {
            let room = crew.make_room(index % args.devices, &mut draws).await?;
            crew.rooms.push(room);
        }
        crew.until_all_joined().await?;
        for (index, member) in crew.members.iter().enumerate() {
            let rooms = crew
                .rooms
                .iter()
                .filter(|room| room.members.contains(&index));
            member.speak(rooms.map(|room| room.uri.clone()).collect(), args.pace);
        }
        Ok(crew)
    }

    async fn make_room(&self, owner: usize, draws: &mut Draws) -> Result<Room, Failure> {
        let size = ROOM_SIZE.min(self.members.len());
        let mut members = vec![owner];
        while members.len() < size {
            let drawn = draws.index(self.members.len());
            if !members.contains(&drawn) {
                members.push(drawn);
            }
        }
        let users: Vec<UserUri> = members[1..]
            .iter()
            .map(|m| self.members[*m].user.clone())
            .collect();
        let made = self.members[owner].with(async |device| {
            let room = device.create_room().await?;
            let anchor = device.add_users(&room, &users).await?;
            Ok::<_, holm_sdk::SdkError>((room, anchor))
        });
        let (uri, anchor) = made.await.ok_or("nobody kills yet")??;
        for (place, member) in members.iter().enumerate() {
            self.scribe.record(Observation::Joined {
                device: self.members[*member].device.clone(),
                room: uri.clone(),
                anchor: if place == 0 { 0 } else { anchor },
            });
        }
        Ok(Room { uri, members })
    }

    async fn until_all_joined(&self) -> Result<(), Failure> {
        let until = Instant::now() + GATHER;
        for room in &self.rooms {
            for index in &room.members {
                let member = &self.members[*index];
                let is_in = |info: &holm_sdk::RoomInfo| info.state == RoomState::Active;
                while !member
                    .room(&room.uri)
                    .await
                    .is_some_and(|info| is_in(&info))
                {
                    if Instant::now() > until {
                        return Err(
                            format!("{} did not come into {}", member.user, room.uri).into()
                        );
                    }
                    sleep(LOOK).await;
                }
            }
        }
        Ok(())
    }

    /// Records all that all devices show.
    pub(crate) async fn copy(&self) {
        for member in &self.members {
            member.copy().await;
        }
    }

    /// Nobody says anything more.
    pub(crate) fn fall_silent(&self) {
        self.members.iter().for_each(Member::fall_silent);
    }

    /// Disconnects all.
    pub(crate) async fn dismiss(self) {
        futures::future::join_all(self.members.into_iter().map(Member::leave)).await;
    }

    /// Everybody that is in one room at least.
    pub(crate) fn in_rooms(&self) -> Vec<usize> {
        let all: BTreeSet<usize> = self.rooms.iter().flat_map(|r| r.members.clone()).collect();
        all.into_iter().collect()
    }
}
