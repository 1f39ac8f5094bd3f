//! The DNS of a run: every host has its name; look-ups fail or lie where a fault says so.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use holm_federation::{Resolve, ResolveError, Resolved, SrvTarget};

/// What look-ups of a name give while it is out of order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Disorder {
    /// They fail.
    Fails,
    /// They name another host.
    Lies(String),
    /// They find nothing.
    FindsNothing,
}

/// All names, asked by every host.
#[derive(Debug, Default)]
pub struct Dns {
    disorder: Mutex<BTreeMap<String, Disorder>>,
}

impl Dns {
    /// Sets what look-ups of a name give; none puts it in order.
    pub fn set(&self, name: &str, disorder: Option<Disorder>) {
        match disorder {
            Some(disorder) => self.lock().insert(name.to_owned(), disorder),
            None => self.lock().remove(name),
        };
    }

    /// The address of a name.
    pub fn address(&self, name: &str) -> Result<IpAddr, String> {
        match self.lock().get(name).cloned() {
            None => Ok(turmoil::lookup(name)),
            Some(Disorder::Lies(other)) => Ok(turmoil::lookup(other)),
            Some(disorder) => Err(format!("DNS: {disorder:?}")),
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Disorder>> {
        self.disorder.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Resolve for Dns {
    fn srv<'a>(&'a self, name: &'a str) -> Resolved<'a, SrvTarget> {
        let domain = name.trim_start_matches("_holm._tcp.");
        let answer = match self.lock().get(domain) {
            Some(Disorder::Fails) => Err(ResolveError::Failed("SERVFAIL".to_owned())),
            _ => Err(ResolveError::NoRecord),
        };
        Box::pin(std::future::ready(answer))
    }

    fn txt<'a>(&'a self, _name: &'a str) -> Resolved<'a, String> {
        Box::pin(std::future::ready(Err(ResolveError::NoRecord)))
    }

    fn addresses<'a>(&'a self, host: &'a str) -> Resolved<'a, IpAddr> {
        let answer = match self.lock().get(host).cloned() {
            None => Ok(vec![turmoil::lookup(host)]),
            Some(Disorder::Lies(other)) => Ok(vec![turmoil::lookup(other)]),
            Some(Disorder::FindsNothing) => Err(ResolveError::NoRecord),
            Some(Disorder::Fails) => Err(ResolveError::Failed("SERVFAIL".to_owned())),
        };
        Box::pin(std::future::ready(answer))
    }
}
