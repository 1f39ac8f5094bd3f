//! How somebody sees the servers: a DNS of their own that leads to wires of their own, so that
//! who reaches whom can be decided pair by pair.

use std::collections::BTreeMap;
use std::path::Path;

use holm::lab::{Dns, Lab, LabError, Wire};
use holm_protocol::ServerName;

/// The way of one server, or of some devices, to all servers.
pub(crate) struct View {
    dns: Dns,
    wires: BTreeMap<ServerName, Wire>,
}

impl View {
    /// Sets up DNS and wires; DNS keeps a copy of its table in `folder`.
    pub(crate) async fn open(folder: &Path, lab: &Lab) -> Result<Self, LabError> {
        let mut view = Self {
            dns: Dns::start(folder).await?,
            wires: BTreeMap::new(),
        };
        for server in lab.servers() {
            let mut wire = Wire::bind().await?;
            wire.start(server.listen());
            view.wires.insert(server.domain().clone(), wire);
            view.publish(lab, server.domain()).await?;
        }
        Ok(view)
    }

    /// Where its DNS answers.
    pub(crate) fn dns(&self) -> std::net::SocketAddr {
        self.dns.address()
    }

    /// The wire to a server.
    pub(crate) fn wire(&self, to: &ServerName) -> Option<&Wire> {
        self.wires.get(to)
    }

    /// All wires.
    pub(crate) fn wires(&self) -> impl Iterator<Item = &Wire> {
        self.wires.values()
    }

    /// Has DNS know a server.
    pub(crate) async fn publish(&self, lab: &Lab, domain: &ServerName) -> Result<(), LabError> {
        let server = lab.server(domain.as_str())?;
        if let Some(wire) = self.wire(domain) {
            let root = server.ready().root;
            self.dns.publish(domain, wire.port(), &root).await?;
        }
        Ok(())
    }

    /// Has DNS forget where a server is.
    pub(crate) async fn forget(&self, domain: &ServerName) -> Result<(), LabError> {
        for name in [format!("_holm._tcp.{domain}"), format!("hs.{domain}")] {
            self.dns.set(&name, Vec::new()).await?;
        }
        Ok(())
    }
}
