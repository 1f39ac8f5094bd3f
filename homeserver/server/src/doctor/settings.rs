//! With which DNS servers and authorities the doctor looks.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use holm_federation::{AddressGuard, Examiner};

use crate::assembly::extra_roots;
use crate::config::Config;
use crate::failure::Failure;
use crate::runtime::SystemClock;

/// What stands in a server's configuration, for a look without one.
#[derive(Args, Clone, Debug, Default)]
pub(super) struct Settings {
    /// DNS server to ask instead of the system's; repeatable
    #[arg(long, value_name = "IP:PORT")]
    dns: Vec<SocketAddr>,
    /// PEM file of a further authority that certificates may come from; repeatable
    #[arg(long, value_name = "FILE")]
    ca: Vec<PathBuf>,
    /// Hold answers of DNS against DNSSEC; the DNS server asked has to pass signatures on
    #[arg(long)]
    dnssec: bool,
    /// Take private and loopback addresses as well, as in a closed network
    #[arg(long)]
    allow_private: bool,
}

impl Settings {
    /// The configuration's settings, or the defaults, with those of the command line over them.
    pub(super) fn over(&self, config: Option<&Config>) -> Config {
        let mut config = config.cloned().unwrap_or_default();
        if !self.dns.is_empty() {
            config.dns.servers.clone_from(&self.dns);
        }
        config.tls.extra_roots.extend(self.ca.iter().cloned());
        config.dns.dnssec |= self.dnssec;
        config.federation.allow_private |= self.allow_private;
        config
    }
}

/// Looks with the settings of a configuration: its DNS servers, authorities and guard.
pub(super) fn examiner(config: &Config) -> Result<Examiner, Failure> {
    let resolver = crate::assembly::resolver(config).map_err(Failure::failed)?;
    let guard = AddressGuard {
        allow_private: config.federation.allow_private,
    };
    let roots = extra_roots(config)?;
    Examiner::new(Arc::new(resolver), &roots, guard, Arc::new(SystemClock)).map_err(Failure::failed)
}
