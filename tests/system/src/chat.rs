//! A device as a process of its own: `holm chat --json`, which can be told to die at a named place.

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use holm::lab::server_program;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

use crate::scene::Scene;

/// How long anything may take before a test gives up; it is never waited for on purpose.
const PATIENCE: Duration = Duration::from_mins(1);

/// A chat process that a test types into.
pub struct Chat {
    child: Child,
    input: ChildStdin,
    events: Lines<BufReader<ChildStdout>>,
    errors: PathBuf,
}

impl Chat {
    /// Starts the chat of a user; `crash_at` is what `HOLM_CRASH_AT` says.
    ///
    /// # Panics
    /// Where the process can't be started.
    pub fn start(scene: &Scene, user: &str, crash_at: Option<&str>) -> Self {
        let profile = scene.lab.device_dir(user);
        let errors = profile.with_extension("errors");
        std::fs::create_dir_all(&profile).expect("a folder");
        let file = OpenOptions::new().create(true).append(true).open(&errors);
        let mut command = command(scene, &profile, file.expect("a file"));
        let mut child = command
            .envs(crash_at.map(|at| ("HOLM_CRASH_AT", at)))
            .spawn()
            .expect("the holm binary runs");
        let output = child.stdout.take().expect("standard output");
        Self {
            input: child.stdin.take().expect("standard input"),
            events: BufReader::new(output).lines(),
            child,
            errors,
        }
    }

    /// Types a command.
    ///
    /// # Panics
    /// Where the process has ended.
    pub async fn ask(&mut self, command: Value) {
        let line = format!("{command}\n");
        let typed = self.input.write_all(line.as_bytes()).await;
        typed.expect("the chat reads");
    }

    /// The next event of a kind.
    ///
    /// # Panics
    /// Where none comes, or an error comes first.
    pub async fn next(&mut self, kind: &str) -> Value {
        self.wait(kind, |event| {
            (event["event"] == kind).then(|| event.clone())
        })
        .await
    }

    /// Waits until an event fits.
    ///
    /// # Panics
    /// Where none comes, or an error comes first.
    pub async fn wait<T>(&mut self, what: &str, fits: impl Fn(&Value) -> Option<T>) -> T {
        let found = timeout(PATIENCE, async {
            loop {
                let line = self.events.next_line().await.expect("readable output");
                let line = line.unwrap_or_else(|| panic!("the chat ended, no {what} came"));
                let event: Value = serde_json::from_str(&line).expect("an event");
                assert!(event["event"] != "error", "{event}");
                if let Some(found) = fits(&event) {
                    return found;
                }
            }
        });
        found
            .await
            .unwrap_or_else(|_| panic!("{what} did not come"))
    }

    /// Registers the user and waits until the device is connected.
    pub async fn register(&mut self, user: &str) {
        let password = "a password of some length";
        self.ask(json!({ "command": "register", "user": user, "password": password }))
            .await;
        self.next("caught_up").await;
    }

    /// The newest messages of the current room.
    ///
    /// # Panics
    /// Where no answer comes.
    pub async fn history(&mut self) -> Vec<Value> {
        self.ask(json!({ "command": "history", "limit": 1_000 }))
            .await;
        let mut history = self.next("history").await;
        serde_json::from_value(history["messages"].take()).expect("a list")
    }

    /// Waits until the process ends by itself; how it ended.
    ///
    /// # Panics
    /// Where it does not end.
    pub async fn exit(mut self) -> ExitStatus {
        let ended = timeout(PATIENCE, self.child.wait()).await;
        ended.expect("the chat ends").expect("a status")
    }

    /// Ends it as a person does.
    ///
    /// # Panics
    /// Where it ends otherwise.
    pub async fn quit(mut self) {
        self.ask(json!({ "command": "quit" })).await;
        assert!(self.exit().await.success());
    }

    /// Where it complains.
    pub fn errors(&self) -> PathBuf {
        self.errors.clone()
    }
}

fn command(scene: &Scene, profile: &Path, errors: File) -> Command {
    let program = server_program().expect("the holm binary: cargo build -p holm first");
    let mut command = Command::new(program);
    let ours = std::env::vars_os().map(|(name, _)| name);
    for name in ours.filter(|name| name.to_string_lossy().starts_with("HOLM_")) {
        command.env_remove(name);
    }
    command
        .args(["chat", "--json", "--profile"])
        .arg(profile)
        .arg("--ca")
        .arg(scene.lab.authority.root_file())
        .args(["--dns", &scene.lab.dns.address().to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(errors)
        .kill_on_drop(true);
    command
}
