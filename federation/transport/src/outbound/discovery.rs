//! Finding a server by its name (spec 04 §3).
//!
//! - **DISC-1** A server `D` is found by the SRV records of `_holm._tcp.D`.
//! - **DISC-2** Where there are none, it is at port 443 of `D`. A look-up that *fails* is not the
//!   same as "none" and leads nowhere.
//! - **DISC-3** SRV targets are tried by priority and, within one, in an order drawn by weight
//!   (RFC 2782), until one answers; all of them, but 16 at most.
//! - **DISC-4** SRV records whose only target is `.` say that there is no service: nothing is
//!   tried.
//! - **DISC-5** The port is 443 or at least 1,024, except where private addresses are allowed.
//! - **DISC-6** Every address is checked before it is connected to, at most 16 a target; special
//!   ranges (IANA registries; IPv4 inside IPv6 as mapped, NAT64 or 6to4) are refused unless
//!   configured, and the address checked is the address connected to.
//! - **DISC-7** The certificate is valid for `D`, or for the SRV target where that lies below `D`
//!   (`holm.islet.example` below `islet.example`). Redirects are never followed, no proxy is used.
//! - **DISC-8** All look-ups together take 5 seconds at most. What was found is used for a minute;
//!   when look-ups fail, what was found last is used for up to an hour.
//! - **DISC-9** TXT records of `_holm.D` that begin with `v=holm1` pin the root key
//!   (`root=<base64url>`); one that can't be read, or two that differ, are errors.
//! - **DISC-10** A document is fetched again when it is an hour old, or when a key id is unknown,
//!   then at most once in 60 seconds a server.
//! - **DISC-11** A root other than the known one is taken only once DNS has pinned it for 72 hours
//!   without a break, as this server has seen.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

use futures::future::join_all;
use holm_protocol::ServerName;
use thiserror::Error;

use super::address::AddressGuard;
use super::resolve::{Resolve, ResolveError, SrvTarget};
use super::route::Route;
use super::srv;

/// Why no way to a server was found.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(super) enum DiscoveryError {
    /// SRV says `.` (DISC-4).
    #[error("its SRV record says that it offers no such service")]
    NoService,
    /// A look-up failed, so nothing is known.
    #[error("the DNS look-up failed: {0}")]
    Dns(String),
    /// No target has an address that may be used.
    #[error("no usable address: {0}")]
    NoAddress(String),
    /// Took longer than [`LOOKUP_TIME_MAX`] (DISC-8).
    #[error("the DNS look-ups took longer than {} s", LOOKUP_TIME_MAX.as_secs())]
    TimedOut,
}

/// Finds the ways to `server`, in the order to try them; at least one.
pub(super) async fn discover(
    resolver: &dyn Resolve,
    guard: AddressGuard,
    server: &ServerName,
    draw: impl FnMut(u32) -> u32 + Send,
) -> Result<Vec<Route>, DiscoveryError> {
    let look_up = async {
        let targets = targets(resolver, server, draw).await?;
        let routes = targets.iter().map(|t| route(resolver, guard, server, t));
        Ok(join_all(routes).await)
    };
    let results = tokio::time::timeout(LOOKUP_TIME_MAX, look_up)
        .await
        .map_err(|_elapsed| DiscoveryError::TimedOut)??;
    let (found, refused): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
    match found.is_empty() {
        false => Ok(found.into_iter().flatten().collect()),
        true => Err(DiscoveryError::NoAddress(
            refused
                .into_iter()
                .filter_map(Result::err)
                .collect::<Vec<_>>()
                .join("; "),
        )),
    }
}

/// SRV targets in order, or the name at port 443 (DISC-1 to DISC-4).
async fn targets(
    resolver: &dyn Resolve,
    server: &ServerName,
    draw: impl FnMut(u32) -> u32,
) -> Result<Vec<SrvTarget>, DiscoveryError> {
    let records = match resolver.srv(&format!("_holm._tcp.{server}")).await {
        Ok(records) if !records.is_empty() => records,
        Ok(_) | Err(ResolveError::NoRecord) => return Ok(vec![fallback(server)]),
        Err(ResolveError::Failed(reason)) => return Err(DiscoveryError::Dns(reason)),
    };
    let offered: Vec<SrvTarget> = records.iter().filter_map(canonical).collect();
    if offered.is_empty() {
        return Err(DiscoveryError::NoService);
    }
    let mut ordered = srv::order(offered, draw);
    ordered.truncate(TARGETS_MAX);
    Ok(ordered)
}

pub(super) fn fallback(server: &ServerName) -> SrvTarget {
    SrvTarget {
        priority: 0,
        weight: 0,
        port: 443,
        target: server.as_str().to_owned(),
    }
}

/// The target in lower case without its dot; `None` for `.`.
pub(super) fn canonical(record: &SrvTarget) -> Option<SrvTarget> {
    let target = record.target.trim_end_matches('.').to_ascii_lowercase();
    (!target.is_empty()).then_some(SrvTarget { target, ..*record })
}

/// Looks a target's addresses up and checks them (DISC-5, DISC-6).
async fn route(
    resolver: &dyn Resolve,
    guard: AddressGuard,
    server: &ServerName,
    target: &SrvTarget,
) -> Result<Route, String> {
    let (host, port) = (&target.target, target.port);
    if !guard.allows_port(port) {
        return Err(format!("{host}: port {port} is not allowed"));
    }
    let found = resolver.addresses(host).await;
    let found = found.map_err(|error| format!("{host}: {error}"))?;
    let mut seen = BTreeSet::new();
    let addresses: Vec<IpAddr> = found
        .iter()
        .copied()
        .filter(|address| guard.allows(*address) && seen.insert(*address))
        .take(ADDRESSES_MAX)
        .collect();
    match (addresses.is_empty(), found.first()) {
        (false, _) => Ok(Route {
            names: names(server, host),
            port,
            addresses,
        }),
        (true, Some(address)) => Err(format!(
            "{host}: {address} lies in a private or special range, which federation.allow_private \
             would allow"
        )),
        (true, None) => Err(format!("{host}: it has no address")),
    }
}

/// Names the certificate may be valid for (DISC-7).
pub(super) fn names(server: &ServerName, host: &str) -> Vec<String> {
    let below = host
        .strip_suffix(server.as_str())
        .is_some_and(|rest| rest.ends_with('.'));
    match below && ServerName::parse(host).is_ok() {
        true => vec![host.to_owned(), server.as_str().to_owned()],
        false => vec![server.as_str().to_owned()],
    }
}

/// All look-ups together (DISC-8).
pub(super) const LOOKUP_TIME_MAX: Duration = Duration::from_secs(5);
/// Targets that are tried (DISC-3).
pub(super) const TARGETS_MAX: usize = 16;
/// Addresses of a target that are tried (DISC-6).
pub(super) const ADDRESSES_MAX: usize = 16;

#[cfg(test)]
mod tests;
