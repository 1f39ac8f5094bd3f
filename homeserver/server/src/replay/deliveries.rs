//! What one device tells while the replay runs: when each message arrived, and how far it is.

use std::sync::{Arc, Mutex, PoisonError};

use holm_protocol::aad::ClientMsgId;
use holm_protocol::{Problem, RoomUri};
use holm_sdk::{Device, DeviceEvent, EventReceiver};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// A message arrived, decrypted, at another device than its sender's.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arrival {
    pub(super) id: ClientMsgId,
    pub(super) at: Instant,
}

/// When what arrived at a user, over all lives of the device.
pub(super) type Arrivals = Arc<Mutex<Vec<Arrival>>>;

/// How far a device is.
#[derive(Clone, Debug, Default)]
pub(super) struct State {
    /// The room it was added to last.
    pub(super) joined: Option<RoomUri>,
    /// Number of the newest message it has taken, sent or received.
    pub(super) seq: u64,
    /// The own message that got its answer last.
    pub(super) answered: Option<(ClientMsgId, Result<u64, Problem>)>,
    /// What does not hold.
    pub(super) alarm: Option<String>,
}

/// Listens to a device from now on; the task ends with the device, or holds it until aborted.
pub(super) async fn listen_to(
    device: &Device,
    arrivals: &Arrivals,
) -> (watch::Receiver<State>, JoinHandle<()>) {
    let events = device.events();
    let known = device.rooms().await;
    // What a device opened again had taken before, nobody tells again.
    let (sender, state) = watch::channel(State {
        seq: known.iter().map(|room| room.cursor).max().unwrap_or(0),
        joined: known.into_iter().next_back().map(|room| room.room),
        ..State::default()
    });
    let listening = listen(device.clone(), events, Arc::clone(arrivals), sender);
    (state, tokio::spawn(listening))
}

async fn listen(
    device: Device,
    mut events: EventReceiver,
    arrivals: Arrivals,
    state: watch::Sender<State>,
) {
    while let Some(event) = events.next().await {
        match event {
            Ok(event) => {
                if let DeviceEvent::Message(entry) = &event {
                    arrivals
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .push(Arrival {
                            id: entry.client_msg_id,
                            at: Instant::now(),
                        });
                }
                state.send_if_modified(|state| take(state, event));
            }
            // What was missed stands in the replica, as far as its cursor says.
            Err(_lagged) => {
                let cursor = device.rooms().await.iter().map(|room| room.cursor).max();
                state.send_modify(|state| state.seq = state.seq.max(cursor.unwrap_or(0)));
            }
        }
    }
}

/// Takes an event; whether it changed anything.
fn take(state: &mut State, event: DeviceEvent) -> bool {
    match event {
        DeviceEvent::Joined { room, .. } => state.joined = Some(room),
        DeviceEvent::Message(entry) => state.seq = state.seq.max(entry.seq.unwrap_or(0)),
        DeviceEvent::Sent {
            client_msg_id, seq, ..
        } => {
            state.seq = state.seq.max(seq);
            state.answered = Some((client_msg_id, Ok(seq)));
        }
        DeviceEvent::Failed {
            client_msg_id,
            problem,
            ..
        } => state.answered = Some((client_msg_id, Err(problem))),
        DeviceEvent::Alarm { what, .. } => state.alarm = Some(what),
        _ => return false,
    }
    true
}
