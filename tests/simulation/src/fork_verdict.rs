//! Whether a fork was found as it has to be: proofs on the disks that hold for a stranger, devices
//! that were told, and copies that stayed on their own side (HEAD-5 to HEAD-8).

use std::collections::BTreeMap;

use holm_core::ports::{LogStore, RoomStore};
use holm_disk::{Fate, VFS};
use holm_protocol::proof::ForkProof;
use holm_protocol::{Event, Hash, RoomUri};
use holm_storage::{Drive, Sqlite};

use crate::plan::{Fault, server_name};
use crate::server::Machine;
use crate::sides::{HUB, ONE, OTHER, TWIN};
use crate::verdict::{bring_to_end, timeline};
use crate::world::World;

/// Events read at a time.
const PAGE: usize = 1_000;
/// Bytes read at a time.
const PAGE_BYTES: usize = 8 * 1_024 * 1_024;

/// Looks through a copy of one room, as it grows, for heads of another history.
#[derive(Debug, Default)]
pub struct Crossings {
    after: u64,
    copy: BTreeMap<u64, Hash>,
    /// Events of the copy that carry such a head.
    pub events: Vec<u64>,
}

impl Crossings {
    /// Looks at what is new; the first event that carries a head of another history, when it is
    /// met.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn look(&mut self, store: &Sqlite, room: &RoomUri) -> Result<Option<u64>, String> {
        let before = self.events.len();
        loop {
            let page = store.read(room, self.after, PAGE, PAGE_BYTES).await;
            let page = page.map_err(|e| e.to_string())?;
            for entry in &page {
                let event = Event::from_bytes(&entry.event).map_err(|e| e.to_string())?;
                self.after = entry.seq;
                self.meet(&event);
            }
            if page.len() < PAGE {
                break;
            }
        }
        Ok(self.events.first().copied().filter(|_| before == 0))
    }

    fn meet(&mut self, event: &Event) {
        let seq = event.header.seq;
        self.copy.insert(seq, event.hash());
        let Some(head) = event.carried_head() else {
            return;
        };
        let own = self.copy.get(&head.head.seq);
        let differs = own.is_some_and(|own| *own != head.head.hash);
        if differs || head.head.seq >= seq {
            self.events.push(seq);
        }
    }
}

/// Number of the newest event on the disk of a machine that never runs: SQLite ends a connection
/// when it likes, and would take the write-ahead log from under the next one.
///
/// # Errors
/// The store cannot be read, or does not have the room.
pub fn newest(machine: &Machine, room: &RoomUri) -> Result<u64, String> {
    let newest = bring_to_end(async {
        let head = open(machine).await?.head(room).await;
        let head = head.map_err(|e| e.to_string())?;
        head.map(|head| head.position.seq)
            .ok_or_else(|| format!("{} does not know {room}", machine.name))
    });
    machine.unmount();
    newest
}

/// Takes the power from everything and reads what is left.
///
/// # Errors
/// A disk cannot be read.
pub fn judge(world: &World<'_>, room: &RoomUri) -> Result<Vec<String>, String> {
    for machine in &world.machines {
        machine.disk.fail_power(|| Fate::Lost);
    }
    for phone in &world.phones {
        phone.disk.fail_power(|| Fate::Lost);
    }
    bring_to_end(async {
        let mut findings = Vec::new();
        for (follower, hub) in [(ONE, HUB), (OTHER, TWIN)] {
            let (follower, hub) = (&world.machines[follower], &world.machines[hub]);
            let own = open(follower).await?;
            findings.extend(proofs(follower, &own, room).await?);
            let mut crossings = Crossings::default();
            crossings.look(&own, room).await?;
            let mut theirs = Crossings::default();
            theirs.look(&open(hub).await?, room).await?;
            let strange = |(seq, hash): &(&u64, &Hash)| theirs.copy.get(*seq) != Some(*hash);
            if let Some((seq, _)) = crossings.copy.iter().find(strange) {
                let name = server_name(follower.number);
                findings.push(format!("{name} took event {seq} from the other history"));
            }
            findings.extend(untold(world, follower, room, &crossings).await?);
        }
        Ok(findings)
    })
}

/// What does not hold of the proofs that a follower keeps.
async fn proofs(follower: &Machine, own: &Sqlite, room: &RoomUri) -> Result<Vec<String>, String> {
    let name = server_name(follower.number);
    let forks = own.forks().await;
    let forks = forks.map_err(|e| e.to_string())?;
    let mut findings = Vec::new();
    if forks.len() != 1 {
        findings.push(format!("{name} keeps {} proofs", forks.len()));
    }
    for fork in forks {
        // As `holm verify-proof` does with the file.
        let proved = ForkProof::from_bytes(&fork.proof)
            .map_err(|e| e.to_string())
            .and_then(|proof| {
                let proved = proof.verify().map_err(|e| e.to_string())?;
                Ok(proof.hub.as_str() == server_name(HUB) && proved.first.room == *room)
            });
        if proved != Ok(true) {
            findings.push(format!(
                "{name} keeps a proof that does not hold: {proved:?}"
            ));
        }
    }
    Ok(findings)
}

/// Devices of a follower that read a message of the other side and were not alarmed. One that
/// died may have been told just then.
async fn untold(
    world: &World<'_>,
    follower: &Machine,
    room: &RoomUri,
    crossings: &Crossings,
) -> Result<Vec<String>, String> {
    let mut findings = Vec::new();
    for phone in &world.phones {
        let faults = &world.around.plan.faults;
        let died = |(_, fault): &(u64, Fault)| matches!(fault, Fault::KillDevice(n, _) if *n == phone.number);
        if phone.server != follower.name || faults.iter().any(died) {
            continue;
        }
        let device = phone.open_awaited().await.map_err(|e| e.to_string())?;
        let Some(user) = device.session().map(|session| session.user) else {
            continue;
        };
        let mut read = timeline(&device, room).await.into_iter();
        let crossed = read.find(|entry| {
            let crossed = |seq: u64| crossings.events.contains(&seq);
            entry.sender != user && entry.seq.is_some_and(crossed)
        });
        let board = world.around.board.lock();
        let told =
            |(n, what): &(usize, String)| *n == phone.number && what.contains("two histories");
        if let Some(entry) = crossed
            && !board.alarms.iter().any(told)
        {
            let (number, seq) = (phone.number, entry.seq);
            findings.push(format!(
                "device {number} read {seq:?} and was not told of the fork"
            ));
        }
    }
    Ok(findings)
}

async fn open(machine: &Machine) -> Result<Sqlite, String> {
    let opened = Sqlite::open_vfs(VFS, &machine.file(), Drive::Await).await;
    let (store, _writer) = opened.map_err(|e| format!("{}: {e}", machine.name))?;
    Ok(store)
}
