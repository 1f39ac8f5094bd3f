//! One user of a replay and its device, which can be killed and opened again.
//!
//! Killed means: all its tasks end at whatever await they are, nothing is closed in order, and what
//! its database has is all that is left.

use std::time::Duration;

use holm_protocol::{RoomUri, ServerName, UserUri};
use holm_sdk::{Device, Network, ReplicaPlace, SdkError, SdkPorts, TimelineEntry};
use tokio::sync::{Mutex, watch};
use tokio::task::{AbortHandle, JoinHandle};
use tokio::time::Instant;

use super::deliveries::{Arrivals, State, listen_to};

/// One user.
pub(super) struct Member {
    pub(super) user: UserUri,
    /// When what arrived at it.
    pub(super) arrivals: Arrivals,
    place: ReplicaPlace,
    network: Network,
    nick: String,
    /// The device, none while it is dead.
    life: watch::Sender<Option<Life>>,
    tasks: Mutex<Tasks>,
}

/// A device from being opened to being killed.
#[derive(Clone)]
pub(super) struct Life {
    pub(super) device: Device,
    pub(super) state: watch::Receiver<State>,
    running: AbortHandle,
}

struct Tasks {
    running: JoinHandle<Result<(), SdkError>>,
    listening: JoinHandle<()>,
}

/// Entries read from a timeline at a time.
const PAGE: usize = 1_000;
/// How long a killed device's database may stay locked, and the wait between two looks at it: the
/// file is closed by threads of their own that tell nobody.
const LOCKED: (Duration, Duration) = (Duration::from_mins(1), Duration::from_millis(20));

impl Member {
    pub(super) async fn arrive(
        place: ReplicaPlace,
        network: Network,
        server: &ServerName,
        name: String,
        nick: &str,
    ) -> Result<Self, SdkError> {
        let device = Device::open(place.clone(), network.clone(), SdkPorts::system()).await?;
        device.set_display_name(nick);
        let session = if let Some(session) = device.session() {
            session
        } else {
            let password = format!("{name} of {server} has a long password");
            device.register(server, &name, &password).await?
        };
        let arrivals = Arrivals::default();
        let (life, tasks) = begin(device, &arrivals).await;
        Ok(Self {
            user: session.user,
            arrivals,
            place,
            network,
            nick: nick.to_owned(),
            life: watch::Sender::new(Some(life)),
            tasks: Mutex::new(tasks),
        })
    }

    /// The device, once it lives, and a way to learn of its death.
    pub(super) async fn alive(&self) -> (Option<Life>, watch::Receiver<Option<Life>>) {
        let mut lives = self.life.subscribe();
        let life = lives.wait_for(Option::is_some).await;
        // An error would mean that the sender is gone, which lives as long as this member.
        let life = life.ok().and_then(|life| life.clone());
        (life, lives)
    }

    /// Kills the device at whatever point it is and opens it again from its database.
    pub(super) async fn kill(&self) -> Result<(), SdkError> {
        let mut tasks = self.tasks.lock().await;
        drop(self.life.send_replace(None));
        tasks.listening.abort();
        tasks.running.abort();
        let _aborted = (&mut tasks.running).await;
        let _aborted = (&mut tasks.listening).await;
        let device = self.open_again().await?;
        let (life, begun) = begin(device, &self.arrivals).await;
        *tasks = begun;
        self.life.send_replace(Some(life));
        Ok(())
    }

    async fn open_again(&self) -> Result<Device, SdkError> {
        let until = Instant::now() + LOCKED.0;
        loop {
            let (place, network) = (self.place.clone(), self.network.clone());
            match Device::open(place, network, SdkPorts::system()).await {
                Ok(device) => {
                    device.set_display_name(&self.nick);
                    return Ok(device);
                }
                Err(error) if Instant::now() > until => return Err(error),
                Err(_locked) => tokio::time::sleep(LOCKED.1).await,
            }
        }
    }

    /// What the device decrypted; twice the log is more than enough to see what is doubled.
    pub(super) async fn transcript(&self, room: &RoomUri, lines: usize) -> Vec<TimelineEntry> {
        let (Some(life), _) = self.alive().await else {
            return Vec::new();
        };
        let (mut after, mut all) = (None, Vec::new());
        while all.len() <= lines * 2 {
            let page = life.device.timeline(room, after, PAGE).await;
            let logged = page.iter().filter(|entry| entry.seq.is_some());
            all.extend(logged.cloned());
            match page.last().and_then(|entry| entry.seq) {
                Some(seq) if page.len() == PAGE => after = Some(seq),
                _ => break,
            }
        }
        all
    }

    /// Disconnects.
    pub(super) async fn leave(self) {
        if let (Some(life), _) = self.alive().await {
            life.device.stop();
        }
        let tasks = self.tasks.into_inner();
        let _ = tasks.running.await;
        tasks.listening.abort();
    }
}

impl Life {
    /// Whether the device is not running any more.
    pub(super) fn has_stopped(&self) -> bool {
        self.running.is_finished()
    }
}

async fn begin(device: Device, arrivals: &Arrivals) -> (Life, Tasks) {
    let (state, listening) = listen_to(&device, arrivals).await;
    let run = device.clone();
    let running = tokio::spawn(async move { run.run().await });
    let life = Life {
        device,
        state,
        running: running.abort_handle(),
    };
    (life, Tasks { running, listening })
}
