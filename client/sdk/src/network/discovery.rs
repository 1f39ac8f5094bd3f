//! Where the server of a domain answers: SRV `_holm._tcp` by priority and weight, else the name
//! itself at port 443 (DISC-1, DISC-2).

use std::net::{IpAddr, SocketAddr};

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::RData;
use hickory_resolver::proto::rr::rdata::SRV;
use holm_protocol::ServerName;

use crate::error::SdkError;
use crate::ports::{Rng, SystemRng};

/// Most SRV targets that are tried.
const TARGETS_MAX: usize = 16;

/// A place where a server may answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    /// The host, a name or an address.
    pub(super) host: String,
    /// The port.
    pub(super) port: u16,
    /// Names its certificate may be for, the one to ask for first; none where TLS is off.
    pub(super) names: Vec<String>,
    /// How it was found, for people.
    pub(super) found: String,
}

/// Asks DNS.
pub(super) struct Discovery {
    resolver: TokioResolver,
}

impl Discovery {
    /// Asks `servers`, or the system's where there are none.
    pub(super) fn new(servers: &[SocketAddr]) -> Result<Self, SdkError> {
        let builder = if servers.is_empty() {
            TokioResolver::builder_tokio().map_err(|e| failed("resolver", &e))?
        } else {
            let config = ResolverConfig::from_name_servers(
                servers.iter().map(|s| name_server(*s)).collect(),
            );
            let runtime = TokioRuntimeProvider::default();
            let mut builder = TokioResolver::builder_with_config(config, runtime);
            builder.options_mut().use_hosts_file = ResolveHosts::Never;
            builder
        };
        let resolver = builder.build().map_err(|e| failed("resolver", &e))?;
        Ok(Self { resolver })
    }

    /// The places to try for `domain`, best first.
    pub(super) async fn targets(&self, domain: &ServerName) -> Result<Vec<Target>, SdkError> {
        let question = format!("_holm._tcp.{domain}.");
        let records = match self.resolver.srv_lookup(question.as_str()).await {
            Ok(answer) => answer.answers().iter().filter_map(as_srv).collect(),
            Err(error) if error.is_no_records_found() => Vec::new(),
            Err(error) => return Err(failed(&question, &error)),
        };
        if records.is_empty() {
            return Ok(vec![Target {
                host: domain.to_string(),
                port: 443,
                names: vec![domain.to_string()],
                found: format!("{domain} has no SRV record; port 443 of the name"),
            }]);
        }
        Ok(ordered(records)
            .iter()
            .take(TARGETS_MAX)
            .filter_map(|record| target(domain, record))
            .collect())
    }

    /// The addresses of a host.
    pub(super) async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, SdkError> {
        if let Ok(address) = host.parse() {
            return Ok(vec![address]);
        }
        let found = self.resolver.lookup_ip(format!("{host}.").as_str()).await;
        let found: Vec<IpAddr> = found.map_err(|e| failed(host, &e))?.iter().collect();
        Ok(found)
    }
}

fn name_server(address: SocketAddr) -> NameServerConfig {
    let on_port = |mut connection: ConnectionConfig| {
        connection.port = address.port();
        connection
    };
    let connections = vec![
        on_port(ConnectionConfig::udp()),
        on_port(ConnectionConfig::tcp()),
    ];
    NameServerConfig::new(address.ip(), true, connections)
}

fn as_srv(record: &hickory_resolver::proto::rr::Record) -> Option<SRV> {
    match &record.data {
        RData::SRV(srv) => Some(srv.clone()),
        _ => None,
    }
}

/// By priority; within one, drawn by weight (RFC 2782).
fn ordered(mut records: Vec<SRV>) -> Vec<SRV> {
    records.sort_by_key(|r| (r.priority, r.weight));
    let mut order = Vec::with_capacity(records.len());
    while let Some(first) = records.first() {
        let priority = first.priority;
        let equal = records.iter().take_while(|r| r.priority == priority);
        let total: u64 = equal.clone().map(|r| u64::from(r.weight)).sum();
        let mut draw = draw_below(total + 1);
        let at = equal
            .map(|r| u64::from(r.weight))
            .position(|weight| {
                let here = draw <= weight;
                draw = draw.saturating_sub(weight);
                here
            })
            .unwrap_or(0);
        order.push(records.remove(at));
    }
    order
}

fn draw_below(end: u64) -> u64 {
    let mut bytes = [0; 8];
    SystemRng.fill(&mut bytes);
    u64::from_be_bytes(bytes) % end
}

/// A target below the domain may prove itself by its own name; any other only by the domain.
fn target(domain: &ServerName, record: &SRV) -> Option<Target> {
    let host = record.target.to_lowercase().to_string();
    let host = host.trim_end_matches('.').to_owned();
    if host.is_empty() {
        return None;
    }
    let below = host.ends_with(&format!(".{domain}"));
    let names = match below {
        true => vec![host.clone(), domain.to_string()],
        false => vec![domain.to_string()],
    };
    Some(Target {
        found: format!(
            "{domain} found by DNS: SRV names {host}, port {}",
            record.port
        ),
        host,
        port: record.port,
        names,
    })
}

fn failed(what: &str, error: &NetError) -> SdkError {
    SdkError::Network(format!("DNS, {what}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn srv(priority: u16, weight: u16, host: &str) -> SRV {
        SRV::new(priority, weight, 8443, host.parse().unwrap())
    }

    fn domain() -> ServerName {
        ServerName::parse("islet.test").unwrap()
    }

    #[test]
    fn lower_priorities_come_first_and_no_target_is_left_out() {
        // DISC-1
        let records = vec![
            srv(20, 0, "c.islet.test."),
            srv(10, 0, "a.islet.test."),
            srv(10, 60, "b.islet.test."),
        ];
        let order: Vec<_> = ordered(records).iter().map(|r| r.priority).collect();
        assert_eq!(order, [10, 10, 20]);
    }

    #[test]
    fn only_a_target_below_the_domain_may_prove_itself_by_its_own_name() {
        // DISC-3
        let below = target(&domain(), &srv(0, 0, "holm.islet.test.")).unwrap();
        assert_eq!(below.names, ["holm.islet.test", "islet.test"]);
        let foreign = target(&domain(), &srv(0, 0, "holm.hosting.test.")).unwrap();
        assert_eq!(foreign.names, ["islet.test"]);
        let tail = target(&domain(), &srv(0, 0, "evilislet.test.")).unwrap();
        assert_eq!(tail.names, ["islet.test"]);
    }

    #[test]
    fn a_root_target_means_the_service_is_not_offered() {
        assert_eq!(target(&domain(), &srv(0, 0, ".")), None);
    }
}
