//! Finding servers against a DNS of the test (DISC-1 to DISC-8).

use std::collections::BTreeMap;
use std::net::IpAddr;

use holm_protocol::ServerName;

use super::super::resolve::{Resolve, ResolveError, Resolved, SrvTarget};
use super::{AddressGuard, DiscoveryError, Route, discover};

/// Records by name; a name without any does not exist.
#[derive(Default)]
struct Dns {
    srv: Option<Result<Vec<SrvTarget>, ResolveError>>,
    addresses: BTreeMap<String, Vec<IpAddr>>,
    silent: bool,
}

impl Dns {
    fn srv(mut self, priority: u16, port: u16, target: &str) -> Self {
        let record = SrvTarget {
            priority,
            weight: 0,
            port,
            target: target.into(),
        };
        let records = self.srv.get_or_insert_with(|| Ok(Vec::new()));
        if let Ok(records) = records {
            records.push(record);
        }
        self
    }

    fn host(mut self, name: &str, addresses: &[&str]) -> Self {
        let addresses = addresses.iter().map(|a| a.parse().unwrap()).collect();
        self.addresses.insert(name.into(), addresses);
        self
    }
}

impl Resolve for Dns {
    fn srv<'a>(&'a self, name: &'a str) -> Resolved<'a, SrvTarget> {
        assert_eq!(name, "_holm._tcp.islet.example");
        let answer = self.srv.clone().unwrap_or(Err(ResolveError::NoRecord));
        Box::pin(async move {
            match self.silent {
                true => std::future::pending().await,
                false => answer,
            }
        })
    }

    fn txt<'a>(&'a self, _name: &'a str) -> Resolved<'a, String> {
        Box::pin(async { Err(ResolveError::NoRecord) })
    }

    fn addresses<'a>(&'a self, host: &'a str) -> Resolved<'a, IpAddr> {
        let found = self.addresses.get(host).cloned();
        Box::pin(async move { found.ok_or(ResolveError::NoRecord) })
    }
}

async fn find(dns: &Dns, allow_private: bool) -> Result<Vec<Route>, DiscoveryError> {
    let server = ServerName::parse("islet.example").unwrap();
    discover(dns, AddressGuard { allow_private }, &server, |_| 0).await
}

fn bases(routes: &[Route]) -> Vec<(String, String)> {
    let base = |route: &Route| {
        let address = route.addresses().next().unwrap();
        (route.base(0), address.to_string())
    };
    routes.iter().map(base).collect()
}

#[tokio::test]
async fn srv_targets_come_in_order_of_priority() {
    // DISC-1, DISC-3
    let dns = Dns::default()
        .srv(20, 443, "backup.islet.example.")
        .srv(10, 8_448, "Holm.islet.example")
        .host("holm.islet.example", &["9.9.9.9"])
        .host("backup.islet.example", &["8.8.8.8"]);
    let expected = [
        ("https://holm.islet.example:8448", "9.9.9.9:8448"),
        ("https://backup.islet.example", "8.8.8.8:443"),
    ];
    let expected = expected.map(|(base, address)| (base.to_owned(), address.to_owned()));
    assert_eq!(bases(&find(&dns, false).await.unwrap()), expected);
}

#[tokio::test]
async fn without_srv_records_the_name_itself_is_called_at_port_443() {
    // DISC-2
    let dns = Dns::default().host("islet.example", &["9.9.9.9"]);
    let routes = find(&dns, false).await.unwrap();
    let expected = ("https://islet.example".to_owned(), "9.9.9.9:443".to_owned());
    assert_eq!(bases(&routes), [expected]);
}

#[tokio::test]
async fn a_look_up_that_fails_does_not_lead_to_port_443() {
    // DISC-2
    let mut dns = Dns::default().host("islet.example", &["9.9.9.9"]);
    dns.srv = Some(Err(ResolveError::Failed("server failure".into())));
    let expected = DiscoveryError::Dns("server failure".into());
    assert_eq!(find(&dns, false).await, Err(expected));
}

#[tokio::test]
async fn a_lone_dot_says_that_there_is_no_service() {
    // DISC-4
    let dns = Dns::default()
        .srv(0, 0, ".")
        .host("islet.example", &["9.9.9.9"]);
    assert_eq!(find(&dns, false).await, Err(DiscoveryError::NoService));
}

#[tokio::test]
async fn a_private_address_is_refused_unless_configured() {
    // DISC-6
    let dns = Dns::default().host("islet.example", &["127.0.0.1"]);
    let Err(DiscoveryError::NoAddress(reason)) = find(&dns, false).await else {
        panic!("a loopback address is refused");
    };
    assert!(reason.contains("127.0.0.1"), "{reason}");
    assert_eq!(find(&dns, true).await.unwrap().len(), 1);
}

#[tokio::test]
async fn of_a_public_and_a_private_address_only_the_public_one_is_tried() {
    // DISC-6
    let dns = Dns::default().host("islet.example", &["10.0.0.1", "9.9.9.9", "9.9.9.9"]);
    let routes = find(&dns, false).await.unwrap();
    let addresses: Vec<String> = routes[0].addresses().map(|a| a.to_string()).collect();
    assert_eq!(addresses, ["9.9.9.9:443"]);
}

#[tokio::test]
async fn a_target_without_a_usable_address_or_port_does_not_stop_the_others() {
    // DISC-3, DISC-5
    let dns = Dns::default()
        .srv(1, 443, "gone.islet.example")
        .srv(2, 22, "shell.islet.example")
        .srv(3, 443, "holm.islet.example")
        .host("shell.islet.example", &["9.9.9.9"])
        .host("holm.islet.example", &["8.8.8.8"]);
    let routes = find(&dns, false).await.unwrap();
    assert_eq!(bases(&routes)[0].0, "https://holm.islet.example");
    assert_eq!(routes.len(), 1);
}

#[tokio::test]
async fn at_most_sixteen_targets_and_addresses_are_tried() {
    // DISC-3, DISC-6
    let many: Vec<String> = (1..=17).map(|n| format!("9.9.9.{n}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let mut dns = Dns::default().host("holm.islet.example", &many);
    for port in 2_001..=2_017 {
        dns = dns.srv(port, port, "holm.islet.example");
    }
    let routes = find(&dns, false).await.unwrap();
    assert_eq!((routes.len(), routes[15].port()), (16, 2_016));
    assert_eq!(routes[0].addresses().count(), 16);
}

#[tokio::test]
async fn the_certificate_may_bear_the_domain_or_a_target_below_it() {
    // DISC-7
    let names = |target: &'static str| async move {
        let dns = Dns::default()
            .srv(1, 443, target)
            .host(target, &["9.9.9.9"]);
        find(&dns, false).await.unwrap()[0].names().to_vec()
    };
    assert_eq!(
        names("holm.islet.example").await,
        ["holm.islet.example", "islet.example"]
    );
    assert_eq!(names("islet.example").await, ["islet.example"]);
    for foreign in ["host.example", "notislet.example", "_x.islet.example"] {
        assert_eq!(names(foreign).await, ["islet.example"], "{foreign}");
    }
}

#[tokio::test(start_paused = true)]
async fn look_ups_end_after_five_seconds() {
    // DISC-8
    let dns = Dns {
        silent: true,
        ..Dns::default()
    };
    assert_eq!(find(&dns, false).await, Err(DiscoveryError::TimedOut));
}
