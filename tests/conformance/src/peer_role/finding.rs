//! How the server under test finds a homeserver of the kit: pins, SRV records, addresses,
//! certificates (DISC-1 to DISC-9, DOC-5). A signed request makes it look.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use holm::lab::RecordData;
use tokio::net::TcpListener;

use super::homeserver::Homeserver;
use super::plan::{Plan, plan};
use super::stage::Stage;
use super::verdict::refused_as_one_of;
use crate::client_role::fault::{Check, During, same};
use crate::kit::srv;

/// All of them.
pub(crate) fn plans() -> Vec<Plan> {
    let mut plans = services();
    plans.extend([
        plan(
            "find.first_priority",
            "targets are tried by priority",
            "DISC-3 D05 F32",
            first_priority,
        ),
        plan(
            "find.sixteenth",
            "the sixteenth target is tried",
            "DISC-3 D05 F32",
            sixteenth,
        ),
        plan(
            "find.seventeenth",
            "the seventeenth target is not tried",
            "DISC-3 D05 F44",
            seventeenth,
        ),
        plan(
            "find.silent_target",
            "a target that accepts and says nothing is passed over",
            "DISC-3 DISC-8 D13 F32",
            silent_target,
        )
        .waiting(Duration::from_secs(30)),
        plan(
            "find.plain_http",
            "a door without TLS is no door",
            "DISC-7 D09",
            plain_http,
        ),
        plan(
            "find.moved",
            "a server that moved is found again",
            "DISC-8 F42",
            moved,
        )
        .waiting(Duration::from_mins(2)),
    ]);
    plans
}

/// A correct request is taken, or the peer is not reached or not trusted.
pub(super) async fn greeted(peer: &Homeserver, taken: bool) -> Check {
    let answer = peer.send(&peer.greeting()).await?;
    if taken {
        return answer.expect_good();
    }
    let wanted = [(503, "peer_unreachable"), (502, "peer_untrusted")];
    refused_as_one_of(&answer, &wanted)?;
    let served = peer.door.asked("/federation").len();
    same("signed requests to it", &served, &0)
}

/// Records of a peer.
type Zone = fn(&Homeserver) -> Vec<(String, Vec<RecordData>)>;

fn host(peer: &Homeserver, name: &str) -> String {
    format!("{name}.{}", peer.name)
}

fn service(peer: &Homeserver, records: Vec<RecordData>) -> (String, Vec<RecordData>) {
    (format!("_holm._tcp.{}", peer.name), records)
}

/// SRV records and addresses (DISC-1 to DISC-6).
#[expect(clippy::too_many_lines, reason = "a table")]
fn services() -> Vec<Plan> {
    let all: [(&str, &str, bool, Zone); 13] = [
        ("no_service", "the only target is the dot", false, |p| {
            vec![service(p, vec![srv(0, 0, 0, "")])]
        }),
        ("no_address", "the target has no address", false, |p| {
            vec![(host(p, "hs"), vec![])]
        }),
        ("nothing", "the name has no records at all", false, |p| {
            vec![
                service(p, vec![]),
                (host(p, "hs"), vec![]),
                (p.name.to_string(), vec![]),
            ]
        }),
        ("dead_port", "the target's port is closed", false, |p| {
            vec![service(p, vec![srv(1, 1, 1, &host(p, "hs"))])]
        }),
        (
            "dead_then_live",
            "a dead target before a live one",
            true,
            |p| {
                let (dead, live) = (
                    srv(1, 1, 1, &host(p, "hs")),
                    srv(2, 1, p.port, &host(p, "hs")),
                );
                vec![service(p, vec![live, dead])]
            },
        ),
        ("unspecified", "the address 0.0.0.0", false, |p| {
            address(p, [0, 0, 0, 0])
        }),
        ("multicast", "a multicast address", false, |p| {
            address(p, [224, 0, 0, 1])
        }),
        ("reserved", "a reserved address", false, |p| {
            address(p, [240, 0, 0, 1])
        }),
        ("broadcast", "the broadcast address", false, |p| {
            address(p, [255, 255, 255, 255])
        }),
        (
            "bad_beside_good",
            "a reserved address beside a good one",
            true,
            |p| {
                let bad = RecordData::A(Ipv4Addr::new(240, 0, 0, 1));
                vec![(host(p, "hs"), vec![bad, RecordData::A(p.kit.address)])]
            },
        ),
        ("weights", "targets of weight 0 and 65,535", true, |p| {
            let records = [0, u16::MAX].map(|weight| srv(5, weight, p.port, &host(p, "hs")));
            vec![service(p, records.to_vec())]
        }),
        ("priorities", "a target of priority 65,535", true, |p| {
            vec![service(p, vec![srv(u16::MAX, 0, p.port, &host(p, "hs"))])]
        }),
        (
            "target_elsewhere",
            "a target elsewhere that shows the server's own certificate",
            true,
            |p| {
                let elsewhere = format!(
                    "{}.hosting.test",
                    p.name.as_str().split('.').next().unwrap_or("x")
                );
                let record = srv(1, 1, p.port, &elsewhere);
                vec![
                    service(p, vec![record]),
                    (elsewhere, vec![RecordData::A(p.kit.address)]),
                ]
            },
        ),
    ];
    let plan_of = |(name, what, taken, zone): (&'static str, &'static str, bool, Zone)| {
        let title = format!("{what}: found {taken}");
        let cites = "DISC-1 DISC-2 DISC-3 DISC-4 DISC-6 D02 D03 D05";
        plan(
            format!("find.{name}"),
            title,
            cites,
            move |stage| async move {
                let peer = stage.peer().await?;
                for (name, records) in zone(&peer) {
                    peer.kit.set(&name, records).await.during("DNS")?;
                }
                greeted(&peer, taken).await
            },
        )
    };
    all.into_iter().map(plan_of).collect()
}

