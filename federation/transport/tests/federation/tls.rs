//! The production exchange against real TLS servers, found by a scripted DNS.

use std::sync::Arc;

use bytes::Bytes;
use holm_core::ports::{Exchange, PeerError, Peers};
use holm_federation::HttpExchange;
use http::Request;

use crate::dns::{DnsServer, loopback, srv};
use crate::tls_server::{Authority, Says, TlsServer, http};
use crate::world::{START_MS, World, identity, name};

const SKERRY: &str = "skerry.example";

/// Looks `skerry.example` up whose SRV target is at this port of loopback.
async fn look_up(authority: &Authority, target: &str, port: u16) -> Result<(), PeerError> {
    let world = World::new();
    world.dns.srv(SKERRY, 1, port, target);
    world.dns.host(target, "127.0.0.1");
    let exchange = HttpExchange::new(authority.pem().as_bytes()).unwrap();
    let transport = world.transport_over(Arc::new(exchange), world.dns.clone(), true);
    transport.document(&name(SKERRY), None).await.map(drop)
}

fn reason(outcome: Result<(), PeerError>) -> String {
    match outcome {
        Err(PeerError::Unreachable { reason, .. }) => reason,
        other => panic!("unreachable is expected, not {other:?}"),
    }
}

fn document() -> Says {
    let document = identity(SKERRY, 20, 1).document(START_MS);
    let body = serde_json::to_string(&document).unwrap();
    Says::All(http("200 OK", "content-type: application/json\r\n", &body))
}

#[tokio::test]
async fn a_certificate_for_the_target_or_for_the_domain_is_taken() {
    // DISC-7
    let authority = Authority::new();
    for (certified, target) in [
        (SKERRY, SKERRY),
        ("holm.skerry.example", "holm.skerry.example"),
        (SKERRY, "holm.skerry.example"),
        (SKERRY, "host.other.example"),
    ] {
        let server = TlsServer::start(&authority, certified, document()).await;
        let outcome = look_up(&authority, target, server.port).await;
        assert_eq!(outcome, Ok(()), "{certified} at {target}");
    }
}

#[tokio::test]
async fn a_certificate_for_another_name_is_refused() {
    // DISC-7
    let authority = Authority::new();
    for (certified, target) in [
        ("other.example", SKERRY),
        ("other.example", "holm.skerry.example"),
        // The target is not below the domain, so only the domain's certificate counts.
        ("host.other.example", "host.other.example"),
    ] {
        let server = TlsServer::start(&authority, certified, document()).await;
        let reason = reason(look_up(&authority, target, server.port).await);
        assert!(reason.contains("not valid for name"), "{target}: {reason}");
        assert_eq!(server.requests(), 0);
    }
}

#[tokio::test]
async fn an_expired_certificate_and_one_of_a_foreign_authority_are_refused() {
    // DISC-7
    let authority = Authority::new();
    let server = TlsServer::start_expired(&authority, SKERRY, document()).await;
    let expired = reason(look_up(&authority, SKERRY, server.port).await);
    assert!(expired.contains("expired"), "{expired}");

    let server = TlsServer::start(&Authority::new(), SKERRY, document()).await;
    let foreign = reason(look_up(&authority, SKERRY, server.port).await);
    assert!(foreign.contains("invalid peer certificate"), "{foreign}");
    assert_eq!(server.requests(), 0);
}

#[tokio::test]
async fn a_server_without_tls_is_not_spoken_to() {
    // DISC-7
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            use tokio::io::AsyncWriteExt;
            let _gone = socket.write_all(http("200 OK", "", "{}").as_bytes()).await;
        }
    });
    reason(look_up(&Authority::new(), SKERRY, port).await);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    // DISC-7
    let authority = Authority::new();
    let elsewhere = TlsServer::start(&authority, SKERRY, document()).await;
    let location = format!("location: https://{SKERRY}:{}/\r\n", elsewhere.port);
    let redirect = Says::All(http("302 Found", &location, ""));
    let server = TlsServer::start(&authority, SKERRY, redirect).await;
    let reason = reason(look_up(&authority, SKERRY, server.port).await);
    assert!(reason.contains("302"), "{reason}");
    assert_eq!((server.requests(), elsewhere.requests()), (1, 0));
}

#[tokio::test]
async fn an_endless_body_is_cut_off_announced_or_not() {
    // LIM-9, LIM-18
    let authority = Authority::new();
    for headers in ["", "content-length: 1000000000\r\n"] {
        let endless = Says::Endlessly(format!("HTTP/1.1 200 OK\r\n{headers}\r\n"));
        let server = TlsServer::start(&authority, SKERRY, endless).await;
        let reason = reason(look_up(&authority, SKERRY, server.port).await);
        assert!(reason.contains("an answer of more than"), "{reason}");
    }
}

#[tokio::test]
async fn a_dead_target_found_by_real_dns_is_passed_over_for_a_living_one() {
    // DISC-3, DISC-6
    let authority = Authority::new();
    let living = TlsServer::start(&authority, "islet.test", islet_document()).await;
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let dead = closed.local_addr().unwrap().port();
    drop(closed);
    let dns = DnsServer::start(vec![
        ("_holm._tcp.islet.test", srv(10, dead, "a.islet.test")),
        (
            "_holm._tcp.islet.test",
            srv(20, living.port, "b.islet.test"),
        ),
        ("a.islet.test", loopback()),
        ("b.islet.test", loopback()),
    ])
    .await;
    let world = World::new();
    let exchange = Arc::new(HttpExchange::new(authority.pem().as_bytes()).unwrap());
    let resolver = Arc::new(dns.resolver());
    let transport = world.transport_over(exchange.clone(), resolver.clone(), true);
    transport.document(&name("islet.test"), None).await.unwrap();
    assert_eq!(living.requests(), 1);

    // A server that knows nothing yet and allows no private address sends nothing there.
    let strict = World::new().transport_over(exchange, resolver, false);
    let refused = strict.document(&name("islet.test"), None).await;
    let reason = reason(refused.map(drop));
    assert!(reason.contains("127.0.0.1"), "{reason}");
    assert_eq!(living.requests(), 1);
}

fn islet_document() -> Says {
    let document = identity("islet.test", 30, 1).document(START_MS);
    let body = serde_json::to_string(&document).unwrap();
    Says::All(http("200 OK", "content-type: application/json\r\n", &body))
}

#[tokio::test]
async fn a_request_whose_address_was_not_checked_is_not_sent() {
    // DISC-6
    let exchange = HttpExchange::new(b"").unwrap();
    let request = Request::get("https://127.0.0.1/")
        .body(Bytes::new())
        .unwrap();
    let error = exchange.call(request).await.unwrap_err();
    assert!(error.to_string().contains("no checked address"), "{error}");
}

#[tokio::test]
async fn roots_that_cannot_be_read_are_an_error() {
    // DISC-7
    let broken = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    assert!(HttpExchange::new(broken).is_err());
}
