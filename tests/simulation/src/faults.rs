//! Breaking and healing: what a fault does to the world, and for how long.

use std::time::Duration;

use holm_disk::{Disk, Fate, Fault as DiskFault};

use crate::claim;
use crate::dice::Dice;
use crate::dns::Disorder;
use crate::plan::{Fault, device_name, server_name};
use crate::world::World;

/// What is broken now, and when each of it heals.
#[derive(Default)]
pub struct Breakage {
    open: Vec<(Duration, Cure)>,
    begun: u64,
}

/// What ends a fault.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Cure {
    Boot(String),
    Connect(String, String),
    Release(String, String),
    Clock(usize),
    Dns(String),
    Disk(usize),
}

/// What is broken until then is not healed.
const FOR_GOOD: Duration = Duration::MAX;
/// A process that died by itself is started again after this.
const RESTART: Duration = Duration::from_secs(2);

impl Breakage {
    /// A fault begins.
    pub fn begin(&mut self, world: &mut World<'_>, fault: &Fault) {
        self.begun += 1;
        let dice = Dice::new(world.around.plan.seed, &format!("fault {}", self.begun));
        let lasts = match fault {
            Fault::Away(_, ms) => Duration::from_millis(*ms),
            _ => length(&dice),
        };
        let until = world.sim.elapsed() + lasts;
        world.around.journal.note("world", &format!("{fault:?}"));
        let cure = match fault {
            Fault::KillServer(n) | Fault::Away(n, _) => {
                world.machines[*n].disk.kill_process();
                self.crash(world, &server_name(*n))
            }
            Fault::PowerOff(n) => {
                world.machines[*n].fail_power();
                self.crash(world, &server_name(*n))
            }
            Fault::KillDevice(n, power) => {
                kill(&world.phones[*n].disk, *power, &dice);
                self.crash(world, &device_name(*n))
            }
            Fault::Claims(n) => self.claims(world, *n, &dice),
            Fault::DieAt(n, point) => {
                world.machines[*n].arm(*point);
                return;
            }
            Fault::DeviceDiesAt(n, point) => {
                world.phones[*n].arm(Some(*point));
                return;
            }
            Fault::Apart(a, b) => {
                let (a, b) = (server_name(*a), server_name(*b));
                world.sim.partition(a.as_str(), b.as_str());
                Cure::Connect(a, b)
            }
            Fault::Deaf(a, b) => {
                let (a, b) = (server_name(*a), server_name(*b));
                world.sim.partition_oneway(a.as_str(), b.as_str());
                Cure::Connect(a, b)
            }
            Fault::Offline(n) => {
                let server = server_name(n % world.around.plan.servers);
                let device = device_name(*n);
                world.sim.partition(server.as_str(), device.as_str());
                Cure::Connect(server, device)
            }
            Fault::Stuck(a, b) => {
                let (a, b) = (server_name(*a), server_name(*b));
                world.sim.hold(a.as_str(), b.as_str());
                Cure::Release(a, b)
            }
            Fault::Clock(n, off) => {
                world.machines[*n].clock.set_off(*off);
                Cure::Clock(*n)
            }
            Fault::Dns(n, disorder) => set_dns(world, *n, disorder),
            Fault::DiskFull(n) => {
                world.machines[*n].disk.fault(Some(DiskFault::Full));
                Cure::Disk(*n)
            }
            Fault::SyncFails(n) => {
                world.machines[*n].disk.fault(Some(DiskFault::Sync));
                Cure::Disk(*n)
            }
        };
        self.open.push((until, cure));
    }

    /// Heals what is due, and starts again what died by itself.
    pub fn tend(&mut self, world: &mut World<'_>) {
        let endangered = std::mem::take(&mut world.around.board.lock().endangered);
        for (number, point) in endangered {
            world.machines[number].arm(point);
        }
        for number in 0..world.machines.len() {
            if world.machines[number].take_death() {
                let name = server_name(number);
                world.machines[number].disk.kill_process();
                let cure = self.crash(world, &name);
                self.open.push((world.sim.elapsed() + RESTART, cure));
            }
        }
        for number in 0..world.phones.len() {
            if world.phones[number].take_death() {
                world.phones[number].disk.kill_process();
                let cure = self.crash(world, &device_name(number));
                self.open.push((world.sim.elapsed() + RESTART, cure));
            }
        }
        let now = world.sim.elapsed();
        let due: Vec<_> = self.open.extract_if(.., |(at, _)| *at <= now).collect();
        for (_, cure) in due {
            self.cure(world, cure);
        }
    }

