//! Doing what the plan says while the lines are sent.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::crew::Crew;
use super::event::ReplayEvent;
use super::plan::{Kill, Plan, Victim};
use super::supervisor::Supervisor;
use crate::failure::Failure;
use crate::report::Report;

/// Kills servers and devices.
pub(super) struct Killer<'a> {
    pub(super) plan: Plan,
    pub(super) supervisor: &'a Supervisor<'a>,
    pub(super) crew: &'a Crew,
    pub(super) report: &'a Report,
    /// Devices killed so far.
    pub(super) devices: AtomicUsize,
}

impl Killer<'_> {
    /// Kills whoever is to be killed during a line, one after the other.
    pub(super) async fn during(&self, line: usize) -> Result<(), Failure> {
        for Kill { victim, after } in self.plan.during(line) {
            match victim {
                Victim::Server(place) => self.supervisor.kill(*place, *after).await?,
                Victim::Device(speaker) => {
                    tokio::time::sleep(*after).await;
                    self.kill_device(*speaker).await?;
                }
            }
        }
        Ok(())
    }

    async fn kill_device(&self, speaker: usize) -> Result<(), Failure> {
        let member = self.crew.member(speaker);
        member.kill().await.map_err(Failure::failed)?;
        self.devices.fetch_add(1, Ordering::Relaxed);
        self.report.tell(&ReplayEvent::DeviceKilled {
            user: member.user.clone(),
        });
        Ok(())
    }
}
