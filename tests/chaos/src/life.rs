//! A device from being opened to being killed: it runs, tells what it sees, and speaks.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use holm_history::Observation;
use holm_protocol::{DeviceUri, RoomUri};
use holm_sdk::{Device, DeviceEvent, EventReceiver, SdkError};
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::draws::Draws;
use crate::member::{digest, message};
use crate::stage::Scribe;

/// What a device says, over all its lives.
pub(crate) struct Speech {
    pub(crate) rooms: Vec<RoomUri>,
    /// Average time between two messages; none while it is silent.
    pub(crate) pace: Option<Duration>,
    /// What it is about to put into its outbox.
    pub(crate) pending: Option<Pending>,
    draws: Draws,
    count: u64,
}

/// A message that may be in the outbox or not.
#[derive(Clone)]
pub(crate) struct Pending {
    pub(crate) room: RoomUri,
    pub(crate) text: String,
    pub(crate) at_ms: u64,
}

/// The tasks of a life.
pub(crate) struct Life([JoinHandle<()>; 3]);

/// How often a silent device looks whether it shall speak.
const SILENT: Duration = Duration::from_millis(200);
/// Wait before a device is connected again that said it would not come back.
const RUN_AGAIN: Duration = Duration::from_secs(1);

impl Speech {
    pub(crate) fn new(draws: Draws) -> Self {
        Self {
            rooms: Vec::new(),
            pace: None,
            pending: None,
            draws,
            count: 0,
        }
    }

    /// How long to wait now, and whether to speak then.
    fn wait(&mut self) -> (Duration, bool) {
        match self.pace {
            None => (SILENT, false),
            Some(pace) => {
                let average = u64::try_from(pace.as_millis()).unwrap_or(u64::MAX);
                (self.draws.millis(0, average.saturating_mul(2)), true)
            }
        }
    }

    /// The next message.
    fn next(&mut self, device: &DeviceUri, at_ms: u64) -> Option<Pending> {
        if self.rooms.is_empty() || self.pace.is_none() {
            return None;
        }
        self.count += 1;
        let pending = Pending {
            room: self.draws.one_of(&self.rooms).clone(),
            text: format!("{device} says its word number {}", self.count),
            at_ms,
        };
        self.pending = Some(pending.clone());
        Some(pending)
    }
}

impl Life {
    pub(crate) fn begin(
        device: &Device,
        uri: &DeviceUri,
        scribe: &Scribe,
        speech: &Arc<Mutex<Speech>>,
    ) -> Self {
        let listening = listen(uri.clone(), device.events(), scribe.clone());
        let running = run(device.clone(), uri.clone(), scribe.clone());
        let speaking = speak(
            device.clone(),
            uri.clone(),
            scribe.clone(),
            Arc::clone(speech),
        );
        Self([
            tokio::spawn(listening),
            tokio::spawn(running),
            tokio::spawn(speaking),
        ])
    }

    /// Ends all of it at whatever await it is.
    pub(crate) async fn end(self) {
        for task in &self.0 {
            task.abort();
        }
        for task in self.0 {
            let _aborted = task.await;
        }
    }
}

async fn run(device: Device, uri: DeviceUri, scribe: Scribe) {
    while let Err(error) = device.run().await {
        scribe
            .tally
            .problem(format!("{uri} would not come back: {error}"));
        sleep(RUN_AGAIN).await;
    }
}

async fn speak(device: Device, uri: DeviceUri, scribe: Scribe, speech: Arc<Mutex<Speech>>) {
    let held = || speech.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        let (wait, speaks) = held().wait();
        sleep(wait).await;
        let next = if speaks {
            held().next(&uri, scribe.now_ms())
        } else {
            None
        };
        let Some(Pending { room, text, at_ms }) = next else {
            continue;
        };
        let sent = device.send(&room, &text).await;
        held().pending = None;
        match sent {
            Ok(id) => scribe.record_at(
                at_ms,
                Observation::Submitted {
                    device: uri.clone(),
                    room,
                    id,
                    content: digest(&text),
                },
            ),
            // It is out of the room for a while.
            Err(SdkError::RoomClosed(_)) => {}
            Err(error) => scribe
                .tally
                .problem(format!("{uri} can't send to {room}: {error}")),
        }
    }
}

async fn listen(device: DeviceUri, mut events: EventReceiver, scribe: Scribe) {
    while let Some(event) = events.next().await {
        // What is missed here stands in the copy at the end.
        if let Ok(event) = event {
            take(&device, event, &scribe);
        }
    }
}

fn take(device: &DeviceUri, event: DeviceEvent, scribe: &Scribe) {
    let device = device.clone();
    match event {
        DeviceEvent::Message(entry) => {
            if let Some(message) = message(&entry) {
                let room = entry.room;
                scribe.record(Observation::Delivered {
                    device,
                    room,
                    message,
                });
            }
        }
        DeviceEvent::Sent {
            room,
            client_msg_id: id,
            seq,
            ..
        } => scribe.record(Observation::Accepted {
            device,
            room,
            id,
            seq,
            epoch: None,
        }),
        DeviceEvent::Failed {
            room,
            client_msg_id: id,
            ..
        } => scribe.record(Observation::Refused { device, room, id }),
        DeviceEvent::Alarm { room, what } => {
            scribe
                .tally
                .problem(format!("{device} raises an alarm in {room}: {what}"));
        }
        _ => {}
    }
}
