//! What the kit brings along for its own homeservers: a certificate authority, DNS, an address.
//!
//! A server under test asks the kit's DNS and trusts the kit's authority, by its ordinary
//! configuration; nothing in it knows that it is tried.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use holm::lab::{Authority, Dns, Lab, RecordData};
use holm_protocol::{PublicKey, ServerName};

use crate::target::Target;

/// Authority, DNS and address of the kit's homeservers.
pub struct Kit {
    ground: Ground,
    /// Where the kit's homeservers listen and are reached.
    pub address: Ipv4Addr,
}

enum Ground {
    /// Shared with the servers of a lab.
    Lab(Arc<Lab>),
    /// The kit's own, for a server that was started by somebody else.
    Own(Box<(Authority, Dns)>),
}

impl Kit {
    /// The authority and DNS of a lab, with homeservers on loopback.
    pub fn of_lab(lab: Arc<Lab>) -> Self {
        Self {
            ground: Ground::Lab(lab),
            address: Ipv4Addr::LOCALHOST,
        }
    }

    /// The kit's own: the authority of `folder`, DNS at `dns`, homeservers at `address`.
    ///
    /// # Errors
    /// What the machine said.
    pub async fn own(folder: &Path, dns: SocketAddr, address: Ipv4Addr) -> Result<Self, String> {
        let authority = Authority::kept(&folder.join("ca")).map_err(|e| e.to_string())?;
        let dns = Dns::start_at(&folder.join("dns"), dns).await;
        let dns = dns.map_err(|e| format!("DNS: {e}"))?;
        let ground = Ground::Own(Box::new((authority, dns)));
        Ok(Self { ground, address })
    }

    /// Its certificate authority.
    pub fn authority(&self) -> &Authority {
        match &self.ground {
            Ground::Lab(lab) => &lab.authority,
            Ground::Own(own) => &own.0,
        }
    }

    /// Its DNS server.
    pub fn dns(&self) -> &Dns {
        match &self.ground {
            Ground::Lab(lab) => &lab.dns,
            Ground::Own(own) => &own.1,
        }
    }

    /// Publishes a homeserver of the kit: SRV to `hs.<domain>` at the kit's address, and the pin
    /// of its root, where there is one.
    ///
    /// # Errors
    /// Where a name is none.
    pub async fn publish(
        &self,
        domain: &ServerName,
        port: u16,
        root: Option<&PublicKey>,
    ) -> Result<(), String> {
        let host = format!("hs.{domain}");
        self.set(&host, vec![RecordData::A(self.address)]).await?;
        let service = srv(10, 5, port, &host);
        self.set(&format!("_holm._tcp.{domain}"), vec![service])
            .await?;
        let pin = root.map(|root| RecordData::Txt(format!("v=holm1; root={root}")));
        self.set(&format!("_holm.{domain}"), pin.into_iter().collect())
            .await
    }

    /// Publishes the server under test, for servers that ask the kit's DNS alone.
    ///
    /// # Errors
    /// Where a name is none.
    pub async fn publish_target(&self, target: &Target) -> Result<(), String> {
        let SocketAddr::V4(address) = target.address else {
            return Err("the server under test has to be reached by IPv4".to_owned());
        };
        self.set(&target.host, vec![RecordData::A(*address.ip())])
            .await?;
        let service = srv(10, 5, address.port(), &target.host);
        self.set(&format!("_holm._tcp.{}", target.domain), vec![service])
            .await
    }

    /// Gives a name exactly these records.
    ///
    /// # Errors
    /// Where the name is none.
    pub async fn set(&self, name: &str, records: Vec<RecordData>) -> Result<(), String> {
        self.dns()
            .set(name, records)
            .await
            .map_err(|e| e.to_string())
    }
}

/// A record that says where a service is.
pub fn srv(priority: u16, weight: u16, port: u16, target: &str) -> RecordData {
    RecordData::Srv {
        priority,
        weight,
        port,
        target: target.to_owned(),
    }
}
