//! A user with the client library, running.

use std::time::Duration;

use holm_protocol::{RoomUri, UserUri};
use holm_sdk::{Device, DeviceEvent, EventReceiver, ReplicaPlace, SdkPorts, TimelineEntry};
use tokio::task::JoinHandle;

use crate::scene::{Scene, name};

/// How long anything may take before a test gives up; it is never waited for on purpose.
const PATIENCE: Duration = Duration::from_mins(1);

/// A registered user whose device is connected.
pub struct Person {
    /// The device.
    pub device: Device,
    /// The user.
    pub user: UserUri,
    events: EventReceiver,
    running: JoinHandle<()>,
}

impl Person {
    /// Registers a user and connects the device.
    ///
    /// # Panics
    /// Where the server refuses.
    pub async fn register(scene: &Scene, domain: &str, user: &str) -> Self {
        let network = scene.lab.network().expect("a network");
        let device = Device::open(ReplicaPlace::Memory, network, SdkPorts::system());
        let device = device.await.expect("a replica");
        let session = device.register(&name(domain), user, "correct horse").await;
        let session = session.unwrap_or_else(|e| panic!("{user}@{domain}: {e}"));
        let events = device.events();
        Self {
            running: run(&device),
            device,
            user: session.user,
            events,
        }
    }

    /// Disconnects the device; it is away when this returns.
    ///
    /// # Panics
    /// Where it does not end.
    pub async fn goes_away(&mut self) {
        self.device.stop();
        let ended = tokio::time::timeout(PATIENCE, &mut self.running).await;
        ended.expect("the device ends").expect("no panic");
    }

    /// Connects the device again.
    pub fn comes_back(&mut self) {
        self.running = run(&self.device);
    }

    /// Waits until an event fits.
    ///
    /// # Panics
    /// Where none comes.
    pub async fn wait<T>(&mut self, what: &str, fits: impl Fn(&DeviceEvent) -> Option<T>) -> T {
        let found = tokio::time::timeout(PATIENCE, async {
            loop {
                let event = self.events.next().await.expect("the device runs");
                let event = event.expect("no event is lost");
                if let Some(found) = fits(&event) {
                    return found;
                }
            }
        });
        found
            .await
            .unwrap_or_else(|_| panic!("{}: {what} did not come", self.user))
    }

    /// Waits for a message with this text.
    pub async fn hears(&mut self, text: &str) -> TimelineEntry {
        self.wait(text, |event| match event {
            DeviceEvent::Message(entry) if entry.text == text => Some(entry.as_ref().clone()),
            _ => None,
        })
        .await
    }

    /// Waits until the device is in a room.
    pub async fn joins(&mut self) -> RoomUri {
        self.wait("a room", |event| match event {
            DeviceEvent::Joined { room, .. } => Some(room.clone()),
            _ => None,
        })
        .await
    }
}

fn run(device: &Device) -> JoinHandle<()> {
    let device = device.clone();
    tokio::spawn(async move { drop(device.run().await) })
}
