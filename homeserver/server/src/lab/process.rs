//! One server of the lab: a `holm serve` process with its own folder.
//!
//! The process reads its standard input and stops when that ends, so it does not outlive the lab
//! even where the lab is killed. Its log goes to `server.log`. A test can have it started so that
//! it dies at a named place (ADR-0011).

use std::fs::{File, OpenOptions};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use holm_protocol::ServerName;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::sync::{Mutex, broadcast, watch};

use super::LabError;
use crate::config::Config;
use crate::serve::{Hop, Ready, ServeEvent};

/// A server process of the lab.
pub struct LabServer {
    domain: ServerName,
    folder: PathBuf,
    program: PathBuf,
    config: Mutex<Config>,
    running: Mutex<Option<Running>>,
    ready: watch::Sender<Ready>,
    hops: broadcast::Sender<(ServerName, Hop)>,
}

struct Running {
    child: Child,
    ended: watch::Receiver<bool>,
}

/// How long a server may take to be ready, and to stop.
const START: Duration = Duration::from_mins(1);
const STOP: Duration = Duration::from_secs(15);

impl LabServer {
    /// Starts a server in `folder`. It keeps its port when it is started again.
    pub(super) async fn start(
        program: PathBuf,
        folder: PathBuf,
        config: Config,
        hops: broadcast::Sender<(ServerName, Hop)>,
    ) -> Result<Self, LabError> {
        let domain = config.domain()?.clone();
        let mut config = config;
        let first = launch(&program, &folder, &config, &domain, &hops, None).await;
        let (running, ready) = match first {
            Err(LabError::NotStarted { .. }) if config.listen.port() != 0 => {
                // Somebody else may have taken the port since.
                config.listen.set_port(0);
                launch(&program, &folder, &config, &domain, &hops, None).await?
            }
            result => result?,
        };
        config.listen = ready.listen;
        write_config(&folder, &config)?;
        Ok(Self {
            domain,
            folder,
            program,
            config: Mutex::new(config),
            running: Mutex::new(Some(running)),
            ready: watch::Sender::new(ready),
            hops,
        })
    }

    /// Its name.
    pub fn domain(&self) -> &ServerName {
        &self.domain
    }

    /// Where devices reach it.
    pub fn url(&self) -> String {
        self.ready.borrow().url.clone()
    }

    /// The address its process listens on.
    pub fn listen(&self) -> SocketAddr {
        self.ready.borrow().listen
    }

    /// Its process, the newest where it was started again.
    pub fn pid(&self) -> u32 {
        self.ready.borrow().pid
    }

    /// What its process said when it was ready.
    pub fn ready(&self) -> Ready {
        self.ready.borrow().clone()
    }

    /// The folder with configuration, certificate, log, and `data`.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The data folder: database and keys.
    pub fn data_dir(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// Its log so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("server.log")).unwrap_or_default()
    }

    /// Ends it with SIGKILL, at whatever point it is.
    pub async fn kill(&self) -> Result<(), LabError> {
        if let Some(mut running) = self.running.lock().await.take() {
            running.child.kill().await?;
        }
        Ok(())
    }

    /// Sends it SIGKILL and leaves its end to whoever waits for that.
    pub async fn start_kill(&self) -> Result<(), LabError> {
        if let Some(running) = self.running.lock().await.as_mut() {
            running.child.start_kill()?;
        }
        Ok(())
    }

    /// The end of its log.
    pub fn last_lines(&self) -> String {
        last_lines(&self.folder.join("server.log"))
    }

    /// Stops it as an administrator would, and waits; the exit code, where it has one.
    pub async fn stop(&self) -> Result<Option<i32>, LabError> {
        let Some(mut running) = self.running.lock().await.take() else {
            return Ok(None);
        };
        drop(running.child.stdin.take());
        let waited = tokio::time::timeout(STOP, running.child.wait()).await;
        match waited {
            Ok(status) => Ok(status?.code()),
            Err(_elapsed) => {
                running.child.kill().await?;
                Err(LabError::NotStopped(self.domain.clone()))
            }
        }
    }

    /// Changes its configuration; seen at the next [`LabServer::restart`].
    pub async fn configure(&self, change: impl FnOnce(&mut Config)) -> Result<(), LabError> {
        let mut config = self.config.lock().await;
        change(&mut config);
        write_config(&self.folder, &config)
    }

