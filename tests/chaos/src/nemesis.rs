//! Breaking things by a plan that a seed draws, and mending them at the end.
//!
//! Each kind of fault is a loop of its own with draws of its own; they overlap as they do in life.
//! What a loop breaks it mends before it goes on. Of tests/attacks.toml: F03 F07 F08 F23 F24 F30 F31
//! F33 F34 F41 F45 F47.

mod clocks;
mod devices;
mod disks;
mod kills;
mod network;

use std::time::Duration;

use holm::lab::Older;
use tokio::time::{Instant, sleep};

use crate::Failure;
use crate::args::Args;
use crate::crew::Crew;
use crate::draws::Draws;
use crate::server::Server;
use crate::stage::Stage;
use crate::tally::Fault;
use crate::view::View;

/// What the loops work on.
struct Nemesis<'a> {
    stage: &'a Stage,
    servers: &'a [Server<'a>],
    crew: &'a Crew,
    until: Instant,
}

/// Breaks things until it is time, then mends everything.
pub(crate) async fn run(
    stage: &Stage,
    servers: &[Server<'_>],
    crew: &Crew,
    args: &Args,
    until: Instant,
) -> Result<(), Failure> {
    let nemesis = Nemesis {
        stage,
        servers,
        crew,
        until,
    };
    let draws = |purpose| Draws::new(args.seed, purpose);
    tokio::try_join!(
        kills::run(&nemesis, draws(10)),
        network::run(&nemesis, draws(11)),
        network::slow_readers(&nemesis, draws(12)),
        disks::run(&nemesis, draws(13)),
        clocks::run(&nemesis, draws(14)),
        clocks::certificates(&nemesis, draws(15)),
        devices::run(&nemesis, draws(16)),
        nemesis.tell(args),
    )?;
    nemesis.mend().await
}

/// How often a person is told how far it is.
const TELL: Duration = Duration::from_secs(10);

impl<'a> Nemesis<'a> {
    /// Waits for a drawn time; whether there is time left for another fault.
    async fn pause(&self, draws: &mut Draws, least: u64, most: u64) -> bool {
        let until = (Instant::now() + draws.millis(least, most)).min(self.until);
        tokio::time::sleep_until(until).await;
        Instant::now() < self.until
    }

    /// A fault that lasts so long at most, and ends with the time.
    async fn last(&self, during: Duration) {
        let until = (Instant::now() + during).min(self.until);
        tokio::time::sleep_until(until).await;
    }

    fn count(&self, fault: Fault) {
        self.stage.tally.count(fault);
    }

    fn server(&self, draws: &mut Draws) -> &'a Server<'a> {
        draws.one_of(self.servers)
    }

    /// How everybody sees the servers.
    fn views(&self) -> impl Iterator<Item = &'a View> {
        self.stage.peers.iter().chain(self.stage.device_views())
    }

    async fn tell(&self, args: &Args) -> Result<(), Failure> {
        while Instant::now() < self.until {
            self.last(TELL).await;
            let counted = self.stage.tally.snapshot();
            let count = |fault| counted.faults.get(&fault).copied().unwrap_or(0);
            let left = self
                .until
                .saturating_duration_since(Instant::now())
                .as_secs();
            args.say(&format!(
                "{left} s left: {} SIGKILL, {} partitions, {} restarts, {} problems",
                count(Fault::Sigkill),
                count(Fault::Partition) + count(Fault::PartitionOneWay),
                counted.restarts,
                counted.problems.len(),
            ));
        }
        Ok(())
    }

    /// All as it was, whatever the loops left.
    async fn mend(&self) -> Result<(), Failure> {
        for view in self.views() {
            view.wires().for_each(|wire| wire.heal(Older::GoOn));
            for server in self.servers {
                view.publish(&self.stage.lab, server.domain()).await?;
            }
        }
        for server in self.servers {
            server.until_serving().await;
        }
        // One that was killed last may be down for a moment yet.
        sleep(Duration::from_millis(10)).await;
        Ok(())
    }
}
