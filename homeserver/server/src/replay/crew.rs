//! The speakers as users: a device each, spread over the servers.

use futures::{StreamExt, TryStreamExt};
use holm_protocol::{RoomUri, ServerName, UserUri};
use holm_sdk::{Device, Network, ReplicaPlace, SdkError, SdkPorts, TimelineEntry};
use tokio::task::JoinHandle;

use super::deliveries::{Arrival, Deliveries};
use super::log::Log;
use super::progress::Progress;
use super::{Replicas, Report};
use crate::failure::Failure;
use crate::lab::Lab;

/// All users of a replay, connected.
pub(super) struct Crew {
    members: Vec<Member>,
}

/// One user.
pub(super) struct Member {
    pub(super) user: UserUri,
    pub(super) device: Device,
    pub(super) deliveries: Deliveries,
    running: JoinHandle<Result<(), SdkError>>,
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
/// Entries read from a timeline at a time.
const PAGE: usize = 1_000;

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
            .flat_map(|member| member.deliveries.arrivals())
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
        for member in &self.members {
            member.device.stop();
        }
        for member in self.members {
            let _ = member.running.await;
        }
    }
}

impl Member {
    async fn arrive(
        place: ReplicaPlace,
        network: Network,
        server: &ServerName,
        name: String,
        nick: &str,
    ) -> Result<Self, SdkError> {
        let device = Device::open(place, network, SdkPorts::system()).await?;
        device.set_display_name(nick);
        let session = if let Some(session) = device.session() {
            session
        } else {
            let password = format!("{name} of {server} has a long password");
            device.register(server, &name, &password).await?
        };
        let deliveries = Deliveries::of(&device);
        let run = device.clone();
        Ok(Self {
            user: session.user,
            deliveries,
            running: tokio::spawn(async move { run.run().await }),
            device,
        })
    }

    /// Why the device is not running any more, where it isn't.
    pub(super) fn has_stopped(&self) -> bool {
        self.running.is_finished()
    }

    async fn transcript(&self, room: &RoomUri, lines: usize) -> Vec<TimelineEntry> {
        let (mut after, mut all) = (None, Vec::new());
        // Twice the log is more than enough to see what is doubled.
        while all.len() <= lines * 2 {
            let page = self.device.timeline(room, after, PAGE).await;
            let logged = page.iter().filter(|entry| entry.seq.is_some());
            all.extend(logged.cloned());
            match page.last().and_then(|entry| entry.seq) {
                Some(seq) if page.len() == PAGE => after = Some(seq),
                _ => break,
            }
        }
        all
    }
}
