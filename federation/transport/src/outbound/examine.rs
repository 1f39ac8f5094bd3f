//! Looking at a server step by step, for an operator who wants to know what is wrong (FED-20).
//!
//! The same look-ups, guard, names, roots and exchange as a call, but each alone and without
//! patience, cache or signature: what a call folds into one sentence stands here as facts. Nothing
//! is judged and nothing is remembered.

mod contact;
mod served;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use holm_core::ports::Clock;
use holm_protocol::{PublicKey, ServerName};

pub use contact::{CertificateFault, Contact};
pub use served::Served;

use super::address::{AddressGuard, Verdict};
use super::discovery::{ADDRESSES_MAX, LOOKUP_TIME_MAX, TARGETS_MAX, canonical, fallback, names};
use super::http_exchange::{HttpExchange, HttpExchangeError};
use super::pin;
use super::resolve::{Resolve, ResolveError, Resolved, SrvTarget};
use super::route::Route;
use super::srv;
use contact::Probe;

/// Looks at servers.
pub struct Examiner {
    resolver: Arc<dyn Resolve>,
    exchange: HttpExchange,
    probe: Probe,
    guard: AddressGuard,
    clock: Arc<dyn Clock>,
}

/// Where DNS says that a server is (DISC-1 to DISC-4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Offer {
    /// At these targets, in the order of their priority.
    Targets(Vec<SrvTarget>),
    /// There are no SRV records: at port 443 of its name.
    Fallback(SrvTarget),
    /// SRV says `.`.
    NoService,
    /// The look-up failed, so nothing is known.
    Failed(String),
}

/// What the TXT records say of a server's root (DISC-9).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pin {
    /// There is none.
    None,
    /// This one.
    Root(PublicKey),
    /// A record that can't be read, or two that differ.
    Unusable(String),
    /// The look-up failed, so nothing is known.
    Failed(String),
}

/// The addresses of a target (DISC-5, DISC-6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Whether its port may be connected to.
    pub port_allowed: bool,
    /// Each with whether it may be connected to; or why there are none.
    pub addresses: Result<Vec<(IpAddr, Verdict)>, ResolveError>,
}

impl Examiner {
    /// Trusts the authorities that an exchange of the same roots does.
    ///
    /// # Errors
    /// The PEM can't be read.
    pub fn new(
        resolver: Arc<dyn Resolve>,
        extra_roots_pem: &[u8],
        guard: AddressGuard,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, HttpExchangeError> {
        Ok(Self {
            resolver,
            exchange: HttpExchange::new(extra_roots_pem)?,
            probe: Probe::new(extra_roots_pem)?,
            guard,
            clock,
        })
    }

    /// The clock that everything is compared with, milliseconds since 1970.
    pub fn now_ms(&self) -> u64 {
        self.clock.now_ms()
    }

    /// Whether private addresses may be connected to.
    pub fn allows_private(&self) -> bool {
        self.guard.allow_private
    }

    /// Asks DNS where a server is.
    pub async fn offer(&self, server: &ServerName) -> Offer {
        let name = format!("_holm._tcp.{server}");
        let records = match in_time(self.resolver.srv(&name)).await {
            Ok(records) if !records.is_empty() => records,
            Ok(_) | Err(ResolveError::NoRecord) => return Offer::Fallback(fallback(server)),
            Err(ResolveError::Failed(reason)) => return Offer::Failed(reason),
        };
        let offered: Vec<SrvTarget> = records.iter().filter_map(canonical).collect();
        if offered.is_empty() {
            return Offer::NoService;
        }
        // Draws of zero: the order does not matter where all are looked at.
        let mut ordered = srv::order(offered, |_| 0);
        ordered.truncate(TARGETS_MAX);
        Offer::Targets(ordered)
    }

    /// Asks DNS for the pin of a server's root.
    pub async fn pin(&self, server: &ServerName) -> Pin {
        match in_time(self.resolver.txt(&format!("_holm.{server}"))).await {
            Ok(records) => match pin::read(&records) {
                Ok(None) => Pin::None,
                Ok(Some(root)) => Pin::Root(root),
                Err(error) => Pin::Unusable(error.to_string()),
            },
            Err(ResolveError::NoRecord) => Pin::None,
            Err(ResolveError::Failed(reason)) => Pin::Failed(reason),
        }
    }

    /// Whether the records of a server come signed (DISC-12); `None` where signatures are not
    /// looked at, or there are no records.
    pub async fn is_secure(&self, server: &ServerName) -> Option<bool> {
        let names = [format!("_holm._tcp.{server}"), format!("_holm.{server}")];
        let secure = self.resolver.is_secure(&names);
        let secure = tokio::time::timeout(LOOKUP_TIME_MAX, secure).await;
        secure.ok().flatten()
    }

    /// Asks DNS for a target's addresses.
    pub async fn place(&self, target: &SrvTarget) -> Place {
        let found = in_time(self.resolver.addresses(&target.target)).await;
        let judged = |addresses: Vec<IpAddr>| {
            let addresses = addresses.into_iter().take(ADDRESSES_MAX);
            addresses.map(|a| (a, self.guard.judge(a))).collect()
        };
        Place {
            port_allowed: self.guard.allows_port(target.port),
            addresses: found.map(judged),
        }
    }

    /// Connects to one address of a target, as far as TLS and no further.
    pub async fn contact(
        &self,
        server: &ServerName,
        target: &SrvTarget,
        address: IpAddr,
    ) -> Contact {
        let at = SocketAddr::new(address, target.port);
        let names = names(server, &target.target);
        self.probe.contact(&names, at, self.now_ms()).await
    }

    /// Judges a certificate chain (PEM) as those who connect will: the name of `names` that it is
    /// valid for now.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn certificate(&self, names: &[String], pem: &[u8]) -> Result<String, CertificateFault> {
        self.probe.certificate(names, pem, self.now_ms())
    }

    /// Asks one address of a target for the server document.
    ///
    /// # Errors
    /// No answer came, in words.
    pub async fn document(
        &self,
        server: &ServerName,
        target: &SrvTarget,
        address: IpAddr,
    ) -> Result<Served, String> {
        let route = Route {
            names: names(server, &target.target),
            port: target.port,
            addresses: vec![address],
        };
        served::ask(&self.exchange, route, &*self.clock).await
    }
}

/// A look-up within the time that all have together in a call (DISC-8).
async fn in_time<T>(look_up: Resolved<'_, T>) -> Result<Vec<T>, ResolveError> {
    let found = tokio::time::timeout(LOOKUP_TIME_MAX, look_up).await;
    found.unwrap_or_else(|_elapsed| {
        let seconds = LOOKUP_TIME_MAX.as_secs();
        Err(ResolveError::Failed(format!(
            "no answer within {seconds} s"
        )))
    })
}
