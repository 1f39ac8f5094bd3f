//! One run: the hosts of a plan, what breaks and heals, and what is left of it in the end.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use holm_history::{End, Recorder};
use holm_protocol::ServerName;
use turmoil::Sim;

use crate::board::Board;
use crate::device::{Phone, Surroundings};
use crate::dns::Dns;
use crate::faults::Breakage;
use crate::journal::Journal;
use crate::plan::{Plan, device_name, server_name};
use crate::server::Machine;
use crate::sides::Sides;
use crate::verdict::{self, Findings};

/// A run as it goes.
pub struct World<'a> {
    /// The hosts and their network.
    pub sim: Sim<'a>,
    /// Servers.
    pub machines: Vec<Arc<Machine>>,
    /// Devices.
    pub phones: Vec<Arc<Phone>>,
    /// What they share.
    pub around: Surroundings,
}

/// What came of a run.
#[derive(Debug)]
pub struct Outcome {
    /// What does not hold; empty in a sound run.
    pub findings: Findings,
    /// Hash of the trace.
    pub hash: String,
    /// Lines of the trace.
    pub lines: u64,
    /// Simulated time.
    pub simulated: Duration,
    /// Time it took.
    pub took: Duration,
    /// The trace, where it was kept.
    pub trace: String,
}

/// How long a federation may take to be whole again once everything has healed.
const HEALING: Duration = Duration::from_mins(12);
/// How long everybody may take to arrive before anything breaks.
const ARRIVING: Duration = Duration::from_mins(5);

/// When simulated time begins, in seconds since 1970: some weeks before the day of the run, since
/// OpenMLS holds lifetimes of keys against the machine's clock.
pub fn epoch() -> u64 {
    const DAY: u64 = 24 * 3_600;
    let today = UNIX_EPOCH.elapsed().unwrap_or_default().as_secs() / DAY;
    (today - 30) * DAY
}

/// Runs a plan; `keeps` its trace for reading.
#[expect(
    clippy::disallowed_methods,
    reason = "how long it took is told to people alone"
)]
pub fn run(plan: Plan, keeps: bool) -> Outcome {
    let begun = Instant::now();
    let mut world = World::new(plan, keeps);
    let findings = match world.around.plan.fork.clone() {
        Some(fork) => world.play_fork(&fork),
        None => Ok(world.play_and_judge()),
    };
    let findings = findings.unwrap_or_else(Findings::one);
    let (hash, lines) = world.around.journal.sum();
    let outcome = Outcome {
        findings,
        hash,
        lines,
        simulated: world.sim.elapsed(),
        took: begun.elapsed(),
        trace: world.around.journal.lines(),
    };
    world.unmount();
    outcome
}

