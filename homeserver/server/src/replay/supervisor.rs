//! Keeping the servers up: one ended by a signal is started again on the same data and port.

use std::convert::Infallible;
use std::os::unix::process::ExitStatusExt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use holm_protocol::ServerName;
use tokio::sync::watch;
use tokio::time::Instant;

use super::event::ReplayEvent;
use crate::failure::Failure;
use crate::lab::{Lab, LabServer};
use crate::report::Report;

/// Looks after the servers of a lab.
pub(super) struct Supervisor<'a> {
    report: &'a Report,
    servers: Vec<Supervised<'a>>,
    tally: Mutex<Tally>,
}

struct Supervised<'a> {
    server: &'a LabServer,
    serving: watch::Sender<bool>,
}

/// What was done so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    /// Servers that the replay itself killed.
    pub(super) kills: usize,
    /// How long each server that ended took to be ready again, in milliseconds, shortest first.
    pub(super) ready_ms: Vec<u128>,
}

/// A server that ends so often within [`WITHIN`] is not started again.
const RESTARTS_MAX: usize = 20;
const WITHIN: Duration = Duration::from_mins(1);
/// Wait before a server is started again that ended before it was ready.
const NOT_READY_WAIT: Duration = Duration::from_secs(1);

impl<'a> Supervisor<'a> {
    pub(super) fn new(lab: &'a Lab, report: &'a Report) -> Self {
        let servers = lab.servers().map(|server| Supervised {
            server,
            serving: watch::Sender::new(true),
        });
        Self {
            report,
            servers: servers.collect(),
            tally: Mutex::default(),
        }
    }

    /// The servers' names, in the order they are told.
    pub(super) fn names(&self) -> Vec<ServerName> {
        let names = self.servers.iter().map(|one| one.server.domain().clone());
        names.collect()
    }

    /// Starts servers again as often as they are ended; why that came to an end.
    pub(super) async fn supervise(&self) -> Failure {
        let all = self.servers.iter().map(|one| self.keep_up(one));
        match futures::future::try_join_all(all).await {
            Ok(_none) => Failure::failed("there is no server"),
            Err(failure) => failure,
        }
    }

    /// Kills a server once it serves.
    pub(super) async fn kill(&self, place: usize, after: Duration) -> Result<(), Failure> {
        let Some(one) = self.servers.get(place) else {
            return Err(Failure::failed("there is no such server"));
        };
        self.until_serving(one).await;
        tokio::time::sleep(after).await;
        let pid = one.server.pid();
        one.serving.send_replace(false);
        one.server.start_kill().await.map_err(Failure::failed)?;
        self.with_tally(|tally| tally.kills += 1);
        self.report.tell(&ReplayEvent::Killed {
            domain: one.server.domain().clone(),
            pid,
        });
        Ok(())
    }

    /// Waits until every server serves.
    pub(super) async fn settled(&self) {
        for one in &self.servers {
            self.until_serving(one).await;
        }
    }

    /// What was done so far.
    pub(super) fn tally(&self) -> Tally {
        self.with_tally(|tally| tally.clone())
    }

    async fn until_serving(&self, one: &Supervised<'_>) {
        // The sender lives as long as this supervisor.
        let _ = one.serving.subscribe().wait_for(|serving| *serving).await;
    }

    async fn keep_up(&self, one: &Supervised<'_>) -> Result<Infallible, Failure> {
        let mut ends: Vec<Instant> = Vec::new();
        loop {
            one.server.ended().await;
            let ended = Instant::now();
            one.serving.send_replace(false);
            ends.retain(|end| end.elapsed() < WITHIN);
            ends.push(ended);
            self.begin_again(one, ends.len()).await?;
            let ready_ms = ended.elapsed().as_millis();
            self.with_tally(|tally| {
                let place = tally.ready_ms.partition_point(|ms| *ms <= ready_ms);
                tally.ready_ms.insert(place, ready_ms);
            });
            self.report.tell(&ReplayEvent::Restarted {
                domain: one.server.domain().clone(),
                pid: one.server.pid(),
                ready_ms,
            });
            one.serving.send_replace(true);
        }
    }

    /// Starts a server again that was ended by a signal; `count` times now in a short while.
    async fn begin_again(&self, one: &Supervised<'_>, count: usize) -> Result<(), Failure> {
        let domain = one.server.domain();
        let status = one.server.exit().await.map_err(Failure::failed)?;
        let signaled = status.is_some_and(|status| status.signal().is_some());
        if !signaled {
            let (how, log) = (status.unwrap_or_default(), one.server.last_lines());
            return Err(Failure::failed(format!(
                "{domain} ended by itself ({how}); its log ends with:\n{log}"
            )));
        }
        for _try in count..=RESTARTS_MAX {
            match one.server.restart().await {
                Ok(()) => return Ok(()),
                // It may have been killed again before it was ready.
                Err(error) => tracing::warn!(%domain, %error, "not started again yet"),
            }
            tokio::time::sleep(NOT_READY_WAIT).await;
        }
        let log = one.server.last_lines();
        Err(Failure::failed(format!(
            "{domain} was ended too often in a minute; its log ends with:\n{log}"
        )))
    }

    fn with_tally<T>(&self, work: impl FnOnce(&mut Tally) -> T) -> T {
        work(&mut self.tally.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