fn address(peer: &Homeserver, address: [u8; 4]) -> Vec<(String, Vec<RecordData>)> {
    vec![(
        host(peer, "hs"),
        vec![RecordData::A(Ipv4Addr::from(address))],
    )]
}

async fn first_priority(stage: Arc<Stage>) -> Check {
    let (peer, other) = (stage.peer().await?, stage.peer().await?);
    // The second target shows another server's certificate: it must not be come to.
    let records = vec![
        srv(20, 1, other.port, &host(&peer, "hs")),
        srv(10, 1, peer.port, &host(&peer, "hs")),
    ];
    let (name, records) = service(&peer, records);
    peer.kit.set(&name, records).await.during("DNS")?;
    greeted(&peer, true).await?;
    same(
        "asked at the second",
        &other.door.asked("/.well-known/holm").len(),
        &0,
    )
}

/// So many dead targets before the live one.
async fn after_dead(stage: &Arc<Stage>, dead: u16, found: bool) -> Check {
    let peer = stage.peer().await?;
    let mut records: Vec<_> = (0..dead)
        .map(|n| srv(n, 1, 1, &host(&peer, "hs")))
        .collect();
    records.push(srv(dead, 1, peer.port, &host(&peer, "hs")));
    let (name, records) = service(&peer, records);
    peer.kit.set(&name, records).await.during("DNS")?;
    greeted(&peer, found).await
}

async fn sixteenth(stage: Arc<Stage>) -> Check {
    after_dead(&stage, 15, true).await
}

async fn seventeenth(stage: Arc<Stage>) -> Check {
    after_dead(&stage, 16, false).await
}

async fn silent_target(stage: Arc<Stage>) -> Check {
    let peer = stage.peer().await?;
    let silent = TcpListener::bind((peer.kit.address, 0))
        .await
        .during("a port")?;
    let port = silent.local_addr().during("a port")?.port();
    let records = vec![
        srv(1, 1, port, &host(&peer, "hs")),
        srv(2, 1, peer.port, &host(&peer, "hs")),
    ];
    let (name, records) = service(&peer, records);
    peer.kit.set(&name, records).await.during("DNS")?;
    let greeted = greeted(&peer, true).await;
    drop(silent);
    greeted
}

async fn plain_http(stage: Arc<Stage>) -> Check {
    let peer = stage.peer().await?;
    let plain = TcpListener::bind((peer.kit.address, 0))
        .await
        .during("a port")?;
    let port = plain.local_addr().during("a port")?.port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = plain.accept().await {
            use tokio::io::AsyncWriteExt;
            // Whatever comes is answered; that the other side has gone is its affair.
            stream
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")
                .await
                .ok();
        }
    });
    let (name, records) = service(&peer, vec![srv(1, 1, port, &host(&peer, "hs"))]);
    peer.kit.set(&name, records).await.during("DNS")?;
    greeted(&peer, false).await
}

/// The same server at another port: found once what was known of it has run out (a minute), and
/// at once where the old place does not answer.
async fn moved(stage: Arc<Stage>) -> Check {
    let peer = stage.peer().await?;
    peer.is_taken().await?;
    peer.kit
        .publish(&peer.name, 1, Some(&peer.root.public()))
        .await
        .during("DNS")?;
    // Its document is known still: requests are taken wherever they come from.
    peer.is_taken().await?;
    peer.publish().await?;
    peer.is_taken().await
}
