//! What a command tells: one JSON object a line for programs, or text for people (spec/cli.md).
//!
//! Events are plain data with a `Display` for people, so both forms come from the same place.

use std::fmt::Display;
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;

/// Where a command tells what happens.
#[derive(Clone)]
pub struct Report {
    out: Arc<Mutex<dyn Write + Send>>,
    json: bool,
}

impl Report {
    /// Writes to standard output: JSON lines if `json`, else text.
    pub fn to_stdout(json: bool) -> Self {
        Self::new(std::io::stdout(), json)
    }

    /// Writes to `out`.
    pub fn new(out: impl Write + Send + 'static, json: bool) -> Self {
        Self {
            out: Arc::new(Mutex::new(out)),
            json,
        }
    }

    /// Whether programs read this.
    pub fn is_json(&self) -> bool {
        self.json
    }

    /// Tells one event. A reader that has gone away is no reason to stop.
    pub fn tell(&self, event: &(impl Serialize + Display)) {
        let line = match self.json {
            true => serde_json::to_string(event).unwrap_or_else(|e| unreachable!("plain: {e}")),
            false => event.to_string(),
        };
        self.write(&line);
    }

    /// A line for people, left out for programs.
    pub fn say(&self, line: impl Display) {
        if !self.json {
            self.write(&line.to_string());
        }
    }

    fn write(&self, line: &str) {
        let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = writeln!(out, "{line}").and_then(|()| out.flush());
    }
}