    /// Starts it again on the same data and port, stopping it first where it runs.
    pub async fn restart(&self) -> Result<(), LabError> {
        self.start_again(None).await
    }

    /// Starts it again as [`LabServer::restart`] does, and has it die when it reaches a place:
    /// `<point>`, or `<point>:<times>`.
    pub async fn restart_to_crash(&self, at: &str) -> Result<(), LabError> {
        self.start_again(Some(at)).await
    }

    /// Waits until the process ends by itself; how it ended, `None` where none runs.
    pub async fn exit(&self) -> Result<Option<ExitStatus>, LabError> {
        let Some(mut running) = self.running.lock().await.take() else {
            return Ok(None);
        };
        // Waiting would close its standard input, which asks it to stop.
        let _stdin = running.child.stdin.take();
        Ok(Some(running.child.wait().await?))
    }

    async fn start_again(&self, crash_at: Option<&str>) -> Result<(), LabError> {
        self.stop().await?;
        let config = self.config.lock().await.clone();
        let (running, ready) = launch(
            &self.program,
            &self.folder,
            &config,
            &self.domain,
            &self.hops,
            crash_at,
        )
        .await?;
        self.ready.send_replace(ready);
        *self.running.lock().await = Some(running);
        Ok(())
    }

    /// Waits until the process ends by itself, or is ended; at once where none runs.
    pub async fn ended(&self) {
        let ended = self.running.lock().await.as_ref().map(|r| r.ended.clone());
        if let Some(mut ended) = ended {
            let _ = ended.wait_for(|ended| *ended).await;
        }
    }
}

fn write_config(folder: &Path, config: &Config) -> Result<(), LabError> {
    Ok(std::fs::write(
        folder.join("holm.toml"),
        config.to_commented_toml(),
    )?)
}

async fn launch(
    program: &Path,
    folder: &Path,
    config: &Config,
    domain: &ServerName,
    hops: &broadcast::Sender<(ServerName, Hop)>,
    crash_at: Option<&str>,
) -> Result<(Running, Ready), LabError> {
    write_config(folder, config)?;
    let log = folder.join("server.log");
    let mut child = command(program, folder, log_file(&log)?)
        .envs(crash_at.map(|at| (crate::crash::VARIABLE, at)))
        .spawn()
        .map_err(|cause| LabError::Program {
            program: program.to_owned(),
            cause,
        })?;
    let failed = || LabError::NotStarted {
        domain: domain.clone(),
        log: last_lines(&log),
    };
    let mut lines = BufReader::new(child.stdout.take().ok_or_else(failed)?).lines();
    let ready = tokio::time::timeout(START, first_ready(&mut lines)).await;
    let ready = ready.ok().flatten().ok_or_else(failed)?;
    let (end, ended) = watch::channel(false);
    tokio::spawn(forward(lines, domain.clone(), hops.clone(), end));
    Ok((Running { child, ended }, ready))
}

fn command(program: &Path, folder: &Path, log: File) -> Command {
    let mut command = Command::new(program);
    let ours = std::env::vars_os().map(|(name, _)| name);
    for name in ours.filter(|name| name.to_string_lossy().starts_with("HOLM_")) {
        command.env_remove(name);
    }
    command
        .args(["serve", "--json", "--stop-with-stdin", "--config"])
        .arg(folder.join("holm.toml"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(log)
        .kill_on_drop(true);
    command
}

fn log_file(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().create(true).append(true).open(path)
}

async fn first_ready(lines: &mut Lines<BufReader<ChildStdout>>) -> Option<Ready> {
    while let Ok(Some(line)) = lines.next_line().await {
        if let Ok(ServeEvent::Ready(ready)) = serde_json::from_str(&line) {
            return Some(ready);
        }
    }
    None
}

/// Hands on what the server tells, until its process ends.
async fn forward(
    mut lines: Lines<BufReader<ChildStdout>>,
    domain: ServerName,
    hops: broadcast::Sender<(ServerName, Hop)>,
    end: watch::Sender<bool>,
) {
    while let Ok(Some(line)) = lines.next_line().await {
        if let Ok(ServeEvent::Hop(hop)) = serde_json::from_str(&line) {
            // Nobody listens outside of `holm demo`.
            let _ = hops.send((domain.clone(), hop));
        }
    }
    end.send_replace(true);
}

fn last_lines(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(10)..].join("\n")
}
