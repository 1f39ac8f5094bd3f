//! `holm demo`: a conversation across two servers, every hop told in words.
//!
//! Two `holm serve` processes, DNS and certificates on this machine; alice and bob are devices of
//! the client library. What is told is what happened: hops come from the devices' own events and
//! from the servers' own standard output, none is scripted.

mod event;
mod person;
mod stage;
mod stay;
mod story;

use std::path::PathBuf;

use holm_protocol::ServerName;
use tokio::time::Instant;

use crate::failure::{Failure, Outcome};
use crate::interrupt::interrupted;
use crate::lab::{Front, Lab, LabOptions, own_program};
use crate::report::Report;
use crate::scratch::Scratch;
use event::DemoEvent;
use person::Person;
use stage::Stage;
pub use story::LINES;

/// What the command line asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DemoOptions {
    /// The folder for all that arises; a temporary one where none is named.
    pub data: Option<PathBuf>,
    /// End when the conversation is over.
    pub exit: bool,
}

/// The two servers.
const DOMAINS: [&str; 2] = ["islet.test", "skerry.test"];

/// Runs the demo; exit code 1 where what was read is not what was said.
pub async fn run(options: DemoOptions, report: &Report) -> Result<Outcome, Failure> {
    let data = Scratch::new(options.data.as_deref(), "holm-demo-").map_err(Failure::failed)?;
    let mut interrupted = std::pin::pin!(interrupted().map_err(Failure::failed)?);
    let lab = tokio::select! {
        lab = start(&data, report) => lab?,
        () = &mut interrupted => return Ok(Outcome::Fine),
    };
    let begun = Instant::now();
    let mut stage = Stage::new(report.clone(), &lab);
    let outcome = tokio::select! {
        told = Box::pin(perform(&lab, &mut stage, begun, options.exit)) => told,
        domain = stay::first_that_ends(&lab) => Err(Failure::failed(format!(
            "{domain} ended by itself; see servers/{domain}/server.log"
        ))),
        () = &mut interrupted => Ok(Outcome::Fine),
    };
    lab.stop().await.map_err(Failure::failed)?;
    outcome
}

/// Sets up DNS, certificates and servers, and tells where they are.
async fn start(data: &Scratch, report: &Report) -> Result<Lab, Failure> {
    report.say(format!("Everything lies in {}.", data.path().display()));
    let names = DOMAINS.iter().map(|domain| ServerName::parse(domain));
    let options = LabOptions {
        data: data.path().to_owned(),
        domains: names.collect::<Result<_, _>>().map_err(Failure::failed)?,
        front: Front::Direct,
        program: own_program().map_err(Failure::failed)?,
        hops: true,
    };
    let lab = Lab::start(options).await.map_err(Failure::failed)?;
    report.say(format!("DNS answers at {}.", lab.dns.address()));
    for server in lab.servers() {
        report.tell(&DemoEvent::Server {
            domain: server.domain().clone(),
            pid: server.pid(),
            url: server.url(),
            data: server.folder().to_owned(),
        });
    }
    Ok(lab)
}

async fn perform(
    lab: &Lab,
    stage: &mut Stage,
    begun: Instant,
    exit: bool,
) -> Result<Outcome, Failure> {
    let alice = Person::arrive(lab, stage, "alice", DOMAINS[0]).await?;
    let bob = Person::arrive(lab, stage, "bob", DOMAINS[1]).await?;
    let room = story::tell(stage, &alice, &bob).await?;
    let summary = story::compare(&room, &alice, &bob, begun).await;
    let outcome = summary.outcome();
    stage.report.tell(&DemoEvent::Summary(summary));
    if !exit {
        stay::stay(lab, stage, &bob).await?;
    }
    alice.leave_the_stage().await;
    bob.leave_the_stage().await;
    Ok(outcome)
}
