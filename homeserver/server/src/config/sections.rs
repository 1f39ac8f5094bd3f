//! The configuration, key by key, with its defaults.
//!
//! The doc comments below are also the comments of the file that `holm config` prints: this
//! source is read by [`super::example`], so the two can't differ. A line `Example:` gives the
//! value shown where a key has no default (spec/cli.md).

use std::net::{Ipv6Addr, SocketAddr};
use std::path::PathBuf;

use holm_protocol::ServerName;
use serde::{Deserialize, Serialize};

/// How one server is set up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Address and port to listen on, for devices and for other servers alike.
    /// `[::]` means every address of the machine, IPv4 as well; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Folder of the database and of the server's keys. Back it up as a whole; whoever holds it
    /// is the server. A relative path starts at the folder of this file.
    pub data: PathBuf,
    /// Who may make an account: "open" means anybody, "closed" nobody.
    pub registration: Registration,
    /// Who this server is.
    pub server: Server,
    /// Encryption of the connections.
    pub tls: Tls,
    /// Finding other servers.
    pub dns: Dns,
    /// The way to other servers.
    pub federation: Federation,
    /// How many connections are taken.
    pub connections: Connections,
    /// What is written to standard error.
    pub log: Log,
}

/// Who may make an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Registration {
    /// Anybody.
    Open,
    /// Nobody.
    Closed,
}

/// Who this server is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Server {
    /// The server's name, for ever: its users are `name@domain`. A DNS domain in lower case.
    /// Example: "islet.example"
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain: Option<ServerName>,
    /// Where browsers and apps reach this server, if not at `https://domain:port`.
    /// Example: "https://holm.islet.example"
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
}

/// Encryption of the connections.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tls {
    /// True where a proxy in front of this server does TLS. Nothing else may then reach the port.
    pub off: bool,
    /// The certificate chain, PEM, valid for the domain, or for an SRV target below it.
    /// Example: "/etc/holm/fullchain.pem"
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cert: Option<PathBuf>,
    /// The certificate's private key, PEM.
    /// Example: "/etc/holm/privkey.pem"
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<PathBuf>,
    /// PEM files of further authorities that other servers' certificates may come from.
    pub extra_roots: Vec<PathBuf>,
}

/// Finding other servers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Dns {
    /// DNS servers to ask, each as "address:port". Empty: those of the system.
    pub servers: Vec<SocketAddr>,
}

/// The way to other servers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Federation {
    /// Whether other servers may lie at private and loopback addresses. Keep it false on the
    /// internet: else a stranger's DNS record makes this server call into your own network.
    pub allow_private: bool,
}

/// How many connections are taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Connections {
    /// At once, in all. Further ones wait.
    pub max: u32,
    /// At once, from one address; further ones are closed. 0 sets no bound, as is right behind a
    /// proxy, where all come from its address.
    pub per_address_max: u32,
}

/// What is written to standard error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// Lines for people, "text", or for machines, "json".
    pub format: LogFormat,
    /// What to write: "error", "warn", "info", "debug" or "trace", also by module, as in
    /// "info,holm_federation=debug".
    pub level: String,
    /// Whether `serve --json` tells each step of a message's way, for demonstrations: two lines and
    /// more a message.
    pub hops: bool,
}

/// The form of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv6Addr::UNSPECIFIED, 8443)),
            data: PathBuf::from("holm-data"),
            registration: Registration::Open,
            server: Server::default(),
            tls: Tls::default(),
            dns: Dns::default(),
            federation: Federation::default(),
            connections: Connections::default(),
            log: Log::default(),
        }
    }
}

impl Default for Connections {
    fn default() -> Self {
        Self {
            max: 10_000,
            per_address_max: 256,
        }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self {
            format: LogFormat::Text,
            level: "info".to_owned(),
            hops: false,
        }
    }
}
