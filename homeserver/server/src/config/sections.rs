//! The configuration, key by key, with its defaults.
//!
//! The doc comments below are also the comments of the file that `holm config` prints: this
//! source is read by [`super::example`], so the two can't differ. A line `Example:` gives the
//! value shown where a key has no default (spec/cli.md).

use std::net::{Ipv6Addr, SocketAddr};
use std::path::PathBuf;

use holm_federation::{QuotaLimits, Rate};
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
    /// What one other server may ask of this one.
    pub quotas: Quotas,
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
    /// Whether answers are held against DNSSEC: then a zone that is signed has to be signed rightly,
    /// and a look-up that can't be validated fails. The DNS servers asked have to pass signatures on.
    pub dnssec: bool,
}

/// The way to other servers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Federation {
    /// Whether other servers may lie at private and loopback addresses. Keep it false on the
    /// internet: else a stranger's DNS record makes this server call into your own network.
    pub allow_private: bool,
    /// Other servers that this one deals with, and no others: names, and "*.domain" for every name
    /// below a domain. Empty: all.
    pub allow: Vec<String>,
    /// Other servers that this one never deals with, in either direction: names, and "*.domain".
    /// It wins over `allow`.
    pub deny: Vec<String>,
}

/// What one other server may ask of this one. A burst may come at once, and so many a minute from
/// then on; past it the server answers 429 and says when to ask again. A burst of 0 sets no bound.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Quotas {
    /// Requests from one address (of IPv6: one /64) whose sender is not proven. Right behind a
    /// proxy, where all come from its address, set 0.
    pub unproven_burst: u64,
    /// The same, each minute.
    pub unproven_per_minute: u64,
    /// Requests of one server.
    pub requests_burst: u64,
    /// The same, each minute.
    pub requests_per_minute: u64,
    /// MiB of their bodies.
    pub mebibytes_burst: u64,
    /// The same, each minute.
    pub mebibytes_per_minute: u64,
    /// KeyPackage claims of one server, of which each adds one user to a room.
    pub claims_burst: u64,
    /// The same, each minute.
    pub claims_per_minute: u64,
    /// KeyPackage claims for one user of another server.
    pub claims_by_user_burst: u64,
    /// The same, each minute.
    pub claims_by_user_per_minute: u64,
    /// KeyPackage claims of one server for one user of this one.
    pub claims_of_user_burst: u64,
    /// The same, each minute.
    pub claims_of_user_per_minute: u64,
    /// Pulls of events or of a group that one server may have under way.
    pub catch_ups: u32,
    /// Rooms of one server that this one follows; it takes no further one.
    pub rooms_per_hub: u64,
    /// Bytes that one server may make this one store: events and Welcomes of the rooms it is hub
    /// of, and of what it brings to rooms of this one. From there on such is refused and waits at
    /// that server; raise it and start again, and all of it comes. The default is 64 GiB; 0 sets
    /// no bound. `holm peers` shows the sums.
    pub stored_bytes: u64,
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
            quotas: Quotas::default(),
            connections: Connections::default(),
            log: Log::default(),
        }
    }
}

impl Default for Quotas {
    fn default() -> Self {
        let limits = QuotaLimits::DEFAULT;
        Self {
            unproven_burst: limits.unproven.burst,
            unproven_per_minute: limits.unproven.per_minute,
            requests_burst: limits.requests.burst,
            requests_per_minute: limits.requests.per_minute,
            mebibytes_burst: limits.bytes.burst / MEBIBYTE,
            mebibytes_per_minute: limits.bytes.per_minute / MEBIBYTE,
            claims_burst: limits.claims.burst,
            claims_per_minute: limits.claims.per_minute,
            claims_by_user_burst: limits.claims_by_user.burst,
            claims_by_user_per_minute: limits.claims_by_user.per_minute,
            claims_of_user_burst: limits.claims_of_user.burst,
            claims_of_user_per_minute: limits.claims_of_user.per_minute,
            catch_ups: limits.catch_ups,
            rooms_per_hub: holm_core::homeserver::ROOMS_PER_HUB_MAX,
            stored_bytes: holm_core::peer::STORED_BYTES_MAX,
        }
    }
}

impl Quotas {
    /// The quotas as the transport takes them.
    pub fn limits(&self) -> QuotaLimits {
        let rate = |burst, per_minute| Rate { burst, per_minute };
        let bytes = |mebibytes: u64| mebibytes.saturating_mul(MEBIBYTE);
        let (burst, per_minute) = (self.mebibytes_burst, self.mebibytes_per_minute);
        QuotaLimits {
            unproven: rate(self.unproven_burst, self.unproven_per_minute),
            requests: rate(self.requests_burst, self.requests_per_minute),
            bytes: rate(bytes(burst), bytes(per_minute)),
            claims: rate(self.claims_burst, self.claims_per_minute),
            claims_by_user: rate(self.claims_by_user_burst, self.claims_by_user_per_minute),
            claims_of_user: rate(self.claims_of_user_burst, self.claims_of_user_per_minute),
            catch_ups: self.catch_ups,
        }
    }
}

const MEBIBYTE: u64 = 1_024 * 1_024;

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
