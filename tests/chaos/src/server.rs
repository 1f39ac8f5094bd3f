//! A server that is started again whenever it ends, and what may be done to it.

use std::convert::Infallible;
use std::os::unix::process::ExitStatusExt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use holm::lab::LabServer;
use holm_protocol::ServerName;
use tokio::process::Command;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use crate::Failure;
use crate::tally::Tally;

/// A server.
pub(crate) struct Server<'a> {
    pub(crate) lab: &'a LabServer,
    serving: watch::Sender<bool>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// How long it stays down when it ends next.
    stay_down: Duration,
    /// Until when it may end by itself, since its disk fails.
    excused: Option<Instant>,
}

/// A server is not started again for ever.
const TRIES: u32 = 200;
const TRY_AGAIN: Duration = Duration::from_millis(300);
/// How long after a fault of its disk a server may still end for it.
const EXCUSE: Duration = Duration::from_secs(20);

impl<'a> Server<'a> {
    pub(crate) fn new(lab: &'a LabServer) -> Self {
        Self {
            lab,
            serving: watch::Sender::new(true),
            state: Mutex::default(),
        }
    }

    pub(crate) fn domain(&self) -> &ServerName {
        self.lab.domain()
    }

    /// Whether it serves, as far as is known.
    pub(crate) fn is_serving(&self) -> bool {
        *self.serving.borrow()
    }

    /// Waits until it serves.
    pub(crate) async fn until_serving(&self) {
        // The sender lives as long as this server.
        let _ = self.serving.subscribe().wait_for(|serving| *serving).await;
    }

    /// Ends it with SIGKILL, to be started again after a while; whether it was running.
    pub(crate) async fn kill(&self, stay_down: Duration) -> Result<bool, Failure> {
        if !self.serving.send_replace(false) {
            return Ok(false);
        }
        self.state().stay_down = stay_down;
        self.lab.start_kill().await?;
        Ok(true)
    }

    /// Sends its process a signal by name; whether there was one.
    pub(crate) async fn signal(&self, signal: &str, pid: u32) -> bool {
        let same = self.lab.pid() == pid && self.is_serving();
        let mut kill = Command::new("kill");
        kill.arg(format!("-{signal}")).arg(pid.to_string());
        kill.stderr(std::process::Stdio::null());
        same && kill.status().await.is_ok_and(|status| status.success())
    }

    /// Its disk fails from now on for a while; it may end by itself.
    pub(crate) fn excuse(&self, during: Duration) {
        self.state().excused = Some(Instant::now() + during + EXCUSE);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn keep_up(&self, tally: &Tally) -> Result<Infallible, Failure> {
        loop {
            self.lab.ended().await;
            self.serving.send_replace(false);
            let status = self.lab.exit().await?;
            let signaled = status.is_none_or(|status| status.signal().is_some());
            if !signaled {
                self.ended_by_itself(status.unwrap_or_default(), tally);
            }
            let stay_down = std::mem::take(&mut self.state().stay_down);
            sleep(stay_down).await;
            self.begin_again().await?;
            tally.counted().restarts += 1;
            self.serving.send_replace(true);
        }
    }

    fn ended_by_itself(&self, how: std::process::ExitStatus, tally: &Tally) {
        let excused = self
            .state()
            .excused
            .is_some_and(|until| Instant::now() < until);
        if excused {
            tally.counted().fail_stops += 1;
        } else {
            let (domain, log) = (self.domain(), self.lab.last_lines());
            tally.problem(format!(
                "{domain} ended by itself ({how}); its log ends with:\n{log}"
            ));
        }
    }

    async fn begin_again(&self) -> Result<(), Failure> {
        let mut last = None;
        for _ in 0..TRIES {
            match self.lab.restart().await {
                Ok(()) => return Ok(()),
                Err(error) => last = Some(error),
            }
            sleep(TRY_AGAIN).await;
        }
        let last = last.map(|error| error.to_string()).unwrap_or_default();
        Err(format!("{} can't be started again: {last}", self.domain()).into())
    }
}

/// Starts servers again as often as they end; why that came to an end.
pub(crate) async fn keep_all_up(servers: &[Server<'_>], tally: &Tally) -> Failure {
    let all = servers.iter().map(|server| server.keep_up(tally));
    match futures::future::try_join_all(all).await {
        Ok(_none) => "there is no server".into(),
        Err(failure) => failure,
    }
}
