//! One HTTP client per route, bounded, with the name that its certificate turned out to bear.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::time::Duration;

use reqwest::dns::{Name, Resolve, Resolving};
use reqwest::{Client, redirect};
use rustls::ClientConfig;

use super::super::peer::lock;
use super::super::route::Route;
use super::{CONNECT_TIME_MAX, EXCHANGE_TIME_MAX, chain};

/// The clients, each with its pool of connections.
pub(super) struct Clients {
    tls: ClientConfig,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    entries: BTreeMap<Route, Entry>,
    uses: u64,
}

struct Entry {
    name: usize,
    client: Client,
    used: u64,
}

impl Clients {
    pub(super) fn new(tls: ClientConfig) -> Self {
        Self {
            tls,
            inner: Mutex::default(),
        }
    }

    /// The route's client, and the index of the name to use with it.
    pub(super) fn get(&self, route: &Route) -> Result<(usize, Client), String> {
        let mut inner = lock(&self.inner);
        inner.uses += 1;
        let used = inner.uses;
        if let Some(entry) = inner.entries.get_mut(route) {
            entry.used = used;
            return Ok((entry.name, entry.client.clone()));
        }
        let client = self.build(route)?;
        if inner.entries.len() >= CLIENTS_MAX {
            inner.forget_oldest();
        }
        let entry = Entry {
            name: 0,
            client: client.clone(),
            used,
        };
        inner.entries.insert(route.clone(), entry);
        Ok((0, client))
    }

    /// The certificate is not valid for the name at `index`: the next one is used from now on.
    pub(super) fn next_name(&self, route: &Route, index: usize) {
        if let Some(entry) = lock(&self.inner).entries.get_mut(route)
            && entry.name == index
        {
            entry.name = (index + 1) % route.names().len().max(1);
        }
    }

    /// A connection of the route did not answer in time: its client goes with all its connections,
    /// so that none of them is used again. Calls under way on them end by themselves.
    pub(super) fn forget(&self, route: &Route) {
        lock(&self.inner).entries.remove(route);
    }

    fn build(&self, route: &Route) -> Result<Client, String> {
        let addresses: Vec<SocketAddr> = route.addresses().collect();
        let mut builder = Client::builder()
            .tls_backend_preconfigured(self.tls.clone())
            .https_only(true)
            .no_proxy()
            .redirect(redirect::Policy::none())
            .referer(false)
            .dns_resolver(NoLookups)
            .connect_timeout(CONNECT_TIME_MAX)
            .timeout(EXCHANGE_TIME_MAX)
            .http2_keep_alive_interval(PING_INTERVAL)
            .http2_keep_alive_timeout(PING_TIME_MAX)
            .http2_keep_alive_while_idle(true)
            .tcp_keepalive(PING_INTERVAL)
            .tcp_keepalive_interval(PING_INTERVAL)
            .pool_idle_timeout(IDLE_TIME_MAX)
            .pool_max_idle_per_host(IDLE_CONNECTIONS_MAX);
        for name in route.names() {
            builder = builder.resolve_to_addrs(name, &addresses);
        }
        builder.build().map_err(|error| chain(&error))
    }
}

impl Inner {
    fn forget_oldest(&mut self) {
        let oldest = self.entries.iter().min_by_key(|(_, entry)| entry.used);
        if let Some(route) = oldest.map(|(route, _)| route.clone()) {
            self.entries.remove(&route);
        }
    }
}

/// Refuses every look-up: a client knows its route's addresses and nothing else.
struct NoLookups;

impl Resolve for NoLookups {
    fn resolve(&self, name: Name) -> Resolving {
        let reason = format!("{} is not a name of this route", name.as_str());
        Box::pin(async move { Err(reason.into()) })
    }
}

/// Routes with a client.
const CLIENTS_MAX: usize = 256;
/// How often a connection is asked for a sign of life, used or not: one that is cut without a word
/// is found dead after this and the next.
const PING_INTERVAL: Duration = Duration::from_secs(4);
/// Time for the sign of life.
const PING_TIME_MAX: Duration = Duration::from_secs(4);
/// How long a connection is kept without use.
const IDLE_TIME_MAX: Duration = Duration::from_mins(1);
/// Connections kept without use, a route.
const IDLE_CONNECTIONS_MAX: usize = 4;
