//! What the doctor found.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// What was looked at.
    pub check: Check,
    /// How it is.
    pub level: Level,
    /// What was seen.
    pub saw: String,
    /// What to do, where something is not as it should be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
}

/// What was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// SRV records, or the fallback to port 443.
    Srv,
    /// The TXT record that pins the root.
    Pin,
    /// Signatures in DNS, where they are looked at.
    Dnssec,
    /// Addresses and ports of the targets.
    Address,
    /// Whether an address takes connections.
    Connection,
    /// TLS: chain, name and expiry of the certificate.
    Certificate,
    /// The server document.
    Document,
    /// Protocol versions in common.
    Versions,
    /// The root key, against the pin and against what is known.
    Root,
    /// Its clock.
    Clock,
    /// Whether the other side verifies our signature.
    Signature,
    /// What the other side knows of us.
    Reflection,
    /// How calls to it fare.
    Calls,
    /// What waits for it and from it.
    Queue,
    /// The own server's keys.
    Keys,
    /// The own server's address and port.
    Listen,
    /// The own server, whether it runs.
    Server,
    /// The examination itself.
    Doctor,
}

/// How something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// As it should be.
    Ok,
    /// It works, and something may become or make trouble.
    Warn,
    /// It does not work.
    Fail,
}

impl Finding {
    /// All is well.
    pub fn ok(check: Check, saw: impl Into<String>) -> Self {
        Self {
            check,
            level: Level::Ok,
            saw: saw.into(),
            fix: None,
        }
    }

    /// It works, but.
    pub fn warn(check: Check, saw: impl Into<String>, fix: impl Into<String>) -> Self {
        Self {
            level: Level::Warn,
            fix: Some(fix.into()),
            ..Self::ok(check, saw)
        }
    }

    /// It does not work.
    pub fn fail(check: Check, saw: impl Into<String>, fix: impl Into<String>) -> Self {
        Self {
            level: Level::Fail,
            fix: Some(fix.into()),
            ..Self::ok(check, saw)
        }
    }
}

impl Check {
    /// As people read it.
    fn word(self) -> &'static str {
        match self {
            Self::Srv => "SRV",
            Self::Pin => "TXT pin",
            Self::Dnssec => "DNSSEC",
            Self::Address => "address",
            Self::Connection => "connection",
            Self::Certificate => "certificate",
            Self::Document => "document",
            Self::Versions => "versions",
            Self::Root => "root key",
            Self::Clock => "clock",
            Self::Signature => "signature",
            Self::Reflection => "seen there",
            Self::Calls => "calls",
            Self::Queue => "queue",
            Self::Keys => "keys",
            Self::Listen => "port",
            Self::Server => "server",
            Self::Doctor => "doctor",
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let level = match self.level {
            Level::Ok => "ok",
            Level::Warn => "warn",
            Level::Fail => "FAIL",
        };
        write!(f, "{level:<5} {:<12} {}", self.check.word(), self.saw)?;
        match &self.fix {
            None => Ok(()),
            Some(fix) => write!(f, "\n{:<19}fix: {fix}", ""),
        }
    }
}

/// What was found so far, kept also where the examination runs out of time.
#[derive(Debug, Default)]
pub struct Findings(Mutex<Vec<Finding>>);

impl Findings {
    /// Adds what one step found.
    pub fn add(&self, found: impl IntoIterator<Item = Finding>) {
        let mut findings = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        findings.extend(found);
    }

    /// Takes all of them.
    pub fn take(&self) -> Vec<Finding> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::{Check, Finding};

    #[test]
    fn a_finding_is_told_with_its_fix() {
        let told = Finding::fail(Check::Srv, "nothing", "publish it").to_string();
        assert_eq!(
            told,
            "FAIL  SRV          nothing\n                   fix: publish it"
        );
        let json = serde_json::to_string(&Finding::ok(Check::Calls, "well")).unwrap();
        assert_eq!(json, r#"{"check":"calls","level":"ok","saw":"well"}"#);
    }
}
