//! Whether a federation is whole, and whether what is left on its disks is what it promised.

use std::sync::Arc;

use holm_core::ports::{LogStore, RoomStore};
use holm_disk::{Fate, VFS};
use holm_history::{End, Message, Observation, Recorder};
use holm_protocol::bundle::CommitBody;
use holm_protocol::mls_header::MlsHeader;
use holm_protocol::{Event, EventKind, Hash, RoomUri};
use holm_sdk::{Device, RoomState, TimelineEntry};
use holm_storage::{Drive, Sqlite};

use crate::board::State;
use crate::device::Phone;
use crate::server::Machine;
use crate::world::World;

/// What does not hold, in sentences.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings(pub Vec<String>);

/// Events read at a time.
const PAGE: usize = 1_000;
/// Bytes read at a time.
const PAGE_BYTES: usize = 8 * 1024 * 1024;

impl Findings {
    /// One finding.
    pub fn one(what: String) -> Self {
        Self(vec![what])
    }
}

/// Whether everybody has what the hubs have, as far as they say.
pub fn whole(world: &World<'_>) -> Result<(), String> {
    let board = world.around.board.lock();
    if !board.busy.is_empty() {
        return Err(format!("devices {:?} are still at something", board.busy));
    }
    for (maker, room) in &board.made {
        let hub = maker % world.machines.len();
        let head = |server| board.heads.get(&(server, room.clone())).copied();
        let wanted = head(hub).ok_or_else(|| format!("the hub {hub} does not know {room}"))?;
        for (device, rooms) in &board.progress {
            let Some(progress) = rooms.get(room) else {
                continue;
            };
            if let Some(why) = &progress.stopped {
                return Err(format!("device {device} stopped {room}: {why}"));
            }
            let behind = progress.active && progress.cursor != wanted;
            if behind || progress.waiting > 0 {
                return Err(format!(
                    "device {device} in {room} of {wanted}: {progress:?}"
                ));
            }
            let server = device % world.machines.len();
            if progress.active && head(server) != Some(wanted) {
                return Err(format!(
                    "server {server} in {room}: {:?} of {wanted}",
                    head(server)
                ));
            }
        }
        everybody_is_in(&board, room)?;
    }
    Ok(())
}

/// Whoever the others count as being in a room has come into it.
fn everybody_is_in(board: &State, room: &RoomUri) -> Result<(), String> {
    let progress = |device| board.progress.get(device)?.get(room);
    let active = |device| progress(device).filter(|progress| progress.active);
    let Some(inside) = board.users.keys().find_map(active) else {
        return Ok(());
    };
    for (device, user) in &board.users {
        if inside.participants.contains(user) && active(device).is_none() {
            return Err(format!(
                "device {device} was let into {room} and is not in it: {:?}",
                progress(device)
            ));
        }
    }
    Ok(())
}

/// Takes the power from everything and reads what is left. `end`: whether what is missing is lost.
pub fn judge(world: &World<'_>, end: End) -> Findings {
    for machine in &world.machines {
        machine.disk.fail_power(|| Fate::Lost);
    }
    for phone in &world.phones {
        phone.disk.fail_power(|| Fate::Lost);
    }
    bring_to_end(read_all(world, end)).unwrap_or_else(Findings::one)
}

/// Does it outside the simulation.
pub(crate) fn bring_to_end<T>(work: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.map_err(|e| e.to_string())?.block_on(work)
}

async fn read_all(world: &World<'_>, end: End) -> Result<Findings, String> {
    let history = &world.around.history;
    let rooms: Vec<RoomUri> = world.around.board.lock().rooms.iter().cloned().collect();
    let mut findings = Findings::default();
    for machine in &world.machines {
        let forks = read_server(machine, &rooms, history).await?;
        if forks > 0 {
            let what = format!("{} found forks where no hub lied: {forks}", machine.name);
            findings.0.push(what);
        }
    }
    for phone in &world.phones {
        read_device(phone, history, &mut findings).await?;
    }
    let board = world.around.board.lock();
    let alarms = board.alarms.iter().map(|(_, alarm)| alarm.clone());
    // What the checker has a name for comes first: the rest often follows from it.
    let anomalies = history.judge(end).anomalies;
    let named = anomalies.iter().map(ToString::to_string);
    Ok(Findings(named.chain(findings.0).chain(alarms).collect()))
}

