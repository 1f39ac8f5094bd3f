//! How the server under test finds a homeserver of the kit: pins, SRV records, addresses,
//! certificates (DISC-1 to DISC-9, DOC-5). A signed request makes it look.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use holm::lab::RecordData;
use holm_protocol::{PrivateKey, PublicKey};
use rcgen::{CertificateParams, DnType, KeyPair, SanType};
use tokio::net::TcpListener;

use super::homeserver::{Certificate, Homeserver, certificate_for};
use super::plan::{Plan, plan};
use super::stage::Stage;
use super::verdict::refused_as_one_of;
use crate::chance::random;
use crate::client_role::fault::{Check, During, ensure, same, wrong};
use crate::kit::{Kit, srv};

/// All of them.
pub(crate) fn plans() -> Vec<Plan> {
    let mut plans = pins();
    plans.extend(services());
    plans.extend(certificates());
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
async fn greeted(peer: &Homeserver, taken: bool) -> Check {
    let answer = peer.send(&peer.greeting()).await?;
    if taken {
        return answer.expect_good();
    }
    let wanted = [(503, "peer_unreachable"), (502, "peer_untrusted")];
    refused_as_one_of(&answer, &wanted)?;
    let served = peer.door.asked("/federation").len();
    same("signed requests to it", &served, &0)
}

/// TXT records of a root.
type Records = fn(&PublicKey) -> Vec<String>;

/// Pins in DNS (DISC-9, DOC-5).
fn pins() -> Vec<Plan> {
    let all: [(&str, &str, bool, Records); 20] = [
        ("absent", "no pin at first contact", true, |_| vec![]),
        ("correct", "the root's pin", true, |root| {
            vec![format!("v=holm1; root={root}")]
        }),
        ("twice", "the same pin twice", true, |root| {
            vec![format!("v=holm1; root={root}"); 2]
        }),
        ("tight", "a pin without spaces", true, |root| {
            vec![format!("v=holm1;root={root}")]
        }),
        (
            "more_tags",
            "tags nobody knows beside the root",
            true,
            |root| vec![format!("v=holm1; later=1; root={root}; a=b")],
        ),
        (
            "other_purposes",
            "records of other purposes beside it",
            true,
            |root| {
                vec![
                    "v=spf1 -all".into(),
                    "hello".into(),
                    format!("v=holm1; root={root}"),
                ]
            },
        ),
        (
            "other_purposes_alone",
            "records of other purposes alone",
            true,
            |_| vec!["v=spf1 -all".into()],
        ),
        (
            "next_version",
            "a record of another version alone",
            true,
            |_| vec!["v=holm2; root=x".into()],
        ),
        ("other_root", "another root's pin", false, |_| {
            vec![format!("v=holm1; root={}", stranger())]
        }),
        ("two_roots", "pins of two roots", false, |root| {
            vec![
                format!("v=holm1; root={root}"),
                format!("v=holm1; root={}", stranger()),
            ]
        }),
        ("no_root", "a pin without root", false, |_| {
            vec!["v=holm1".into()]
        }),
        ("empty_root", "a pin of nothing", false, |_| {
            vec!["v=holm1; root=".into()]
        }),
        ("short_root", "a pin of 31 bytes", false, |_| {
            vec![format!(
                "v=holm1; root={}",
                crate::client_role::device::base64(&[7; 31])
            )]
        }),
        ("padded", "a pin with padding", false, |root| {
            vec![format!("v=holm1; root={root}=")]
        }),
        (
            "standard_base64",
            "a pin in the other base64",
            false,
            |_| vec![format!("v=holm1; root={}", "+/".repeat(21) + "+")],
        ),
        ("hexadecimal", "a pin in hexadecimal", false, |_| {
            vec![format!("v=holm1; root={}", "ab".repeat(32))]
        }),
        ("cut", "a pin that is cut off", false, |root| {
            let text = root.to_string();
            vec![format!("v=holm1; root={}", &text[..20])]
        }),
        (
            "readable_beside",
            "a pin that cannot be read beside the right one",
            false,
            |root| vec![format!("v=holm1; root={root}"), "v=holm1; root=?".into()],
        ),
        ("root_twice", "two roots in one record", false, |root| {
            vec![format!("v=holm1; root={root}; root={}", stranger())]
        }),
        ("quoted", "a pin in quotation marks", false, |root| {
            vec![format!("v=holm1; root=\"{root}\"")]
        }),
    ];
    let plan_of = |(name, what, taken, records): (&'static str, &'static str, bool, Records)| {
        let title = format!("{what}: taken {taken}");
        plan(
            format!("pin.{name}"),
            title,
            "DISC-9 DOC-5 S12 D08",
            move |stage| async move {
                let peer = stage.peer().await?;
                let texts = records(&peer.root.public())
                    .into_iter()
                    .map(RecordData::Txt);
                let name = format!("_holm.{}", peer.name);
                peer.kit.set(&name, texts.collect()).await.during("DNS")?;
                greeted(&peer, taken).await
            },
        )
    };
    all.into_iter().map(plan_of).collect()
}

fn stranger() -> PublicKey {
    PrivateKey::from_seed(&random()).public()
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

/// Makes a certificate for a peer.
type Make = fn(&Kit, &str) -> Check<Certificate>;

/// Certificates (DISC-7).
fn certificates() -> Vec<Plan> {
    let all: [(&str, &str, bool, Make); 16] = [
        (
            "of_the_server",
            "one of the server's name alone",
            true,
            |kit, d| sign(kit, &names(&[d])?),
        ),
        (
            "of_the_target",
            "one of the SRV target below it",
            true,
            |kit, d| sign(kit, &names(&[&format!("hs.{d}")])?),
        ),
        (
            "of_many",
            "one of many names, the right one last",
            true,
            |kit, d| {
                let mut many: Vec<_> = (0..50).map(|n| format!("n{n}.example")).collect();
                many.push(d.to_owned());
                sign(kit, &certificate_for(&many)?)
            },
        ),
        (
            "wildcard_below",
            "a wildcard one level below it",
            true,
            |kit, d| sign(kit, &names(&[&format!("*.{d}")])?),
        ),
        ("other_name", "one of another name", false, |kit, _| {
            sign(kit, &names(&["other.example"])?)
        }),
        (
            "name_below",
            "one of another name below it",
            false,
            |kit, d| sign(kit, &names(&[&format!("www.{d}")])?),
        ),
        (
            "name_above",
            "one of the domain above it",
            false,
            |kit, d| {
                let above = d.split_once('.').map_or(d, |(_, above)| above);
                sign(kit, &names(&[above])?)
            },
        ),
        (
            "name_beginning",
            "one of a name that begins like it",
            false,
            |kit, d| sign(kit, &names(&[&format!("{d}.example")])?),
        ),
        (
            "common_name",
            "one with its name as common name alone",
            false,
            |kit, d| {
                let mut params = certificate_for(&[])?;
                params.distinguished_name.push(DnType::CommonName, d);
                sign(kit, &params)
            },
        ),
        ("address", "one of its address", false, |kit, _| {
            let mut params = certificate_for(&[])?;
            params.subject_alt_names = vec![SanType::IpAddress(kit.address.into())];
            sign(kit, &params)
        }),
        ("expired", "one that has expired", false, |kit, d| {
            let mut params = names(&[d])?;
            params.not_before = rcgen::date_time_ymd(2020, 1, 1);
            params.not_after = rcgen::date_time_ymd(2021, 1, 1);
            sign(kit, &params)
        }),
        (
            "not_yet_valid",
            "one that is not valid yet",
            false,
            |kit, d| {
                let mut params = names(&[d])?;
                params.not_before = rcgen::date_time_ymd(2090, 1, 1);
                params.not_after = rcgen::date_time_ymd(2091, 1, 1);
                sign(kit, &params)
            },
        ),
        ("self_signed", "one signed by itself", false, |_, d| {
            let key = KeyPair::generate().during("a key")?;
            let made = names(&[d])?.self_signed(&key).during("a certificate")?;
            Ok((made.pem(), key.serialize_pem()))
        }),
        (
            "other_authority",
            "one of an authority that nobody trusts",
            false,
            |_, d| {
                let folder = tempfile::tempdir().during("a folder")?;
                let other = holm::lab::Authority::create(folder.path()).during("an authority")?;
                other.sign_pem(&names(&[d])?).during("a certificate")
            },
        ),
        ("for_clients", "one for clients alone", false, |kit, d| {
            let mut params = names(&[d])?;
            params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ClientAuth];
            sign(kit, &params)
        }),
        (
            "wildcard_above",
            "a wildcard two levels above the target",
            false,
            |kit, d| {
                sign(
                    kit,
                    &names(&[&format!("*.*.{}", d.split_once('.').map_or(d, |(_, t)| t))])?,
                )
            },
        ),
    ];
    let plan_of = |(name, what, taken, make): (&'static str, &'static str, bool, Make)| {
        let title = format!("a certificate: {what}, taken {taken}");
        plan(
            format!("certificate.{name}"),
            title,
            "DISC-7 D10 F46",
            move |stage| async move {
                let made = Homeserver::unpublished(&stage.target, &stage.site.door, |kit, name| {
                    make(kit, name.as_str())
                });
                let peer = made.await?;
                peer.publish().await?;
                greeted(&peer, taken).await?;
                let asked = peer.door.asked("/").is_empty();
                ensure(taken || asked, || {
                    "something was asked over a connection not trusted".to_owned()
                })
            },
        )
    };
    all.into_iter().map(plan_of).collect()
}

fn names(names: &[&str]) -> Check<CertificateParams> {
    let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
    certificate_for(&names)
}

fn sign(kit: &Kit, params: &CertificateParams) -> Check<Certificate> {
    kit.authority()
        .sign_pem(params)
        .map_err(|e| wrong(e.to_string()))
}