impl World<'_> {
    fn new(plan: Plan, keeps: bool) -> Self {
        static RUNS: AtomicU64 = AtomicU64::new(0);
        let run = RUNS.fetch_add(1, Ordering::Relaxed);
        let mut sim = turmoil::Builder::new()
            .rng_seed(plan.seed)
            .epoch(SystemTime::UNIX_EPOCH + Duration::from_secs(epoch()))
            .tick_duration(Duration::from_millis(plan.tick_ms))
            .min_message_latency(Duration::from_millis(1))
            .max_message_latency(Duration::from_millis(plan.latency_ms))
            .tcp_capacity(4_096)
            // Each look for a host that is away takes one for good.
            .ephemeral_ports(1_024..=65_535)
            .simulation_duration(Duration::from_hours(1_000))
            .build();
        let around = Surroundings {
            dns: Arc::new(Dns::default()),
            board: Arc::new(Board::default()),
            journal: Arc::new(Journal::new(keeps)),
            history: Recorder::default(),
            sides: Arc::new(Sides::default()),
            plan: Arc::new(plan),
        };
        let plan = &around.plan;
        let mut machines = Vec::new();
        let mut phones = Vec::new();
        for number in 0..plan.servers {
            let mount = format!("run{run}-s{number}");
            let name = name_of(number);
            let machine = Machine::new(number, name, mount, &around);
            machine.disk.lie(plan.lying_disks);
            let machine = Arc::new(machine);
            machines.push(Arc::clone(&machine));
            sim.host(server_name(number), move || Arc::clone(&machine).run());
        }
        for number in 0..plan.all_devices() {
            let mount = format!("run{run}-d{number}");
            let server = name_of(number % plan.servers);
            let phone = Arc::new(Phone::new(number, server, mount, &around));
            phones.push(Arc::clone(&phone));
            sim.host(device_name(number), move || Arc::clone(&phone).run());
        }
        Self {
            sim,
            machines,
            phones,
            around,
        }
    }

    /// Where it does not become whole again, what is on the disks is judged all the same: what is
    /// wrong there says more than what is missing.
    fn play_and_judge(&mut self) -> Findings {
        let (end, failed) = match self.play() {
            Ok(()) => (End::Settled, None),
            Err(why) => (End::Running, Some(why)),
        };
        let mut findings = verdict::judge(self, end);
        findings.0.extend(failed);
        findings
    }

    fn play(&mut self) -> Result<(), String> {
        self.arrive()?;
        self.breaks()?;
        self.around.board.lock().quiet = true;
        let healed = self.until_whole();
        self.around.journal.note("world", "stops");
        healed
    }

    /// Until everybody is in the rooms.
    pub(crate) fn arrive(&mut self) -> Result<(), String> {
        let rooms = self.around.plan.rooms;
        let board = Arc::clone(&self.around.board);
        self.until(ARRIVING, || board.lock().rooms.len() == rooms)
            .map_err(|why| format!("not everybody arrived: {why}"))
    }

    /// Lets things break as planned, and heals all of it in the end.
    fn breaks(&mut self) -> Result<(), String> {
        let begun = self.sim.elapsed();
        let plan = Arc::clone(&self.around.plan);
        let mut faults = plan.faults.iter().peekable();
        let mut breakage = Breakage::default();
        loop {
            let at = ms(self.since(begun));
            if at >= plan.busy_ms {
                break;
            }
            while let Some((_, fault)) = faults.next_if(|(due, _)| *due <= at) {
                breakage.begin(self, fault);
            }
            breakage.tend(self);
            self.step()?;
        }
        breakage.heal(self);
        Ok(())
    }

    /// Steps until every copy is whole.
    fn until_whole(&mut self) -> Result<(), String> {
        let begun = self.sim.elapsed();
        let mut breakage = Breakage::default();
        let mut why = String::new();
        while self.since(begun) < HEALING {
            for _ in 0..500 {
                breakage.tend(self);
                self.step()?;
            }
            match verdict::whole(self) {
                Ok(()) => return Ok(()),
                Err(missing) => why = missing,
            }
        }
        Err(format!(
            "not whole again {} s after healing: {why}",
            HEALING.as_secs()
        ))
    }

    fn until(&mut self, limit: Duration, done: impl Fn() -> bool) -> Result<(), String> {
        let begun = self.sim.elapsed();
        while !done() {
            if self.since(begun) > limit {
                return Err(format!("not within {} s", limit.as_secs()));
            }
            self.step()?;
        }
        Ok(())
    }

    pub(crate) fn since(&self, begun: Duration) -> Duration {
        self.sim.elapsed().saturating_sub(begun)
    }

    pub(crate) fn step(&mut self) -> Result<(), String> {
        self.sim.step().map(drop).map_err(|e| e.to_string())
    }

    fn unmount(self) {
        let Self {
            sim,
            machines,
            phones,
            ..
        } = self;
        drop(sim);
        for machine in machines {
            machine.unmount();
        }
        for phone in phones {
            phone.unmount();
        }
    }
}

fn ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn name_of(server: usize) -> ServerName {
    ServerName::parse(&server_name(server)).expect("a name of this crate's making")
}
