//! What a seed decides before anything runs: who is there, how fast the network is, what breaks.

use holm_core::ports::CrashPoint;

use crate::dice::Dice;
use crate::dns::Disorder;
use crate::fork_plan::ForkPlan;

/// A run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What decides everything.
    pub seed: u64,
    /// How many servers.
    pub servers: usize,
    /// How many devices a server, each of a user of its own.
    pub devices: usize,
    /// How many rooms; the device of the same number makes each.
    pub rooms: usize,
    /// Longest way of a segment, in milliseconds.
    pub latency_ms: u64,
    /// Of a hundred calls between servers, so many arrive twice, and so many lose their answer.
    pub calls_twice: u64,
    /// See [`Plan::calls_twice`].
    pub answers_lost: u64,
    /// Of a hundred pages that a follower asks for, so many lack an event.
    pub pages_holed: u64,
    /// Of a hundred times that people are let into a room, so many kill its hub at it.
    pub fatal_entries: u64,
    /// Longest pause of a person between two deeds, in milliseconds.
    pub pause_ms: u64,
    /// How long things break and people talk, in milliseconds.
    pub busy_ms: u64,
    /// Whether the servers' disks answer syncs and do not carry them out, so that a finding has to
    /// come.
    pub lying_disks: bool,
    /// What breaks, in order of time.
    pub faults: Vec<(u64, Fault)>,
    /// How the hub lies, where it does.
    pub fork: Option<ForkPlan>,
    /// What devices claim holds by the hub's own key, so that a finding has to come.
    pub claims_hold: bool,
    /// A step of simulated time, in milliseconds.
    pub tick_ms: u64,
}

/// Something that breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A server's process dies; its machine goes on.
    KillServer(usize),
    /// A server's power fails.
    PowerOff(usize),
    /// A server dies when it gets to the point.
    DieAt(usize, CrashPoint),
    /// A device dies, with or without the power of its machine.
    KillDevice(usize, bool),
    /// A device dies when it gets to the point.
    DeviceDiesAt(usize, holm_sdk::CrashPoint),
    /// Two servers do not hear each other.
    Apart(usize, usize),
    /// The second server does not hear the first.
    Deaf(usize, usize),
    /// A device and its server do not hear each other.
    Offline(usize),
    /// What two servers say to each other arrives late.
    Stuck(usize, usize),
    /// A server's clock is off by so many milliseconds.
    Clock(usize, i64),
    /// Look-ups of a server's name are out of order.
    Dns(usize, Disorder),
    /// A server's disk is full.
    DiskFull(usize),
    /// A server's disk fails to sync.
    SyncFails(usize),
    /// A server is away for so many milliseconds.
    Away(usize, u64),
    /// A device comes back with heads that no hub has signed, and carries them in its messages.
    Claims(usize),
}

impl Plan {
    /// The plan of a seed, with things breaking for so many simulated seconds.
    pub fn of(seed: u64, seconds: u64) -> Self {
        let dice = Dice::new(seed, "plan");
        let servers = count(dice.between(2, 4));
        let devices = count(dice.between(1, 4)).max(4 / servers);
        let mut plan = Self {
            seed,
            servers,
            devices,
            rooms: count(dice.between(1, 4)).min(servers * devices),
            latency_ms: dice.between(5, 300),
            calls_twice: dice.below(3) * dice.below(20),
            answers_lost: dice.below(3) * dice.below(10),
            pages_holed: Dice::new(seed, "holes").below(60),
            fatal_entries: Dice::new(seed, "entries").below(80),
            pause_ms: dice.between(1_000, 8_000),
            busy_ms: seconds * 1_000,
            lying_disks: false,
            faults: Vec::new(),
            fork: None,
            claims_hold: false,
            tick_ms: 10,
        };
        let pause = dice.between(2_000, 30_000);
        let mut at = dice.below(pause);
        while at < plan.busy_ms {
            plan.faults.push((at, plan.fault(&dice)));
            at += dice.between(pause / 4, pause);
        }
        plan
    }

    /// A run in which the hub of all rooms is away for so many hours, while people write now and
    /// then, and devices and followers die.
    pub fn away(seed: u64, hours: u64) -> Self {
        let dice = Dice::new(seed, "away");
        let mut plan = Self {
            servers: 3,
            devices: 1,
            rooms: 1,
            pause_ms: dice.between(300_000, 3_600_000),
            tick_ms: 200,
            ..Self::of(seed, 0)
        };
        let away_ms = hours * 3_600_000;
        plan.busy_ms = away_ms + 60_000;
        plan.faults.push((10_000, Fault::Away(0, away_ms)));
        let mut at = 10_000 + dice.below(away_ms / 8);
        while at < away_ms {
            let number = 1 + pick(&dice, 2);
            let fault = match dice.below(4) {
                0 => Fault::KillServer(number),
                1 => Fault::PowerOff(number),
                2 => Fault::Offline(number),
                _ => Fault::KillDevice(number, dice.happens(50)),
            };
            plan.faults.push((at, fault));
            at += 1 + dice.below(away_ms / 8);
        }
        plan
    }

    /// How many devices there are.
    pub fn all_devices(&self) -> usize {
        self.servers * self.devices
    }

    fn fault(&self, dice: &Dice) -> Fault {
        let server = pick(dice, self.servers);
        let other = (server + 1 + pick(dice, self.servers - 1)) % self.servers;
        let device = pick(dice, self.all_devices());
        match dice.below(17) {
            0 | 1 => Fault::KillServer(server),
            2 | 3 => Fault::PowerOff(server),
            4 | 5 => Fault::DieAt(
                server,
                *dice.pick(&CrashPoint::ALL).unwrap_or(&CrashPoint::ALL[0]),
            ),
            6 => Fault::KillDevice(device, false),
            7 => Fault::KillDevice(device, true),
            15 | 16 => {
                let points = &holm_sdk::CrashPoint::ALL;
                Fault::DeviceDiesAt(device, *dice.pick(points).unwrap_or(&points[0]))
            }
            8 => Fault::Apart(server, other),
            9 => Fault::Deaf(server, other),
            10 => Fault::Offline(device),
            11 => Fault::Stuck(server, other),
            12 => Fault::Clock(server, clock_error(dice)),
            13 => Fault::Dns(server, Self::disorder(dice, other)),
            _ => match dice.happens(50) {
                true => Fault::DiskFull(server),
                false => Fault::SyncFails(server),
            },
        }
    }

    fn disorder(dice: &Dice, other: usize) -> Disorder {
        match dice.below(3) {
            0 => Disorder::Fails,
            1 => Disorder::FindsNothing,
            _ => Disorder::Lies(server_name(other)),
        }
    }
}

/// Minutes that are tolerated, hours that are not, either way.
fn clock_error(dice: &Dice) -> i64 {
    let off = match dice.happens(60) {
        true => dice.below(4 * 60_000),
        false => dice.below(24 * 3_600_000),
    };
    let off = i64::try_from(off).unwrap_or(0);
    if dice.happens(50) { off } else { -off }
}

fn pick(dice: &Dice, end: usize) -> usize {
    count(dice.below(u64::try_from(end).unwrap_or(0)))
}

fn count(number: u64) -> usize {
    usize::try_from(number).unwrap_or(0)
}

/// The domain of a server by its number, also its host's name.
pub fn server_name(number: usize) -> String {
    format!("s{number}.test")
}

/// The host of a device by its number.
pub fn device_name(number: usize) -> String {
    format!("d{number}")
}
