//! The resolver against a real DNS server on loopback.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use hickory_server::Server;
use hickory_server::net::runtime::TokioRuntimeProvider;
use hickory_server::proto::rr::rdata::{A, AAAA, CNAME, SOA, SRV, TXT};
use hickory_server::proto::rr::{LowerName, Name, RData, Record};
use hickory_server::store::in_memory::InMemoryZoneHandler;
use hickory_server::zone_handler::{AxfrPolicy, Catalog, ZoneType};
use holm_federation::{HickoryResolver, Resolve, ResolveError, SrvTarget};
use tokio::net::{TcpListener, UdpSocket};

/// An authoritative server for `islet.test`; it ends with the value.
pub(crate) struct DnsServer {
    pub(crate) address: SocketAddr,
    _server: Server<Catalog>,
}

fn fqdn(name: &str) -> Name {
    Name::from_str(&format!("{name}.")).unwrap()
}

impl DnsServer {
    pub(crate) async fn start(records: Vec<(&str, RData)>) -> Self {
        let origin = fqdn("islet.test");
        let zone = InMemoryZoneHandler::<TokioRuntimeProvider>::empty(
            origin.clone(),
            ZoneType::Primary,
            AxfrPolicy::Deny,
        );
        let soa = SOA::new(
            fqdn("ns.islet.test"),
            fqdn("root.islet.test"),
            1,
            60,
            60,
            60,
            5,
        );
        let soa = ("islet.test", RData::SOA(soa));
        for (name, data) in std::iter::once(soa).chain(records) {
            zone.upsert(Record::from_rdata(fqdn(name), 5, data), 1)
                .await;
        }
        let mut catalog = Catalog::new();
        catalog.upsert(LowerName::new(&origin), vec![Arc::new(zone)]);
        let udp = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = udp.local_addr().unwrap();
        let tcp = TcpListener::bind(address).await.unwrap();
        let mut server = Server::new(catalog);
        server.register_socket(udp);
        server.register_listener(tcp, Duration::from_secs(5), 128);
        Self {
            address,
            _server: server,
        }
    }

    pub(crate) fn resolver(&self) -> HickoryResolver {
        HickoryResolver::new(&[self.address]).unwrap()
    }
}

pub(crate) fn srv(priority: u16, port: u16, target: &str) -> RData {
    RData::SRV(SRV::new(priority, 5, port, fqdn(target)))
}

pub(crate) fn loopback() -> RData {
    RData::A(A(Ipv4Addr::LOCALHOST))
}

/// DISC-12: the root of DNS leads nowhere near `islet.test`, so nothing there can be validated.
#[tokio::test]
async fn an_answer_that_cannot_be_validated_is_a_look_up_that_failed() {
    let pin = RData::TXT(TXT::new(vec!["v=holm1; root=x".into()]));
    let server = DnsServer::start(vec![("_holm.islet.test", pin)]).await;
    let names = ["_holm.islet.test".to_owned()];
    let plain = server.resolver();
    assert_eq!(plain.txt("_holm.islet.test").await.unwrap().len(), 1);
    assert_eq!(plain.is_secure(&names).await, None);
    let validating = HickoryResolver::validating(&[server.address]).unwrap();
    for name in ["_holm.islet.test", "_holm.other.islet.test"] {
        let refused = validating.txt(name).await;
        assert!(
            matches!(refused, Err(ResolveError::Failed(_))),
            "{refused:?}"
        );
    }
    assert_eq!(validating.is_secure(&names).await, None);
}

#[tokio::test]
async fn srv_records_are_read() {
    // DISC-1
    let records = vec![
        ("_holm._tcp.islet.test", srv(10, 8_448, "holm.islet.test")),
        ("_holm._tcp.islet.test", srv(20, 443, "backup.islet.test")),
    ];
    let server = DnsServer::start(records).await;
    let mut found = server
        .resolver()
        .srv("_holm._tcp.islet.test")
        .await
        .unwrap();
    found.sort_by_key(|target| target.priority);
    let expected = SrvTarget {
        priority: 10,
        weight: 5,
        port: 8_448,
        target: "holm.islet.test.".into(),
    };
    assert_eq!((found.len(), &found[0]), (2, &expected));
}

#[tokio::test]
async fn the_dot_of_a_service_that_is_not_offered_stays_a_dot() {
    // DISC-4
    let none = RData::SRV(SRV::new(0, 0, 0, Name::root()));
    let server = DnsServer::start(vec![("_holm._tcp.islet.test", none)]).await;
    let found = server
        .resolver()
        .srv("_holm._tcp.islet.test")
        .await
        .unwrap();
    assert_eq!(found[0].target, ".");
}

#[tokio::test]
async fn the_strings_of_a_text_record_are_joined() {
    // DISC-9
    let text = TXT::new(vec!["v=holm1; ".into(), "root=AAAA".into()]);
    let records = vec![("_holm.islet.test", RData::TXT(text))];
    let server = DnsServer::start(records).await;
    let found = server.resolver().txt("_holm.islet.test").await.unwrap();
    assert_eq!(found, ["v=holm1; root=AAAA"]);
}

#[tokio::test]
async fn addresses_of_both_families_are_found_also_behind_an_alias() {
    // DISC-1
    let alias = CNAME(fqdn("holm.islet.test"));
    let server = DnsServer::start(vec![
        ("holm.islet.test", loopback()),
        ("holm.islet.test", RData::AAAA(AAAA(Ipv6Addr::LOCALHOST))),
        ("www.islet.test", RData::CNAME(alias)),
    ])
    .await;
    for name in ["holm.islet.test", "www.islet.test"] {
        let mut found = server.resolver().addresses(name).await.unwrap();
        found.sort();
        let expected: [IpAddr; 2] = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
        assert_eq!(found, expected, "{name}");
    }
}

#[tokio::test]
async fn what_does_not_exist_is_told_apart_from_what_cannot_be_looked_up() {
    // DISC-2
    let server = DnsServer::start(vec![("holm.islet.test", loopback())]).await;
    let resolver = server.resolver();
    let missing = resolver.srv("_holm._tcp.islet.test").await;
    assert_eq!(missing, Err(ResolveError::NoRecord));
    let other_kind = resolver.txt("holm.islet.test").await;
    assert_eq!(other_kind, Err(ResolveError::NoRecord));
    let no_host = resolver.addresses("nothing.islet.test").await;
    assert_eq!(no_host, Err(ResolveError::NoRecord));
    // The server is not responsible for this zone and says so.
    let refused = resolver.srv("_holm._tcp.other.test").await;
    assert!(
        matches!(refused, Err(ResolveError::Failed(_))),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_server_that_is_not_there_is_a_failure() {
    // DISC-2
    let closed = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = closed.local_addr().unwrap();
    drop(closed);
    let resolver = HickoryResolver::new(&[address]).unwrap();
    let answer = resolver.srv("_holm._tcp.islet.test").await;
    assert!(matches!(answer, Err(ResolveError::Failed(_))), "{answer:?}");
}
