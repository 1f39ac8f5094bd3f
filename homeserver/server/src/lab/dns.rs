//! A DNS server on loopback that answers for every name from a table, and can be changed while
//! it runs.
//!
//! It is authoritative for the root, so any domain can be given records. Answers live for one
//! second, that a change is seen soon. The table is also written to `records.zone`, for people.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use hickory_server::Server;
use hickory_server::net::runtime::TokioRuntimeProvider;
use hickory_server::proto::rr::rdata::{A, SOA, SRV, TXT};
use hickory_server::proto::rr::{LowerName, Name, RData, Record};
use hickory_server::store::in_memory::InMemoryZoneHandler;
use hickory_server::zone_handler::{AxfrPolicy, Catalog, ZoneHandler, ZoneType};
use holm_protocol::{PublicKey, ServerName};
use tokio::net::{TcpListener, UdpSocket};
use tokio::sync::Mutex;

use super::LabError;

type Zone = InMemoryZoneHandler<TokioRuntimeProvider>;
type Table = BTreeMap<String, Vec<RecordData>>;

/// What a record says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordData {
    /// An IPv4 address.
    A(Ipv4Addr),
    /// Where a service is.
    Srv {
        /// Lower ones are tried first.
        priority: u16,
        /// Share among equal priorities.
        weight: u16,
        /// The port.
        port: u16,
        /// The host.
        target: String,
    },
    /// A text.
    Txt(String),
}

/// The DNS server; it ends when dropped.
pub struct Dns {
    address: SocketAddr,
    zone: Arc<Zone>,
    table: Mutex<Table>,
    file: PathBuf,
    _server: Server<Catalog>,
}

/// Seconds an answer lives.
const TTL: u32 = 1;
/// How long a TCP query may take, and how many answers wait for its sender.
const TCP_TIMEOUT: Duration = Duration::from_secs(5);
const TCP_ANSWERS_MAX: usize = 128;

impl Dns {
    /// Starts on a free port of loopback; `folder` gets `records.zone`.
    pub async fn start(folder: &Path) -> Result<Self, LabError> {
        Self::listen(folder, bind_both().await?).await
    }

    /// Starts at an address; `folder` gets `records.zone`.
    pub async fn start_at(folder: &Path, address: SocketAddr) -> Result<Self, LabError> {
        let udp = UdpSocket::bind(address).await?;
        let tcp = TcpListener::bind(udp.local_addr()?).await?;
        Self::listen(folder, (udp, tcp)).await
    }

    async fn listen(folder: &Path, (udp, tcp): (UdpSocket, TcpListener)) -> Result<Self, LabError> {
        std::fs::create_dir_all(folder)?;
        let zone = Arc::new(empty_zone());
        let handler: Arc<dyn ZoneHandler> = zone.clone();
        let mut catalog = Catalog::new();
        catalog.upsert(LowerName::from(Name::root()), vec![handler]);
        let mut server = Server::new(catalog);
        let address = udp.local_addr()?;
        server.register_socket(udp);
        server.register_listener(tcp, TCP_TIMEOUT, TCP_ANSWERS_MAX);
        let dns = Self {
            address,
            zone,
            table: Mutex::default(),
            file: folder.join("records.zone"),
            _server: server,
        };
        dns.change(|_| ()).await?;
        Ok(dns)
    }

    /// The address it answers at, UDP and TCP.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Gives `name` exactly these records; none takes the name away.
    pub async fn set(&self, name: &str, records: Vec<RecordData>) -> Result<(), LabError> {
        let name = name.to_owned();
        self.change(|table| match records.is_empty() {
            true => drop(table.remove(&name)),
            false => drop(table.insert(name, records)),
        })
        .await
    }

    /// What a server's administrator would write: SRV to `hs.<domain>:port` on 127.0.0.1, the
    /// address of the domain itself, and TXT with the pin of its root key.
    pub async fn publish(
        &self,
        domain: &ServerName,
        port: u16,
        root: &PublicKey,
    ) -> Result<(), LabError> {
        let host = format!("hs.{domain}");
        let service = RecordData::Srv {
            priority: 10,
            weight: 5,
            port,
            target: host.clone(),
        };
        let pin = RecordData::Txt(format!("v=holm1; root={root}"));
        self.change(|table| {
            table.insert(format!("_holm._tcp.{domain}"), vec![service]);
            table.insert(format!("_holm.{domain}"), vec![pin]);
            table.insert(host, vec![RecordData::A(Ipv4Addr::LOCALHOST)]);
            table.insert(domain.to_string(), vec![RecordData::A(Ipv4Addr::LOCALHOST)]);
        })
        .await
    }

    async fn change(&self, edit: impl FnOnce(&mut Table)) -> Result<(), LabError> {
        let mut table = self.table.lock().await;
        let mut edited = table.clone();
        edit(&mut edited);
        let records = records(&edited)?;
        // Made aside and put in place at once: whoever asks meanwhile finds every name.
        let aside = empty_zone();
        for record in records {
            aside.upsert(record, 0).await;
        }
        *self.zone.records_mut().await = std::mem::take(&mut *aside.records_mut().await);
        *table = edited;
        std::fs::write(&self.file, zone_file(&table))?;
        Ok(())
    }
}

