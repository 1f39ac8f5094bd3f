//! Two servers, each calling the other over TLS: transport, exchange, router and gate together.

use std::sync::Arc;

use axum::Router;
use holm_core::ports::{PeerError, Peers};
use holm_federation::{HttpExchange, Transport, router};
use holm_protocol::federation::NotifyRequest;
use holm_protocol::{Code, RoomUri};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::stub_store::homeserver;
use crate::tls_server::Authority;
use crate::world::{Dns, World, identity, name};

/// Starts a server that the DNS leads to.
async fn start(world: &World, dns: &Arc<Dns>, ca: &Authority, protocol: &str) -> Arc<Transport> {
    let server = world.islet.name.as_str();
    let exchange = HttpExchange::new(ca.pem().as_bytes()).unwrap();
    let transport = world.transport_over(Arc::new(exchange), dns.clone(), true);
    let router = router(homeserver(world, &transport), transport.clone());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    dns.srv(server, 1, port, &format!("holm.{server}"));
    dns.host(&format!("holm.{server}"), "127.0.0.1");
    dns.pin(server, &world.islet.keys().root);
    tokio::spawn(serve(listener, ca.acceptor_for(server, protocol), router));
    transport
}

async fn serve(listener: TcpListener, acceptor: TlsAcceptor, router: Router) {
    while let Ok((socket, _)) = listener.accept().await {
        let (acceptor, service) = (acceptor.clone(), TowerToHyperService::new(router.clone()));
        tokio::spawn(async move {
            let stream = TokioIo::new(acceptor.accept(socket).await.unwrap());
            let server = Builder::new(TokioExecutor::new());
            let _gone = server.serve_connection(stream, service).await;
        });
    }
}

/// Both servers, over one version of HTTP.
async fn both(protocol: &str) -> (Arc<Transport>, Arc<Transport>) {
    let (ca, dns) = (Authority::new(), Arc::new(Dns::default()));
    let islet = World::new();
    let skerry = World {
        islet: Arc::new(identity("skerry.example", 20, 1)),
        ..World::new()
    };
    let islet = start(&islet, &dns, &ca, protocol).await;
    (islet, start(&skerry, &dns, &ca, protocol).await)
}

#[tokio::test]
async fn two_servers_prove_themselves_to_each_other_over_either_version_of_http() {
    // SIG-9, DISC-1, DISC-7, DISC-9
    for protocol in ["h2", "http/1.1"] {
        let (islet, skerry) = both(protocol).await;
        let nothing = NotifyRequest { rooms: vec![] };
        for _ in 0..2 {
            islet
                .notify(&name("skerry.example"), &nothing)
                .await
                .unwrap();
            skerry
                .notify(&name("islet.example"), &nothing)
                .await
                .unwrap();
        }
    }
}

#[tokio::test]
async fn a_failure_inside_the_other_server_is_told_with_its_words() {
    // FED-7, FED-10
    let (islet, _skerry) = both("h2").await;
    let room = RoomUri::parse("mimi://skerry.example/r/k3v9").unwrap();
    let outcome = islet.events(&name("skerry.example"), &room, 0).await;
    // Its store is a stub that fails, and a server that fails is not a refusal.
    let Err(PeerError::Failed { reason, .. }) = outcome else {
        panic!("a 503 is expected, not {outcome:?}");
    };
    assert!(reason.contains(Code::Unavailable.as_str()), "{reason}");
}
