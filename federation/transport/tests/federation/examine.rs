//! A server looked at step by step, over real TLS.

use std::net::{IpAddr, Ipv4Addr};

use holm_federation::{
    AddressGuard, CertificateFault, Contact, Examiner, Offer, Pin, ResolveError, SrvTarget, Verdict,
};
use holm_protocol::ServerName;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use crate::tls_server::{Authority, Says, TlsServer, http};
use crate::world::{START_MS, World, name};

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

fn examiner(world: &World, roots: &str) -> Examiner {
    let guard = AddressGuard {
        allow_private: true,
    };
    let dns = world.dns.clone();
    Examiner::new(dns, roots.as_bytes(), guard, world.clock.clone()).unwrap()
}

fn skerry() -> ServerName {
    name("skerry.example")
}

fn target(port: u16) -> SrvTarget {
    SrvTarget {
        priority: 0,
        weight: 0,
        port,
        target: "holm.skerry.example".to_owned(),
    }
}

async fn contact(examiner: &Examiner, port: u16) -> Contact {
    examiner.contact(&skerry(), &target(port), LOOPBACK).await
}

fn silent() -> Says {
    Says::All(String::new())
}

#[tokio::test]
async fn each_fault_of_a_certificate_is_told_apart() {
    // D10, DISC-7
    let (world, ca) = (World::new(), Authority::new());
    let examiner = examiner(&world, &ca.pem());
    let well = TlsServer::start(&ca, "skerry.example", silent()).await;
    let secure = contact(&examiner, well.port).await;
    let Contact::Secure { name, expires_ms } = secure else {
        panic!("{secure:?}");
    };
    assert_eq!(name, "skerry.example");
    // The year 4096, by which rcgen's certificates end.
    assert_eq!(expires_ms, Some(67_090_118_400_000));
    let below = TlsServer::start(&ca, "holm.skerry.example", silent()).await;
    assert!(matches!(
        contact(&examiner, below.port).await,
        Contact::Secure { name, .. } if name == "holm.skerry.example"
    ));
    let old = TlsServer::start_expired(&ca, "skerry.example", silent()).await;
    assert_eq!(
        contact(&examiner, old.port).await,
        Contact::BadCertificate(CertificateFault::Expired(1_609_459_200_000))
    );
    let other = TlsServer::start(&ca, "islet.example", silent()).await;
    let Contact::BadCertificate(CertificateFault::WrongName(names)) =
        contact(&examiner, other.port).await
    else {
        panic!("a wrong name is expected");
    };
    assert!(names[0].contains("islet.example"), "{names:?}");
    let foreign = TlsServer::start(&Authority::new(), "skerry.example", silent()).await;
    assert_eq!(
        contact(&examiner, foreign.port).await,
        Contact::BadCertificate(CertificateFault::UnknownIssuer(1))
    );
    let untouched = [&well, &below, &old, &other, &foreign];
    assert!(untouched.iter().all(|server| server.requests() == 0));
}

#[tokio::test]
async fn what_takes_no_connection_and_what_speaks_no_tls_are_told_apart() {
    // D09, DISC-3
    let world = World::new();
    let examiner = examiner(&world, "");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        socket.write_all(b"220 a mail server\r\n").await.unwrap();
    });
    let spoken = contact(&examiner, port).await;
    assert!(matches!(spoken, Contact::NoTls(_)), "{spoken:?}");
    // The listener went with its only connection.
    let dead = contact(&examiner, port).await;
    assert!(matches!(dead, Contact::NotConnected(_)), "{dead:?}");
}

#[tokio::test]
async fn the_document_and_the_clock_are_read_from_one_address() {
    // DOC-1, SIG-7
    let (world, ca) = (World::new(), Authority::new());
    let examiner = examiner(&world, &ca.pem());
    let document = world.skerry.document(START_MS);
    let body = serde_json::to_string(&document).unwrap();
    let date = "date: Thu, 01 Jan 2026 00:05:00 GMT\r\n";
    let says = Says::All(http("200 OK", date, &body));
    let server = TlsServer::start(&ca, "skerry.example", says).await;
    let served = examiner
        .document(&skerry(), &target(server.port), LOOPBACK)
        .await
        .unwrap();
    assert_eq!(served.document, Ok(document));
    assert_eq!(served.date_ms, Some(START_MS + 300_000));
    assert_eq!(
        (served.status, served.between_ms),
        (200, (START_MS, START_MS))
    );
}

#[tokio::test]
async fn dns_is_told_record_by_record() {
    // DISC-1, DISC-2, DISC-4, DISC-6, DISC-9
    let world = World::new();
    let closed = Examiner::new(
        world.dns.clone(),
        b"",
        AddressGuard::default(),
        world.clock.clone(),
    )
    .unwrap();
    assert!(matches!(closed.offer(&skerry()).await, Offer::Fallback(t) if t.port == 443));
    assert_eq!(closed.pin(&skerry()).await, Pin::None);
    world
        .dns
        .srv("skerry.example", 1, 8443, "Holm.Skerry.Example.");
    let Offer::Targets(targets) = closed.offer(&skerry()).await else {
        panic!("a target is expected");
    };
    assert_eq!(targets[0].target, "holm.skerry.example");
    let nowhere = closed.place(&targets[0]).await;
    assert_eq!(nowhere.addresses, Err(ResolveError::NoRecord));
    world.dns.host("holm.skerry.example", "10.0.0.1");
    let place = closed.place(&targets[0]).await;
    let address = "10.0.0.1".parse().unwrap();
    assert_eq!(place.addresses, Ok(vec![(address, Verdict::Private)]));
    assert!(place.port_allowed && !closed.place(&target(25)).await.port_allowed);
    world.dns.srv("islet.example", 1, 1, ".");
    assert_eq!(closed.offer(&name("islet.example")).await, Offer::NoService);
    world.dns.txt("skerry.example", "v=holm1; root=no");
    assert!(matches!(closed.pin(&skerry()).await, Pin::Unusable(_)));
    world.dns.fails(true);
    assert!(matches!(closed.offer(&skerry()).await, Offer::Failed(_)));
    assert!(matches!(closed.pin(&skerry()).await, Pin::Failed(_)));
}

#[tokio::test]
async fn a_certificate_file_is_judged_as_those_who_connect_will() {
    // DISC-7
    let (world, ca) = (World::new(), Authority::new());
    let examiner = examiner(&world, &ca.pem());
    let names = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
    let pem = ca.certificate_pem("holm.skerry.example");
    let both = names(&["skerry.example", "holm.skerry.example"]);
    let valid = examiner.certificate(&both, pem.as_bytes());
    assert_eq!(valid.as_deref(), Ok("holm.skerry.example"));
    let one = names(&["skerry.example"]);
    let wrong = examiner.certificate(&one, pem.as_bytes());
    assert!(matches!(wrong, Err(CertificateFault::WrongName(_))));
    let nothing = examiner.certificate(&one, b"");
    assert!(matches!(nothing, Err(CertificateFault::Other(_))));
}
