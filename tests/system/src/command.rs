//! A `holm` command that an administrator types, run to its end.

use std::process::Stdio;
use std::time::Duration;

use holm::lab::server_program;
use serde_json::Value;
use tokio::process::Command;

/// How a command ended, and what it said.
#[derive(Clone, Debug)]
pub struct Ended {
    /// Its exit code.
    pub code: Option<i32>,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

/// Longer than any of these commands takes.
const TIME_MAX: Duration = Duration::from_mins(1);

/// Runs `holm` with these arguments.
///
/// # Panics
/// Where it can't be run, or does not end.
pub async fn holm(arguments: &[&str]) -> Ended {
    let program = server_program().expect("the holm binary: cargo build -p holm first");
    let mut command = Command::new(program);
    let ours = std::env::vars_os().map(|(name, _)| name);
    for name in ours.filter(|name| name.to_string_lossy().starts_with("HOLM_")) {
        command.env_remove(name);
    }
    let command = command
        .args(arguments)
        .stdin(Stdio::null())
        .kill_on_drop(true);
    let ended = tokio::time::timeout(TIME_MAX, command.output()).await;
    let ended = ended
        .unwrap_or_else(|_elapsed| panic!("holm {arguments:?} did not end"))
        .expect("the holm binary runs");
    Ended {
        code: ended.status.code(),
        out: String::from_utf8_lossy(&ended.stdout).into_owned(),
        err: String::from_utf8_lossy(&ended.stderr).into_owned(),
    }
}

impl Ended {
    /// The JSON lines of this event.
    ///
    /// # Panics
    /// Where a line is no JSON.
    pub fn events(&self, event: &str) -> Vec<Value> {
        let lines = self.out.lines().map(|line| {
            serde_json::from_str::<Value>(line).unwrap_or_else(|e| panic!("{e}: {self:?}"))
        });
        lines.filter(|line| line["event"] == event).collect()
    }
}