    /// Heals everything.
    pub fn heal(&mut self, world: &mut World<'_>) {
        world.around.journal.note("world", "heals");
        world.around.board.lock().endangered.clear();
        for machine in &world.machines {
            machine.disarm();
        }
        for phone in &world.phones {
            phone.arm(None);
        }
        let passing =
            |open: &Vec<(Duration, Cure)>| open.iter().rposition(|(at, _)| *at != FOR_GOOD);
        while let Some(last) = passing(&self.open) {
            let (_, cure) = self.open.remove(last);
            self.cure(world, cure);
        }
    }

    /// Two hosts do not hear each other, until then or for good.
    pub fn part(&mut self, world: &World<'_>, (a, b): (String, String), until: Option<Duration>) {
        world.sim.partition(a.as_str(), b.as_str());
        self.open
            .push((until.unwrap_or(FOR_GOOD), Cure::Connect(a, b)));
    }

    /// Whether two hosts run and hear each other at once.
    pub fn hear_each_other(&self, a: &str, b: &str) -> bool {
        let held = |cure: &Cure| match cure {
            Cure::Release(x, y) => (x == a && y == b) || (x == b && y == a),
            _ => false,
        };
        !self.is_apart(a, b) && !self.open.iter().any(|(_, cure)| held(cure))
    }

    /// A device comes back with heads of its own making.
    fn claims(&mut self, world: &mut World<'_>, number: usize, dice: &Dice) -> Cure {
        let phone = &world.phones[number];
        phone.disk.kill_process();
        if let Err(why) = claim::claim_falsely(phone, dice) {
            world.around.journal.note(&device_name(number), &why);
        }
        self.crash(world, &device_name(number))
    }

    /// A machine that says nothing any more, not even goodbye.
    fn crash(&mut self, world: &mut World<'_>, name: &str) -> Cure {
        self.open
            .retain(|(_, cure)| *cure != Cure::Boot(name.to_owned()));
        for other in others(world, name) {
            world.sim.partition(name, other.as_str());
        }
        world.sim.crash(name);
        Cure::Boot(name.to_owned())
    }

    fn cure(&mut self, world: &mut World<'_>, cure: Cure) {
        world.around.journal.note("world", &format!("{cure:?}"));
        match cure {
            Cure::Boot(name) => {
                for other in others(world, &name) {
                    if !self.is_apart(&name, &other) {
                        world.sim.repair(name.as_str(), other.as_str());
                    }
                }
                world.sim.bounce(name.as_str());
            }
            Cure::Connect(a, b) => {
                if !self.is_apart(&a, &b) {
                    world.sim.repair(a.as_str(), b.as_str());
                }
            }
            Cure::Release(a, b) => world.sim.release(a.as_str(), b.as_str()),
            Cure::Clock(n) => world.machines[n].clock.set_off(0),
            Cure::Dns(name) => world.around.dns.set(&name, None),
            Cure::Disk(n) => world.machines[n].disk.fault(None),
        }
    }

    /// Whether something else still keeps the two from hearing each other.
    fn is_apart(&self, a: &str, b: &str) -> bool {
        self.open.iter().any(|(_, cure)| match cure {
            Cure::Boot(name) => name == a || name == b,
            Cure::Connect(x, y) => (x == a && y == b) || (x == b && y == a),
            _ => false,
        })
    }
}

fn set_dns(world: &World<'_>, server: usize, disorder: &Disorder) -> Cure {
    let name = server_name(server);
    world.around.dns.set(&name, Some(disorder.clone()));
    Cure::Dns(name)
}

fn kill(disk: &Disk, power: bool, dice: &Dice) {
    match power {
        false => disk.kill_process(),
        true => disk.fail_power(|| match dice.happens(50) {
            true => Fate::Kept,
            false => Fate::Lost,
        }),
    }
}

/// Mostly seconds, at times minutes.
fn length(dice: &Dice) -> Duration {
    match dice.below(10) {
        0 => dice.millis(30_000, 180_000),
        1..4 => dice.millis(5_000, 40_000),
        _ => dice.millis(100, 6_000),
    }
}

fn others(world: &World<'_>, name: &str) -> Vec<String> {
    let servers = (0..world.machines.len()).map(server_name);
    let devices = (0..world.phones.len()).map(device_name);
    servers
        .chain(devices)
        .filter(|other| other != name)
        .collect()
}
