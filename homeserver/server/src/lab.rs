//! A federation on one machine: server processes, a certificate authority and DNS, all real.
//!
//! `holm demo`, `holm replay` and the whole-system tests stand on it. Servers are `holm serve`
//! processes that find each other through the lab's DNS server and trust its authority; nothing
//! in them knows that they are in a lab. Everything lies in one folder:
//!
//! ```text
//! ca/ca.pem                    the authority
//! dns/records.zone             what DNS answers
//! servers/<domain>/            holm.toml, cert.pem, key.pem, server.log, data/
//! devices/<user>/              the devices' own databases
//! captured/<domain>/           what passed, where traffic is recorded
//! ```
//!
//! **Which binary.** The lab runs the program at `HOLM_LAB_BIN`; else, inside `holm` itself, its
//! own executable; else, inside a test, the `holm` of the same target folder. Cargo does not build
//! that one for another crate's tests: `cargo build -p holm` with the same profile first, as
//! `tests/run` does.

mod authority;
mod dns;
mod process;
mod program;
mod proxy;
mod wire;

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

use holm_protocol::ServerName;
use holm_sdk::{Network, NetworkOptions};
use thiserror::Error;
use tokio::sync::broadcast;

pub use authority::{Authority, CertificateFiles};
pub use dns::{Dns, RecordData};
pub use process::LabServer;
pub(crate) use program::own_program;
pub use program::server_program;
pub use proxy::RecordingProxy;
pub use wire::{Direction, Older, Wire};

use crate::config::{self, Config, ConfigError};
use crate::serve::Hop;

/// How a lab is set up.
#[derive(Clone, Debug)]
pub struct LabOptions {
    /// The folder everything lies in.
    pub data: PathBuf,
    /// The servers' names.
    pub domains: Vec<ServerName>,
    /// How the servers are reached.
    pub front: Front,
    /// The `holm` binary, see [`server_program`].
    pub program: PathBuf,
    /// Whether the servers tell each step of a message's way, see [`Lab::hops`].
    pub hops: bool,
}

/// What stands between the network and a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Front {
    /// Nothing: the server does TLS.
    Direct,
    /// A proxy that does TLS, with TLS off in the server, and writes down all that passes.
    RecordingProxy,
    /// A wire that can be cut; the server does TLS. Devices that find their server by DNS use it
    /// too.
    Wire,
}

/// A federation on one machine. Its servers end when it is dropped.
pub struct Lab {
    /// The authority whose certificates the servers show.
    pub authority: Authority,
    /// The DNS server that leads to them.
    pub dns: Dns,
    data: PathBuf,
    servers: BTreeMap<ServerName, LabServer>,
    proxies: Vec<RecordingProxy>,
    wires: BTreeMap<ServerName, Wire>,
    hops: broadcast::Sender<(ServerName, Hop)>,
    tell_hops: bool,
}

