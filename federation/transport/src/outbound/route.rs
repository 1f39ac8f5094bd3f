//! A way to a server: the addresses that were checked and the names its certificate may bear.
//!
//! A route travels in the request's extensions to the `Exchange`, which connects to these
//! addresses and to none else: the address checked is the address connected to (DISC-6).

use std::net::{IpAddr, SocketAddr};

/// Where a request goes. Made by discovery alone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Route {
    pub(super) names: Vec<String>,
    pub(super) port: u16,
    pub(super) addresses: Vec<IpAddr>,
}

impl Route {
    /// Names one of which the certificate has to be valid for, in the order they are tried
    /// (DISC-7). The first stands in the request's URI.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The checked addresses, in the order they are tried; at least one.
    pub fn addresses(&self) -> impl Iterator<Item = SocketAddr> {
        self.addresses
            .iter()
            .map(|address| SocketAddr::new(*address, self.port))
    }

    /// Port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// `https://name:port`, by the name at `index`.
    pub(super) fn base(&self, index: usize) -> String {
        let name = self.names.get(index).map_or("", String::as_str);
        match self.port {
            443 => format!("https://{name}"),
            port => format!("https://{name}:{port}"),
        }
    }
}

/// Largest response body that is read, in bytes; travels beside the [`Route`].
#[derive(Clone, Copy, Debug)]
pub(super) struct BodyLenMax(pub(super) usize);
