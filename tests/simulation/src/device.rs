//! A device as a simulated host: the client library, and a person who talks, comes and goes.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use holm_disk::{Disk, VFS};
use holm_history::{Observation, Recorder};
use holm_protocol::aad::ClientMsgId;
use holm_protocol::{DeviceUri, Hash, RoomUri, ServerName};
use holm_sdk::RoomState;
use holm_sdk::{
    CrashPoint, CrashPoints, Device, DeviceEvent, Drive, EventReceiver, Network, ReplicaPlace,
    SdkError, SdkPorts,
};
use tokio::time::sleep;

use crate::board::Board;
use crate::clock::{SimClock, elapsed};
use crate::dice::Dice;
use crate::dns::Dns;
use crate::journal::Journal;
use crate::network::{SimConnector, Way};
use crate::plan::{Plan, device_name};
use crate::sides::Sides;

/// What of a device outlives its process.
pub struct Phone {
    /// Its number.
    pub number: usize,
    /// Its disk.
    pub disk: Disk,
    pub(crate) server: ServerName,
    pub(crate) mount: String,
    clock: Arc<SimClock>,
    pub(crate) dice: Arc<Dice>,
    pub(crate) around: Surroundings,
    dead: Arc<AtomicBool>,
    /// Where the process is to die.
    armed: Arc<Mutex<Option<CrashPoint>>>,
}

/// What the hosts of a run share.
#[derive(Clone)]
pub struct Surroundings {
    /// What is to happen.
    pub plan: Arc<Plan>,
    /// Names.
    pub dns: Arc<Dns>,
    /// What is known outside.
    pub board: Arc<Board>,
    /// The trace.
    pub journal: Arc<Journal>,
    /// What is judged.
    pub history: Recorder,
    /// Whether the hub is split.
    pub sides: Arc<Sides>,
}

impl Phone {
    /// A device without an account, with an empty disk under the name `mount`.
    pub fn new(number: usize, server: ServerName, mount: String, around: &Surroundings) -> Self {
        Self {
            number,
            disk: Disk::mount(&mount),
            server,
            mount,
            clock: Arc::default(),
            dice: Arc::new(Dice::new(around.plan.seed, &device_name(number))),
            around: around.clone(),
            dead: Arc::default(),
            armed: Arc::default(),
        }
    }

    /// The process dies when it reaches the point; with none, at no point any more.
    pub fn arm(&self, point: Option<CrashPoint>) {
        *self.armed.lock().unwrap_or_else(PoisonError::into_inner) = point;
    }

    /// Forgets the disk.
    pub fn unmount(&self) {
        Disk::unmount(&self.mount);
    }

    /// Opens the replica outside the simulation.
    pub async fn open_awaited(&self) -> Result<Device, SdkError> {
        self.open(Drive::Await).await
    }

    async fn open(&self, drive: Drive) -> Result<Device, SdkError> {
        let network = Network::with_connector(Arc::new(SimConnector {
            dns: Arc::clone(&self.around.dns),
            way: Way {
                from: device_name(self.number),
                sides: Arc::clone(&self.around.sides),
            },
        }));
        let place = ReplicaPlace::Vfs {
            vfs: VFS,
            file: PathBuf::from(format!("/{}/replica.db", self.mount)),
        };
        let ports = SdkPorts {
            clock: self.clock.clone(),
            rng: self.dice.clone(),
            crash_points: Arc::new(Dying {
                disk: self.disk.clone(),
                armed: Arc::clone(&self.armed),
                dead: Arc::clone(&self.dead),
            }),
            drive,
        };
        Device::open(place, network, ports).await
    }

    /// A process of this device, until it is crashed or its replica fails.
    pub async fn run(self: Arc<Self>) -> turmoil::Result {
        self.live().await;
        self.dead.store(true, Ordering::Relaxed);
        // As for a server: the world cuts the connections before they end.
        std::future::pending().await
    }

    /// Whether the process has ended by itself since this was asked last.
    pub fn take_death(&self) -> bool {
        self.dead.swap(false, Ordering::Relaxed)
    }

    async fn live(self: &Arc<Self>) {
        self.note("boots");
        self.around.board.lock().busy.remove(&self.number);
        let device = match self.open(Drive::InPlace).await {
            Ok(device) => device,
            Err(error) => {
                return self.note(&format!("does not open: {error}"));
            }
        };
        let listening = tokio::spawn(listen(Arc::clone(self), device.clone(), device.events()));
        self.recall(&device).await;
        self.until_done(async || self.register(&device).await).await;
        let running = {
            let device = device.clone();
            tokio::spawn(async move { device.run().await })
        };
        tokio::select! {
            () = self.act(&device) => {}
            ended = running => self.note(&format!("ends: {ended:?}")),
        }
        listening.abort();
    }