/// Records a server's copies; how many forks it has found.
async fn read_server(
    machine: &Machine,
    rooms: &[RoomUri],
    history: &Recorder,
) -> Result<usize, String> {
    let opened = Sqlite::open_vfs(VFS, &machine.file(), Drive::Await).await;
    let (store, _writer) = opened.map_err(|e| format!("{}: {e}", machine.name))?;
    for room in rooms {
        let mut after = 0;
        loop {
            let page = store.read(room, after, PAGE, PAGE_BYTES).await;
            let page = page.map_err(|e| format!("{} {room}: {e}", machine.name))?;
            let (Some(first), Some(last)) = (page.first(), page.last()) else {
                break;
            };
            after = last.seq;
            let events: Result<Vec<Event>, _> = page
                .iter()
                .map(|entry| Event::from_bytes(&entry.event))
                .collect();
            let events = events.map_err(|e| format!("{} {room}: {e}", machine.name))?;
            for event in &events {
                if let Some(observation) = epoch_of(room, event) {
                    history.record(0, observation);
                }
            }
            let copy = Observation::ServerCopy {
                server: machine.name.clone(),
                room: room.clone(),
                first: first.seq,
                hashes: events.iter().map(Event::hash).collect(),
            };
            history.record(0, copy);
        }
    }
    let forks = store.forks().await.map_err(|e| e.to_string())?;
    Ok(forks.len())
}

/// In which epoch a message was encrypted, or which one a commit ends.
fn epoch_of(room: &RoomUri, event: &Event) -> Option<Observation> {
    let (room, seq) = (room.clone(), event.header.seq);
    match event.header.kind {
        EventKind::MESSAGE => {
            let epoch = MlsHeader::read(event.body.as_slice())?.epoch;
            Some(Observation::Encrypted { room, seq, epoch })
        }
        EventKind::COMMIT => {
            let body = CommitBody::from_bytes(event.body.as_slice()).ok()?;
            let epoch = MlsHeader::read(body.commit.as_slice())?.epoch;
            Some(Observation::Committed { room, epoch, seq })
        }
        _ => None,
    }
}

async fn read_device(
    phone: &Arc<Phone>,
    history: &Recorder,
    findings: &mut Findings,
) -> Result<(), String> {
    let opened = phone.open_awaited().await;
    let device = opened.map_err(|e| format!("device {}: {e}", phone.number))?;
    let Some(session) = device.session() else {
        return Ok(());
    };
    for room in device.rooms().await {
        let entries = timeline(&device, &room.room).await;
        if let RoomState::Stopped { reason } = &room.state {
            findings.0.push(format!("{} stopped: {reason}", room.room));
        }
        let messages = entries.iter().filter_map(message).collect();
        history.record(
            0,
            Observation::DeviceCopy {
                device: session.device.clone(),
                room: room.room.clone(),
                messages,
            },
        );
    }
    Ok(())
}

/// All messages of a room.
pub(crate) async fn timeline(device: &Device, room: &RoomUri) -> Vec<TimelineEntry> {
    let (mut after, mut all) = (None, Vec::new());
    loop {
        let page = device.timeline(room, after, PAGE).await;
        let last = page.iter().rev().find_map(|entry| entry.seq);
        let full = page.len() == PAGE;
        all.extend(page);
        match last {
            Some(seq) if full => after = Some(seq),
            _ => return all,
        }
    }
}

/// A message with its place in the log.
pub fn message(entry: &TimelineEntry) -> Option<Message> {
    Some(Message {
        seq: entry.seq?,
        hash: None,
        sender: entry.sender.clone(),
        id: entry.client_msg_id,
        content: Hash::sha256(entry.text.as_bytes()),
    })
}
