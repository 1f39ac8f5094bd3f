//! The speakers as users: a device each, spread over the servers.

use std::sync::PoisonError;

use futures::{StreamExt, TryStreamExt};
use holm_protocol::{RoomUri, ServerName, UserUri};
use holm_sdk::{ReplicaPlace, TimelineEntry};

use super::deliveries::{Arrival, Arrivals};
use super::log::Log;
use super::member::Member;
use super::progress::Progress;
use super::{Replicas, Report};
use crate::failure::Failure;
use crate::lab::Lab;

/// All users of a replay, connected.
pub(super) struct Crew {
    members: Vec<Member>,
}

/// What one device decrypted.
pub(super) struct Transcript {
    /// The user's local name.
    pub(super) name: String,
    /// The user.
    pub(super) user: UserUri,
    /// In the order of the log.
    pub(super) entries: Vec<TimelineEntry>,
}

/// Devices that register at once.
const REGISTERING_MAX: usize = 8;

impl Crew {
    /// Registers a user for every speaker, in turns over the servers, and connects them.
    pub(super) async fn gather(
        lab: &Lab,
        log: &Log,
        replicas: Replicas,
        report: &Report,
    ) -> Result<Self, Failure> {
        let network = lab.network().map_err(Failure::failed)?;
        let servers: Vec<ServerName> = lab.servers().map(|s| s.domain().clone()).collect();
        let mut progress = Progress::new("users", log.speakers.len(), report);
        let turns = log.speakers.iter().zip(servers.iter().cycle()).enumerate();
        let arriving = futures::stream::iter(turns.map(|(index, (nick, server))| {
            let name = format!("u{:03}", index + 1);
            let place = match replicas {
                Replicas::Disk => ReplicaPlace::Folder(lab.device_dir(&name)),
                Replicas::Memory => ReplicaPlace::Memory,
            };
            Member::arrive(place, network.clone(), server, name, nick)
        }));
        let mut arriving = arriving.buffered(REGISTERING_MAX);
        let mut members = Vec::new();
        while let Some(member) = arriving.try_next().await.map_err(Failure::failed)? {
            members.push(member);
            progress.show(members.len());
        }
        Ok(Self { members })
    }

    /// The member that stands for a speaker.
    pub(super) fn member(&self, speaker: usize) -> &Member {
        &self.members[speaker]
    }

    /// All members, in the order of the speakers.
    pub(super) fn members(&self) -> &[Member] {
        &self.members
    }

    /// All users, in the order of the speakers.
    pub(super) fn users(&self) -> Vec<UserUri> {
        self.members
            .iter()
            .map(|member| member.user.clone())
            .collect()
    }

    /// When what arrived where.
    pub(super) fn arrivals(&self) -> impl Iterator<Item = Arrival> {
        self.members
            .iter()
            .flat_map(|member| taken(&member.arrivals))
    }

    /// What each device decrypted, read from its replica.
    pub(super) async fn transcripts(&self, room: &RoomUri, lines: usize) -> Vec<Transcript> {
        let mut all = Vec::new();
        for member in &self.members {
            all.push(Transcript {
                name: member.user.local_name().to_owned(),
                user: member.user.clone(),
                entries: member.transcript(room, lines).await,
            });
        }
        all
    }

    /// Disconnects all.
    pub(super) async fn dismiss(self) {
        futures::future::join_all(self.members.into_iter().map(Member::leave)).await;
    }
}

fn taken(arrivals: &Arrivals) -> Vec<Arrival> {
    let arrivals = arrivals.lock().unwrap_or_else(PoisonError::into_inner);
    arrivals.clone()
}