    /// Records where the device is in and out: whoever died before it could tell tells it now.
    async fn recall(&self, device: &Device) {
        let Some(session) = device.session() else {
            return;
        };
        for room in device.rooms().await {
            let (device, last) = (session.device.clone(), room.cursor);
            let (removed, anchor, room) =
                (room.state == RoomState::Removed, room.anchor, room.room);
            self.record(match removed {
                true => Observation::Removed { device, room, last },
                false => Observation::Joined {
                    device,
                    room,
                    anchor,
                },
            });
        }
    }

    /// Does it again until it is done.
    pub(crate) async fn until_done(&self, deed: impl AsyncFn() -> Result<(), SdkError>) {
        while let Err(error) = deed().await {
            self.note(&format!("is refused: {error}"));
            sleep(Duration::from_secs(2)).await;
        }
    }

    pub(crate) fn note(&self, what: &str) {
        self.around.journal.note(&device_name(self.number), what);
    }

    pub(crate) fn joined(&self, device: &Device, room: &RoomUri) {
        if let Some(session) = device.session() {
            self.record(Observation::Joined {
                device: session.device,
                room: room.clone(),
                anchor: 0,
            });
        }
    }

    pub(crate) fn submitted(&self, device: &Device, room: &RoomUri, id: ClientMsgId, text: &str) {
        if let Some(session) = device.session() {
            self.record(Observation::Submitted {
                device: session.device,
                room: room.clone(),
                id,
                content: Hash::sha256(text.as_bytes()),
            });
        }
    }

    /// Records what became of an own message, and how the device comes and goes.
    fn observed(&self, device: DeviceUri, event: &DeviceEvent) {
        match event {
            DeviceEvent::Sent {
                room,
                client_msg_id,
                seq,
                ..
            } => self.record(Observation::Accepted {
                device,
                room: room.clone(),
                id: *client_msg_id,
                seq: *seq,
                epoch: None,
            }),
            DeviceEvent::Failed {
                room,
                client_msg_id,
                ..
            } => self.record(Observation::Refused {
                device,
                room: room.clone(),
                id: *client_msg_id,
            }),
            DeviceEvent::Joined { room, anchor, .. } => self.record(Observation::Joined {
                device,
                room: room.clone(),
                anchor: *anchor,
            }),
            DeviceEvent::RemovedFromRoom { room, last } => self.record(Observation::Removed {
                device,
                room: room.clone(),
                last: *last,
            }),
            _ => {}
        }
    }

    pub(crate) fn record(&self, observation: Observation) {
        let at = u64::try_from(elapsed().as_millis()).unwrap_or(u64::MAX);
        self.around.history.record(at, observation);
    }
}

async fn listen(phone: Arc<Phone>, device: Device, mut events: EventReceiver) {
    while let Some(event) = events.next().await {
        if let (Ok(event), Some(session)) = (&event, device.session()) {
            phone.observed(session.device, event);
        }
        match event {
            Ok(DeviceEvent::Message(entry)) => {
                phone.note(&format!("reads {} at {:?}", entry.text, entry.seq));
            }
            Ok(DeviceEvent::Sent { room, seq, .. }) => phone.note(&format!("sent {room} {seq}")),
            Ok(DeviceEvent::Alarm { room, what }) => {
                let alarm = format!("alarm in {room}: {what}");
                phone.note(&alarm);
                phone.around.board.lock().alarms.push((phone.number, alarm));
            }
            Ok(DeviceEvent::Failed { room, problem, .. }) => {
                phone.note(&format!("failed in {room}: {:?}", problem.code));
            }
            Ok(DeviceEvent::Disconnected { .. }) => phone.note("is disconnected"),
            Ok(_) => {}
            // The history would not know when the device came and went.
            Err(lagged) => {
                phone.note(&lagged.to_string());
                let finding = (phone.number, lagged.to_string());
                phone.around.board.lock().alarms.push(finding);
            }
        }
    }
}

/// Lets the process die where it was told to: from there on its disk takes nothing.
struct Dying {
    disk: Disk,
    armed: Arc<Mutex<Option<CrashPoint>>>,
    dead: Arc<AtomicBool>,
}

impl CrashPoints for Dying {
    fn reached(&self, point: CrashPoint) {
        let mut armed = self.armed.lock().unwrap_or_else(PoisonError::into_inner);
        if *armed == Some(point) {
            *armed = None;
            self.disk.kill_process();
            self.dead.store(true, Ordering::Relaxed);
        }
    }
}
