//! The DNS port over hickory-resolver.
//!
//! Where DNS servers are configured they alone are asked, and the hosts file is not read; else
//! the system's configuration counts. Where it validates, an answer of a signed zone counts only
//! with signatures that lead to the root of DNS; one without them is a look-up that failed
//! (DISC-12). Answers are kept for their time to live, an hour at most,
//! and "there is no such record" for a minute at most (DISC-8).

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{
    ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts,
};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::dnssec::TrustAnchors;
use hickory_resolver::proto::rr::{RData, RecordType};
use holm_core::ports::Future;
use thiserror::Error;

use super::resolve::{Resolve, ResolveError, Resolved, SrvTarget};

/// Looks names up over UDP and TCP.
#[derive(Clone, Debug)]
pub struct HickoryResolver {
    resolver: TokioResolver,
    validates: bool,
}

/// The resolver can't be set up.
#[derive(Debug, Error)]
#[error("the DNS resolver can't be set up: {0}")]
pub struct ResolverError(String);

impl HickoryResolver {
    /// Asks `dns_servers`, or where there are none the system's.
    ///
    /// # Errors
    /// The system's configuration can't be read.
    pub fn new(dns_servers: &[SocketAddr]) -> Result<Self, ResolverError> {
        Self::build(dns_servers, None)
    }

    /// The same, and holds every answer against DNSSEC (DISC-12). The servers asked have to pass
    /// signatures on.
    ///
    /// # Errors
    /// As for [`HickoryResolver::new`].
    pub fn validating(dns_servers: &[SocketAddr]) -> Result<Self, ResolverError> {
        Self::build(dns_servers, Some(TrustAnchors::default()))
    }

    /// The same, where signatures lead to these keys and not to those of the public root:
    /// `anchors` are DNSKEY records as in a zone file, of the root of DNS or of a zone below.
    ///
    /// # Errors
    /// As for [`HickoryResolver::new`], or `anchors` are not such records.
    pub fn validating_under(
        dns_servers: &[SocketAddr],
        anchors: &str,
    ) -> Result<Self, ResolverError> {
        let anchors = TrustAnchors::from_str(anchors);
        let anchors = anchors.map_err(|error| ResolverError(error.to_string()))?;
        Self::build(dns_servers, Some(anchors))
    }

    fn build(
        dns_servers: &[SocketAddr],
        anchors: Option<TrustAnchors>,
    ) -> Result<Self, ResolverError> {
        let validates = anchors.is_some();
        let failed = |error: NetError| ResolverError(error.to_string());
        let mut builder = match dns_servers {
            [] => TokioResolver::builder_tokio().map_err(failed)?,
            servers => {
                let servers = servers.iter().map(name_server).collect();
                let config = ResolverConfig::from_name_servers(servers);
                TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
            }
        };
        set_options(builder.options_mut());
        if !dns_servers.is_empty() {
            builder.options_mut().use_hosts_file = ResolveHosts::Never;
        }
        builder.options_mut().validate = validates;
        if let Some(anchors) = anchors {
            builder = builder.with_trust_anchor(Arc::new(anchors));
        }
        let resolver = builder.build().map_err(failed)?;
        Ok(Self {
            resolver,
            validates,
        })
    }

    /// Whether the records of a name are signed; `None` where there are none.
    async fn is_signed(&self, name: &str, kind: RecordType) -> Option<bool> {
        let lookup = self.resolver.lookup(absolute(name), kind).await.ok()?;
        let mut answers = lookup.answers().iter().peekable();
        answers.peek()?;
        Some(answers.all(|record| record.proof.is_secure()))
    }

    async fn records(&self, name: &str, kind: RecordType) -> Result<Vec<RData>, ResolveError> {
        let lookup = self.resolver.lookup(absolute(name), kind).await;
        let lookup = lookup.map_err(|error| resolve_error(&error))?;
        let answers = lookup.answers().iter();
        Ok(answers.map(|record| record.data.clone()).collect())
    }
}

impl Resolve for HickoryResolver {
    fn srv<'a>(&'a self, name: &'a str) -> Resolved<'a, SrvTarget> {
        Box::pin(async move {
            let records = self.records(name, RecordType::SRV).await?;
            let target = |data| match data {
                RData::SRV(srv) => Some(SrvTarget {
                    priority: srv.priority,
                    weight: srv.weight,
                    port: srv.port,
                    target: srv.target.to_ascii(),
                }),
                _ => None,
            };
            Ok(records.into_iter().filter_map(target).collect())
        })
    }

    fn txt<'a>(&'a self, name: &'a str) -> Resolved<'a, String> {
        Box::pin(async move {
            let records = self.records(name, RecordType::TXT).await?;
            let text = |data| match data {
                RData::TXT(txt) => {
                    Some(String::from_utf8_lossy(&txt.txt_data.concat()).into_owned())
                }
                _ => None,
            };
            Ok(records.into_iter().filter_map(text).collect())
        })
    }

    fn is_secure<'a>(&'a self, names: &'a [String]) -> Future<'a, Option<bool>> {
        Box::pin(async move {
            if !self.validates {
                return None;
            }
            let mut secure = None;
            for name in names {
                for kind in [RecordType::SRV, RecordType::TXT] {
                    if let Some(signed) = self.is_signed(name, kind).await {
                        secure = Some(signed && secure.unwrap_or(true));
                    }
                }
            }
            secure
        })
    }

    fn addresses<'a>(&'a self, host: &'a str) -> Resolved<'a, IpAddr> {
        Box::pin(async move {
            let lookup = self.resolver.lookup_ip(absolute(host)).await;
            let lookup = lookup.map_err(|error| resolve_error(&error))?;
            Ok(lookup.iter().collect())
        })
    }
}

/// The name with its dot, so that no search domain is tried.
fn absolute(name: &str) -> String {
    format!("{}.", name.trim_end_matches('.'))
}

fn resolve_error(error: &NetError) -> ResolveError {
    match error.is_no_records_found() {
        true => ResolveError::NoRecord,
        false => ResolveError::Failed(error.to_string()),
    }
}

fn name_server(address: &SocketAddr) -> NameServerConfig {
    let (mut udp, mut tcp) = (ConnectionConfig::udp(), ConnectionConfig::tcp());
    udp.port = address.port();
    tcp.port = address.port();
    NameServerConfig::new(address.ip(), true, vec![udp, tcp])
}

fn set_options(options: &mut ResolverOpts) {
    options.timeout = Duration::from_secs(2);
    // Tried twice, which leaves a little of the five seconds that DISC-8 allows.
    options.attempts = 1;
    options.positive_max_ttl = Some(Duration::from_hours(1));
    options.negative_max_ttl = Some(Duration::from_mins(1));
}
