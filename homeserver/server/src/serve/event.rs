//! What `holm serve` tells.

use std::fmt;
use std::net::SocketAddr;

use holm_protocol::{PublicKey, ServerName};
use serde::{Deserialize, Serialize};

use crate::config::{Config, ConfigError};

/// An event of `holm serve --json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum ServeEvent {
    /// The server answers.
    Ready(Ready),
    /// A step of a message's way.
    Hop(Hop),
}

/// A server answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ready {
    /// Its name.
    pub domain: ServerName,
    /// Where browsers and apps reach it.
    pub url: String,
    /// Its process.
    pub pid: u32,
    /// The address it is bound to.
    pub listen: SocketAddr,
    /// Its root key, as DNS pins it.
    pub root: PublicKey,
}

/// A step of a message's way.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hop {
    /// What kind of step.
    pub hop: String,
    /// The step in words.
    pub text: String,
}

impl Ready {
    /// A server of `config` that is bound to `listen`.
    pub fn of(config: &Config, listen: SocketAddr, root: PublicKey) -> Result<Self, ConfigError> {
        let domain = config.domain()?.clone();
        let derived = match (config.tls.off, listen.port()) {
            (true, _) | (false, 443) => format!("https://{domain}"),
            (false, port) => format!("https://{domain}:{port}"),
        };
        let url = config
            .server
            .base_url
            .as_deref()
            .map(|url| url.trim_end_matches('/').to_owned());
        Ok(Self {
            url: url.unwrap_or(derived),
            pid: std::process::id(),
            domain,
            listen,
            root,
        })
    }
}

impl fmt::Display for ServeEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ready(r) => write!(
                f,
                "{} is ready at {}, listening on {}.",
                r.domain, r.url, r.listen
            ),
            Self::Hop(hop) => f.write_str(&hop.text),
        }
    }
}
