//! One user and its device, which can be killed and opened again.
//!
//! Killed means: all its tasks end at whatever await they are, nothing is closed in order, and what
//! its database has is all that is left.

use std::sync::{Arc, Mutex as StdMutex, PoisonError};
use std::time::Duration;

use holm_history::{Message, Observation};
use holm_protocol::{DeviceUri, Hash, RoomUri, ServerName, UserUri};
use holm_sdk::{Device, Network, ReplicaPlace, RoomInfo, SdkError, SdkPorts, TimelineEntry};
use tokio::sync::{Mutex, watch};
use tokio::time::{Instant, sleep};

use crate::draws::Draws;
use crate::life::{Life, Speech};
use crate::stage::Scribe;

/// One user.
pub(crate) struct Member {
    pub(crate) user: UserUri,
    pub(crate) device: DeviceUri,
    place: ReplicaPlace,
    network: Network,
    scribe: Scribe,
    speech: Arc<StdMutex<Speech>>,
    /// The device, none while it is dead.
    alive: watch::Sender<Option<Device>>,
    life: Mutex<Option<Life>>,
}

/// Entries read from a timeline at a time.
const PAGE: usize = 1_000;
/// How long a killed device's database may stay locked, and the wait between two looks at it: the
/// file is closed by threads of their own that tell nobody.
const LOCKED: (Duration, Duration) = (Duration::from_mins(2), Duration::from_millis(20));
/// Events before the newest one among which a message is looked for that may have left.
const RECENT: u64 = 2_000;

impl Member {
    /// Registers a user with a device in a folder, which says nothing yet.
    pub(crate) async fn arrive(
        place: ReplicaPlace,
        network: Network,
        (server, name): (&ServerName, String),
        scribe: Scribe,
        draws: Draws,
    ) -> Result<Self, SdkError> {
        let device = Device::open(place.clone(), network.clone(), SdkPorts::system()).await?;
        let password = format!("{name} of {server} has a long password");
        let session = device.register(server, &name, &password).await?;
        let speech = Arc::new(StdMutex::new(Speech::new(draws)));
        let life = Life::begin(&device, &session.device, &scribe, &speech);
        Ok(Self {
            user: session.user,
            device: session.device,
            place,
            network,
            scribe,
            speech,
            alive: watch::Sender::new(Some(device)),
            life: Mutex::new(Some(life)),
        })
    }

    /// From now on it speaks in these rooms, at this pace.
    pub(crate) fn speak(&self, rooms: Vec<RoomUri>, pace: Duration) {
        let mut speech = self.speech.lock().unwrap_or_else(PoisonError::into_inner);
        (speech.rooms, speech.pace) = (rooms, Some(pace));
    }

    /// It says nothing more.
    pub(crate) fn fall_silent(&self) {
        let mut speech = self.speech.lock().unwrap_or_else(PoisonError::into_inner);
        speech.pace = None;
    }

    /// Does something with the device once it lives; `None` where it is killed meanwhile.
    pub(crate) async fn with<T>(&self, work: impl AsyncFnOnce(Device) -> T) -> Option<T> {
        let mut alive = self.alive.subscribe();
        let device = alive.wait_for(Option::is_some).await.ok()?.clone()?;
        tokio::select! {
            outcome = work(device) => Some(outcome),
            _killed = alive.changed() => None,
        }
    }

    /// What the device knows of a room.
    pub(crate) async fn room(&self, room: &RoomUri) -> Option<RoomInfo> {
        let rooms = self.rooms().await;
        rooms.into_iter().find(|info| info.room == *room)
    }

    /// What the device knows of its rooms.
    pub(crate) async fn rooms(&self) -> Vec<RoomInfo> {
        let rooms = self.with(async |device| device.rooms().await).await;
        rooms.unwrap_or_default()
    }

    /// Kills the device at whatever point it is and opens it again from its database.
    pub(crate) async fn kill(&self) -> Result<(), SdkError> {
        let mut life = self.life.lock().await;
        drop(self.alive.send_replace(None));
        if let Some(life) = life.take() {
            life.end().await;
        }
        let device = self.open_again().await?;
        self.find_what_was_about_to_leave(&device).await;
        *life = Some(Life::begin(
            &device,
            &self.device,
            &self.scribe,
            &self.speech,
        ));
        self.alive.send_replace(Some(device));
        Ok(())
    }

    async fn open_again(&self) -> Result<Device, SdkError> {
        let until = Instant::now() + LOCKED.0;
        loop {
            let (place, network) = (self.place.clone(), self.network.clone());
            match Device::open(place, network, SdkPorts::system()).await {
                Ok(device) => return Ok(device),
                Err(error) if Instant::now() > until => return Err(error),
                Err(_locked) => sleep(LOCKED.1).await,
            }
        }
    }

    /// A message whose sending was cut off stands in the database, or was never sent.
    async fn find_what_was_about_to_leave(&self, device: &Device) {
        let pending = {
            let mut speech = self.speech.lock().unwrap_or_else(PoisonError::into_inner);
            speech.pending.take()
        };
        let Some(pending) = pending else { return };
        let rooms = device.rooms().await;
        let cursor = rooms.iter().find(|info| info.room == pending.room);
        let after = cursor.map(|info| info.cursor.saturating_sub(RECENT));
        let recent = device.timeline(&pending.room, after, 2 * PAGE).await;
        let mut own = recent
            .iter()
            .rev()
            .filter(|entry| entry.sender == self.user);
        if let Some(entry) = own.find(|entry| entry.text == pending.text) {
            let observation = Observation::Submitted {
                device: self.device.clone(),
                room: pending.room,
                id: entry.client_msg_id,
                content: digest(&pending.text),
            };
            self.scribe.record_at(pending.at_ms, observation);
        }
    }

    /// Records all that the device shows of its rooms.
    pub(crate) async fn copy(&self) {
        for info in self.rooms().await {
            let messages = self
                .with(async |device| all_of(&device, &info.room).await)
                .await;
            self.scribe.record(Observation::DeviceCopy {
                device: self.device.clone(),
                room: info.room,
                messages: messages.unwrap_or_default(),
            });
        }
    }

    /// Disconnects.
    pub(crate) async fn leave(self) {
        drop(self.alive.send_replace(None));
        if let Some(life) = self.life.into_inner() {
            life.end().await;
        }
    }
}

async fn all_of(device: &Device, room: &RoomUri) -> Vec<Message> {
    let (mut after, mut all) = (None, Vec::new());
    loop {
        let page = device.timeline(room, after, PAGE).await;
        all.extend(page.iter().filter_map(message));
        let next = page.last().and_then(|entry| entry.seq);
        match next {
            Some(seq) if page.len() == PAGE && after != Some(seq) => after = Some(seq),
            _ => return all,
        }
    }
}

/// A message that has its number.
pub(crate) fn message(entry: &TimelineEntry) -> Option<Message> {
    Some(Message {
        seq: entry.seq?,
        hash: None,
        sender: entry.sender.clone(),
        id: entry.client_msg_id,
        content: digest(&entry.text),
    })
}

/// What a text is compared by.
pub(crate) fn digest(text: &str) -> Hash {
    Hash::sha256(text.as_bytes())
}