/// Why a lab can't be had.
#[derive(Debug, Error)]
pub enum LabError {
    /// The file system or network of this machine said no.
    #[error("the lab can't be set up: {0}")]
    Io(#[from] std::io::Error),
    /// A certificate can't be made.
    #[error("a certificate can't be made: {0}")]
    Certificate(#[from] rcgen::Error),
    /// A name is no DNS name.
    #[error("not a DNS name: {0}")]
    Name(#[from] hickory_server::proto::ProtoError),
    /// A server's configuration is wrong.
    #[error("a server of the lab has a wrong configuration: {0}")]
    Config(#[from] ConfigError),
    /// TLS can't be set up.
    #[error("TLS can't be set up: {0}")]
    Tls(#[from] rustls::Error),
    /// There is no `holm` binary.
    #[error(
        "the holm binary is not where tests are built\n  fix: `cargo build -p holm` with the same \
         profile, or set HOLM_LAB_BIN"
    )]
    NoProgram,
    /// The binary can't be run.
    #[error("{}: can't be run: {cause}", program.display())]
    Program {
        /// The binary.
        program: PathBuf,
        /// What the system said.
        cause: std::io::Error,
    },
    /// A server was not ready in time.
    #[error("{domain} did not start; its log ends with:\n{log}")]
    NotStarted {
        /// The server.
        domain: ServerName,
        /// The last lines of its log.
        log: String,
    },
    /// A server did not stop in time and was killed.
    #[error("{0} did not stop when asked, and was killed")]
    NotStopped(ServerName),
    /// The way to servers can't be set up for devices.
    #[error("devices can't reach the lab: {0}")]
    Network(#[from] holm_sdk::SdkError),
    /// No server of that name.
    #[error("the lab has no server {0}")]
    NoServer(String),
}

/// Hops that may wait for a slow listener; older ones are lost to it.
const HOPS_MAX: usize = 4_096;

impl Lab {
    /// Sets up authority and DNS, starts the servers and publishes their records. A folder that
    /// was a lab before goes on with its servers' data; authority and certificates are new.
    pub async fn start(options: LabOptions) -> Result<Self, LabError> {
        let mut lab = Self {
            authority: Authority::create(&options.data.join("ca"))?,
            dns: Dns::start(&options.data.join("dns")).await?,
            data: options.data,
            servers: BTreeMap::new(),
            proxies: Vec::new(),
            wires: BTreeMap::new(),
            hops: broadcast::Sender::new(HOPS_MAX),
            tell_hops: options.hops,
        };
        for domain in options.domains {
            lab.add(domain, options.front, options.program.clone())
                .await?;
        }
        Ok(lab)
    }

    /// Starts one more server and publishes its records.
    pub async fn add(
        &mut self,
        domain: ServerName,
        front: Front,
        program: PathBuf,
    ) -> Result<&LabServer, LabError> {
        let folder = self.data.join("servers").join(domain.as_str());
        let names = [domain.to_string(), format!("hs.{domain}")];
        let files = self.authority.issue(&names, &folder)?;
        let proxy = match front {
            Front::Direct | Front::Wire => None,
            Front::RecordingProxy => Some(RecordingProxy::bind(&files).await?),
        };
        let config = self.config_of(&domain, &files, proxy.as_ref());
        let server = LabServer::start(program, folder, config, self.hops.clone()).await?;
        let ready = server.ready();
        let mut port = proxy
            .as_ref()
            .map_or(ready.listen.port(), RecordingProxy::port);
        if front == Front::Wire {
            let mut wire = Wire::bind().await?;
            wire.start(ready.listen);
            port = wire.port();
            self.wires.insert(domain.clone(), wire);
        }
        self.dns.publish(&domain, port, &ready.root).await?;
        if let Some(mut proxy) = proxy {
            proxy.start(ready.listen, self.captured(&domain))?;
            self.proxies.push(proxy);
        }
        Ok(self.servers.entry(domain).insert_entry(server).into_mut())
    }

    /// The server of a domain.
    pub fn server(&self, domain: &str) -> Result<&LabServer, LabError> {
        let domain = ServerName::parse(domain).ok();
        let server = domain.as_ref().and_then(|domain| self.servers.get(domain));
        server.ok_or_else(|| LabError::NoServer(format!("{domain:?}")))
    }

    /// The wire to a server, where it is reached by one.
    pub fn wire(&self, domain: &str) -> Result<&Wire, LabError> {
        let domain = ServerName::parse(domain).ok();
        let wire = domain.as_ref().and_then(|domain| self.wires.get(domain));
        wire.ok_or_else(|| LabError::NoServer(format!("{domain:?}")))
    }

    /// All servers, by name.
    pub fn servers(&self) -> impl Iterator<Item = &LabServer> {
        self.servers.values()
    }

    /// The folder everything lies in.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// The folder of one user's device.
    pub fn device_dir(&self, user: &str) -> PathBuf {
        self.data.join("devices").join(user)
    }

    /// What passed the recording proxy of a server: a file a connection and direction.
    pub fn captured(&self, domain: &ServerName) -> PathBuf {
        self.data.join("captured").join(domain.as_str())
    }

    /// Steps that the servers tell from now on.
    pub fn hops(&self) -> broadcast::Receiver<(ServerName, Hop)> {
        self.hops.subscribe()
    }

    /// How devices reach the lab's servers: by the lab's DNS, trusting its authority.
    pub fn network_options(&self) -> NetworkOptions {
        NetworkOptions {
            extra_roots_pem: vec![self.authority.root_pem().into_bytes()],
            dns_servers: vec![self.dns.address()],
            ..NetworkOptions::default()
        }
    }

    /// The way to the lab's servers, for any number of devices.
    pub fn network(&self) -> Result<Network, LabError> {
        Ok(Network::new(self.network_options())?)
    }

    /// Stops all servers as an administrator would.
    pub async fn stop(&self) -> Result<(), LabError> {
        let stopped = futures::future::join_all(self.servers().map(LabServer::stop)).await;
        stopped.into_iter().try_for_each(|result| result.map(drop))
    }

    /// The configuration of one server. Its port is the one it had before, or a free one.
    fn config_of(
        &self,
        domain: &ServerName,
        files: &CertificateFiles,
        proxy: Option<&RecordingProxy>,
    ) -> Config {
        let before = self
            .data
            .join("servers")
            .join(domain.as_str())
            .join("holm.toml");
        let before = std::fs::read_to_string(before).ok();
        let before = before.and_then(|text| config::parse(&text).ok());
        let mut config = Config {
            listen: before.map_or((Ipv4Addr::LOCALHOST, 0).into(), |config| config.listen),
            data: "data".into(),
            ..Config::default()
        };
        config.server.domain = Some(domain.clone());
        config.log.hops = self.tell_hops;
        match proxy {
            None => {
                config.tls.cert = Some(files.cert.clone());
                config.tls.key = Some(files.key.clone());
            }
            Some(proxy) => {
                config.tls.off = true;
                config.server.base_url = Some(format!("https://hs.{domain}:{}", proxy.port()));
            }
        }
        config.tls.extra_roots = vec![self.authority.root_file().to_owned()];
        config.dns.servers = vec![self.dns.address()];
        config.federation.allow_private = true;
        // All of a lab's devices come from one address.
        config.connections.per_address_max = 0;
        config
    }
}
