//! `HOLM_CRASH_AT=<point>[:n]`: the process ends itself the n-th time it reaches a named place.
//!
//! For tests alone: at the place nothing is unwound, no destructor runs and nothing is flushed, as
//! when power fails (ADR-0011). An unknown name is refused at the start, since a test that arms
//! a misspelled place would find that all survives.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use holm_core::ports as server;
use holm_sdk as device;

use crate::config::ConfigError;

/// The variable that arms a process.
pub(crate) const VARIABLE: &str = "HOLM_CRASH_AT";

/// A process that is to die at a named place.
#[derive(Debug)]
pub(crate) struct CrashAt {
    point: &'static str,
    /// Times it is reached until the process dies.
    left: AtomicU64,
}

/// What a server is told where places are reached: nothing, unless it is armed.
pub(crate) fn of_server() -> Result<Arc<dyn server::CrashPoints>, ConfigError> {
    let names = server::CrashPoint::ALL.map(server::CrashPoint::name);
    Ok(match CrashAt::from_environment(&names)? {
        Some(armed) => {
            tracing::warn!(point = armed.point, "armed: {}", armed.warning());
            Arc::new(armed)
        }
        None => Arc::new(server::NoCrash),
    })
}

/// What a device is given: the system's clock and randomness, and its places where it is armed.
pub(crate) fn of_device() -> Result<device::SdkPorts, ConfigError> {
    let mut ports = device::SdkPorts::system();
    let names = device::CrashPoint::ALL.map(device::CrashPoint::name);
    if let Some(armed) = CrashAt::from_environment(&names)? {
        // A chat has no log; its output belongs to the person or program.
        let _ = writeln!(std::io::stderr(), "holm: armed: {}", armed.warning());
        ports.crash_points = Arc::new(armed);
    }
    Ok(ports)
}

impl CrashAt {
    fn from_environment(names: &[&'static str]) -> Result<Option<Self>, ConfigError> {
        let value = std::env::var_os(VARIABLE);
        let value = value.map(|value| Self::read(&value.to_string_lossy(), names));
        value.transpose()
    }

    fn read(value: &str, names: &[&'static str]) -> Result<Self, ConfigError> {
        let (name, times) = value.split_once(':').unwrap_or((value, "1"));
        let point = names.iter().find(|known| **known == name);
        let times = times.parse().ok().filter(|times| *times > 0);
        match (point, times) {
            (Some(point), Some(times)) => Ok(Self {
                point,
                left: AtomicU64::new(times),
            }),
            _ => Err(ConfigError {
                place: format!("environment variable {VARIABLE}"),
                cause: format!("{value:?} is no <point> or <point>:<times> of this command"),
                fix: format!("take it away, or name one of: {}", names.join(", ")),
            }),
        }
    }

    fn warning(&self) -> String {
        format!(
            "this process kills itself when it reaches {} ({} to go), because {VARIABLE} says so; \
             that is for tests",
            self.point,
            self.left.load(Ordering::Relaxed)
        )
    }

    fn reached(&self, name: &str) {
        if self.is_due(name) {
            let last = format!("holm: reached {name}: the process kills itself\n");
            let _ = std::io::stderr().write_all(last.as_bytes());
            std::process::abort();
        }
    }

    fn is_due(&self, name: &str) -> bool {
        // Past zero it wraps, and would take longer than any process lives to come back.
        self.point == name && self.left.fetch_sub(1, Ordering::Relaxed) == 1
    }
}

impl server::CrashPoints for CrashAt {
    fn reached(&self, point: server::CrashPoint) {
        self.reached(point.name());
    }
}

impl device::CrashPoints for CrashAt {
    fn reached(&self, point: device::CrashPoint) {
        self.reached(point.name());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 2] = ["append.before_commit", "append.after_commit"];

    #[test]
    fn it_is_due_the_time_that_was_named_and_at_no_other_place() {
        let armed = CrashAt::read("append.after_commit:2", &NAMES).unwrap();
        assert!(!armed.is_due("append.after_commit"));
        assert!(!armed.is_due("append.before_commit"));
        assert!(armed.is_due("append.after_commit"));
        assert!(CrashAt::read(NAMES[0], &NAMES).unwrap().is_due(NAMES[0]));
    }

    #[test]
    fn an_unknown_name_is_refused_with_those_that_there_are() {
        for wrong in [
            "append",
            "",
            "append.before_commit:0",
            "append.before_commit:x",
        ] {
            let error = CrashAt::read(wrong, &NAMES).unwrap_err();
            assert!(error.fix.contains(&NAMES.join(", ")), "{error}");
        }
    }

    #[test]
    fn every_place_has_a_name_of_its_own() {
        let server = server::CrashPoint::ALL.map(server::CrashPoint::name);
        let device = device::CrashPoint::ALL.map(device::CrashPoint::name);
        let all: std::collections::BTreeSet<_> = server.iter().chain(&device).collect();
        assert_eq!(all.len(), server.len() + device.len());
    }
}
