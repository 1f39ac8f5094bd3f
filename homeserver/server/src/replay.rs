//! `holm replay`: a real IRC log over several servers, compared line by line at the end.
//!
//! Each speaker is a user with a device of its own; each line is encrypted and sent by its
//! speaker's device once the line before has its number in the room's log. At the end what every
//! device decrypted is held against the log: nothing may be lost, doubled, changed or reordered.
//! Servers and devices can be killed meanwhile, at moments drawn from a seed; that changes nothing
//! of what is compared.

mod compare;
mod crew;
mod deliveries;
mod event;
mod killer;
mod log;
mod member;
mod plan;
mod progress;
mod script;
mod supervisor;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use clap::ValueEnum;
use holm_protocol::ServerName;
use tokio::time::Instant;

use crate::failure::{Failure, Outcome};
use crate::interrupt::interrupted;
use crate::lab::{Front, Lab, LabOptions, own_program};
use crate::report::Report;
use crate::scratch::Scratch;
use crew::Crew;
use event::{ReplayEvent, Summary};
use killer::Killer;
pub use log::{Line, Log, LogError};
pub use plan::KillServer;
use plan::Plan;
use supervisor::Supervisor;

/// What the command line asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplayOptions {
    /// The log.
    pub log: PathBuf,
    /// How many servers.
    pub servers: u16,
    /// The folder for all that arises; a temporary one where none is named.
    pub data: Option<PathBuf>,
    /// Where devices keep what they have.
    pub replicas: Replicas,
    /// The folder for what each device decrypted.
    pub transcripts: Option<PathBuf>,
    /// Servers to kill meanwhile.
    pub kill: Vec<KillServer>,
    /// How many devices to kill meanwhile; they need their databases on disk.
    pub kill_devices: u16,
    /// What the moments of killing are drawn from; drawn itself where none is named.
    pub seed: Option<u64>,
}

/// Where devices keep their keys and messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Replicas {
    /// In a database each, as real devices do.
    Disk,
    /// In memory: faster, and gone at the end.
    Memory,
}

/// Names of the first servers; further ones are `holm3.test` and so on.
const NAMES: [&str; 2] = ["islet.test", "skerry.test"];

/// Replays a log; exit code 1 where any device's transcript is not the log.
pub async fn run(options: ReplayOptions, report: &Report) -> Result<Outcome, Failure> {
    if options.kill_devices > 0 && options.replicas == Replicas::Memory {
        let why = "--kill-devices needs --replicas disk: a device comes back from its database";
        return Err(Failure::Usage(why.to_owned()));
    }
    let log = read(&options.log)?;
    let data = Scratch::new(options.data.as_deref(), "holm-replay-").map_err(Failure::failed)?;
    let interrupted = interrupted().map_err(Failure::failed)?;
    let performed = Box::pin(perform(&options, &log, data.path(), report));
    tokio::select! {
        outcome = performed => outcome,
        () = interrupted => Err(Failure::failed("interrupted")),
    }
}

fn read(file: &Path) -> Result<Log, Failure> {
    let usage = |why: String| Failure::Usage(format!("{}: {why}", file.display()));
    let bytes = std::fs::read(file).map_err(|e| usage(e.to_string()))?;
    let log = Log::parse(&String::from_utf8_lossy(&bytes)).map_err(|e| usage(e.to_string()))?;
    match log.speakers.len() {
        0 | 1 => Err(usage(
            "a conversation needs two speakers at least".to_owned(),
        )),
        _ => Ok(log),
    }
}

async fn perform(
    options: &ReplayOptions,
    log: &Log,
    data: &Path,
    report: &Report,
) -> Result<Outcome, Failure> {
    let lab = start(options.servers, data, report).await?;
    let supervisor = Supervisor::new(&lab, report);
    let summary = tokio::select! {
        summary = Box::pin(play(options, log, &lab, &supervisor, report)) => summary?,
        failure = supervisor.supervise() => return Err(failure),
    };
    report.tell(&ReplayEvent::Summary(summary.clone()));
    lab.stop().await.map_err(Failure::failed)?;
    Ok(summary.outcome())
}

async fn play(
    options: &ReplayOptions,
    log: &Log,
    lab: &Lab,
    supervisor: &Supervisor<'_>,
    report: &Report,
) -> Result<Summary, Failure> {
    let plan = draw(options, log, &supervisor.names(), report)?;
    let begun = Instant::now();
    let crew = Crew::gather(lab, log, options.replicas, report).await?;
    let killer = Killer {
        plan,
        supervisor,
        crew: &crew,
        report,
        devices: AtomicUsize::new(0),
    };
    let performed = script::perform(&crew, log, &killer, report).await?;
    supervisor.settled().await;
    let transcripts = crew.transcripts(&performed.room, log.lines.len()).await;
    let found = compare::compare(log, &crew.users(), &transcripts, &performed.ids());
    if let Some(folder) = &options.transcripts {
        compare::write(folder, &transcripts).map_err(Failure::failed)?;
    }
    let times = performed.times(crew.arrivals());
    let tally = supervisor.tally();
    let device_kills = killer.devices.load(Ordering::Relaxed);
    let summary = Summary {
        users: log.speakers.len(),
        servers: usize::from(options.servers),
        messages: log.lines.len(),
        deliveries: found.deliveries,
        lost: found.lost,
        doubled: found.doubled,
        differences: found.differences,
        elapsed_ms: begun.elapsed().as_millis(),
        p50_ms: times.percentile(50),
        p99_ms: times.percentile(99),
        kills: tally.kills,
        restarts: tally.ready_ms.len(),
        ready_p50_ms: tally
            .ready_ms
            .get(tally.ready_ms.len() / 2)
            .copied()
            .unwrap_or(0),
        ready_max_ms: tally.ready_ms.last().copied().unwrap_or(0),
        device_kills,
    };
    crew.dismiss().await;
    Ok(summary)
}

/// The plan of killing, and the seed told, where somebody is to be killed.
fn draw(
    options: &ReplayOptions,
    log: &Log,
    servers: &[ServerName],
    report: &Report,
) -> Result<Plan, Failure> {
    if options.kill.is_empty() && options.kill_devices == 0 {
        return Ok(Plan::default());
    }
    let mut drawn = [0; 4];
    getrandom::fill(&mut drawn).map_err(Failure::failed)?;
    let seed = options.seed.unwrap_or(u32::from_ne_bytes(drawn).into());
    report.tell(&ReplayEvent::Seed { seed });
    let devices = usize::from(options.kill_devices);
    Plan::draw(seed, log, servers, &options.kill, devices)
}

async fn start(servers: u16, data: &Path, report: &Report) -> Result<Lab, Failure> {
    let names = (0..servers).map(|index| match NAMES.get(usize::from(index)) {
        Some(name) => ServerName::parse(name),
        None => ServerName::parse(&format!("holm{}.test", index + 1)),
    });
    let options = LabOptions {
        data: data.to_owned(),
        domains: names.collect::<Result<_, _>>().map_err(Failure::failed)?,
        front: Front::Direct,
        program: own_program().map_err(Failure::failed)?,
        hops: false,
    };
    let lab = Lab::start(options).await.map_err(Failure::failed)?;
    for server in lab.servers() {
        report.tell(&ReplayEvent::Server {
            domain: server.domain().clone(),
            pid: server.pid(),
            url: server.url(),
            data: server.folder().to_owned(),
        });
    }
    Ok(lab)
}