/// A zone without records, of all names.
fn empty_zone() -> Zone {
    Zone::empty(Name::root(), ZoneType::Primary, AxfrPolicy::Deny)
}

/// A UDP and a TCP socket on the same free port.
async fn bind_both() -> std::io::Result<(UdpSocket, TcpListener)> {
    let mut last = None;
    for _ in 0..16 {
        let udp = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        match TcpListener::bind(udp.local_addr()?).await {
            Ok(tcp) => return Ok((udp, tcp)),
            Err(e) => last = Some(e),
        }
    }
    Err(last.unwrap_or_else(|| std::io::ErrorKind::AddrInUse.into()))
}

fn records(table: &Table) -> Result<Vec<Record>, LabError> {
    let name = |text: &str| Name::from_ascii(format!("{text}."));
    let (server, person) = (name("ns.lab")?, name("nobody.lab")?);
    let soa = SOA::new(server, person, 1, 60, 60, 60, TTL);
    let mut all = vec![Record::from_rdata(Name::root(), TTL, RData::SOA(soa))];
    for (owner, records) in table {
        for record in records {
            let data = match record {
                RecordData::A(address) => RData::A(A(*address)),
                RecordData::Txt(text) => RData::TXT(TXT::new(vec![text.clone()])),
                RecordData::Srv {
                    priority,
                    weight,
                    port,
                    target,
                } => RData::SRV(SRV::new(*priority, *weight, *port, name(target)?)),
            };
            all.push(Record::from_rdata(name(owner)?, TTL, data));
        }
    }
    Ok(all)
}

/// The table as a zone file (RFC 1035, section 5).
fn zone_file(table: &Table) -> String {
    let mut text = String::from("; What the lab's DNS server answers now; a copy, for people.\n");
    for (owner, records) in table {
        for record in records {
            let data = match record {
                RecordData::A(address) => format!("A {address}"),
                RecordData::Txt(text) => format!("TXT \"{text}\""),
                RecordData::Srv {
                    priority,
                    weight,
                    port,
                    target,
                } => format!("SRV {priority} {weight} {port} {target}."),
            };
            let _ = writeln!(text, "{owner}. {TTL} IN {data}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use hickory_resolver::Resolver;
    use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig};
    use hickory_resolver::proto::rr::RecordType;

    use super::*;

    fn resolver(address: SocketAddr) -> Resolver<TokioRuntimeProvider> {
        let (mut udp, mut tcp) = (ConnectionConfig::udp(), ConnectionConfig::tcp());
        (udp.port, tcp.port) = (address.port(), address.port());
        let server = NameServerConfig::new(address.ip(), true, vec![udp, tcp]);
        let config = ResolverConfig::from_name_servers(vec![server]);
        let mut builder = Resolver::builder_with_config(config, TokioRuntimeProvider::default());
        builder.options_mut().cache_size = 0;
        builder.build().unwrap()
    }

    async fn texts(from: &Resolver<TokioRuntimeProvider>, name: &str, kind: RecordType) -> String {
        let found = from.lookup(name, kind).await.unwrap();
        found
            .answers()
            .iter()
            .map(|r| r.data.to_string())
            .collect::<Vec<_>>()
            .join(" | ")
    }

    #[tokio::test]
    async fn a_published_server_is_found_and_a_change_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let dns = Dns::start(folder.path()).await.unwrap();
        let domain = ServerName::parse("islet.test").unwrap();
        dns.publish(&domain, 8443, &PublicKey([7; 32]))
            .await
            .unwrap();
        let resolver = resolver(dns.address());
        let srv = texts(&resolver, "_holm._tcp.islet.test.", RecordType::SRV).await;
        assert_eq!(srv, "10 5 8443 hs.islet.test.");
        let pin = texts(&resolver, "_holm.islet.test.", RecordType::TXT).await;
        assert!(
            pin.contains(&format!("root={}", PublicKey([7; 32]))),
            "{pin}"
        );
        assert_eq!(
            texts(&resolver, "hs.islet.test.", RecordType::A).await,
            "127.0.0.1"
        );
        let other = RecordData::A(Ipv4Addr::new(10, 0, 0, 1));
        dns.set("hs.islet.test", vec![other]).await.unwrap();
        assert_eq!(
            texts(&resolver, "hs.islet.test.", RecordType::A).await,
            "10.0.0.1"
        );
        dns.set("hs.islet.test", vec![]).await.unwrap();
        assert!(
            resolver
                .lookup("hs.islet.test.", RecordType::A)
                .await
                .is_err()
        );
        let zone = std::fs::read_to_string(folder.path().join("records.zone")).unwrap();
        assert!(zone.contains("_holm._tcp.islet.test. 1 IN SRV 10 5 8443 hs.islet.test."));
    }
}
