//! `holm doctor` finds what is wrong, and says what to do (FED-20).

mod from_inside;
mod own;

use holm::lab::RecordData;
use holm_protocol::PrivateKey;
use holm_system_tests::{Ended, Rogue, Scene, holm, now_ms, random};

/// A look from outside, with the lab's DNS and authority.
async fn outside(scene: &Scene, domain: &str) -> Ended {
    let dns = scene.lab.dns.address().to_string();
    let ca = scene.lab.authority.root_file().to_owned();
    let ca = ca.to_str().unwrap();
    let arguments = ["doctor", domain, "--json", "--allow-private"];
    holm(&[&arguments[..], &["--dns", dns.as_str(), "--ca", ca]].concat()).await
}

/// One finding of this check and level whose texts hold these words.
fn has(ended: &Ended, check: &str, level: &str, saw: &str, fix: &str) {
    let text = |finding: &serde_json::Value, member: &str| {
        finding[member].as_str().unwrap_or_default().to_owned()
    };
    let found = ended.events("finding").iter().any(|finding| {
        text(finding, "check") == check
            && text(finding, "level") == level
            && text(finding, "saw").contains(saw)
            && text(finding, "fix").contains(fix)
    });
    assert!(
        found,
        "no {level} of {check} with {saw:?} and {fix:?} in {ended:?}"
    );
}

/// How many findings are of this level.
fn count(ended: &Ended, level: &str) -> usize {
    let findings = ended.events("finding");
    findings.iter().filter(|f| f["level"] == level).count()
}

async fn leads_to(scene: &Scene, domain: &str, targets: &[(u16, &str)]) {
    let target = |(port, target): &(u16, &str)| RecordData::Srv {
        priority: 10,
        weight: 5,
        port: *port,
        target: (*target).to_owned(),
    };
    let name = format!("_holm._tcp.{domain}");
    let records = targets.iter().map(target).collect();
    scene.lab.dns.set(&name, records).await.unwrap();
}

#[tokio::test]
async fn a_server_that_is_well_is_found_well_from_outside() {
    // FED-20, DISC-1, DISC-9
    let scene = Scene::start(&["islet.test"]).await;
    let ended = outside(&scene, "islet.test").await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(
        (count(&ended, "warn"), count(&ended, "fail")),
        (0, 0),
        "{ended:?}"
    );
    for check in [
        "srv",
        "address",
        "connection",
        "certificate",
        "document",
        "clock",
        "pin",
        "root",
    ] {
        has(&ended, check, "ok", "", "");
    }
    assert_eq!(ended.events("summary").len(), 1);
}

#[tokio::test]
async fn without_private_addresses_allowed_a_loopback_address_is_a_failure() {
    // D02, DISC-6
    let scene = Scene::start(&["islet.test"]).await;
    let dns = scene.lab.dns.address().to_string();
    let ended = holm(&["doctor", "islet.test", "--json", "--dns", dns.as_str()]).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    has(
        &ended,
        "address",
        "fail",
        "127.0.0.1",
        "federation.allow_private",
    );
}

#[tokio::test]
async fn a_dead_target_is_named_and_weighs_less_beside_a_living_one() {
    // DISC-3
    let scene = Scene::start(&["islet.test"]).await;
    let alive = scene.address("islet.test").port();
    // Port 1 of loopback: nobody listens there.
    leads_to(&scene, "islet.test", &[(1, "hs.islet.test")]).await;
    let ended = outside(&scene, "islet.test").await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    has(&ended, "connection", "fail", "hs.islet.test:1 ", "firewall");
    let both = [(1, "hs.islet.test"), (alive, "hs.islet.test")];
    leads_to(&scene, "islet.test", &both).await;
    let ended = outside(&scene, "islet.test").await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    has(&ended, "connection", "warn", "hs.islet.test:1 ", "firewall");
}

#[tokio::test]
async fn a_certificate_for_another_name_is_told_with_both_names() {
    // D10, DISC-7
    let scene = Scene::start(&["islet.test", "skerry.test"]).await;
    let port = scene.address("islet.test").port();
    leads_to(&scene, "skerry.test", &[(port, "hs.islet.test")]).await;
    let ended = outside(&scene, "skerry.test").await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    has(
        &ended,
        "certificate",
        "fail",
        "hs.islet.test",
        "holm.skerry.test",
    );
}

#[tokio::test]
async fn a_certificate_of_an_authority_nobody_trusts_is_told() {
    // D10, DISC-7
    let scene = Scene::start(&["islet.test"]).await;
    let dns = scene.lab.dns.address().to_string();
    let arguments = [
        "doctor",
        "islet.test",
        "--json",
        "--allow-private",
        "--dns",
        dns.as_str(),
    ];
    let ended = holm(&arguments).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    has(
        &ended,
        "certificate",
        "fail",
        "no authority",
        "fullchain.pem",
    );
}

#[tokio::test]
async fn an_expired_document_and_anothers_document_are_told_apart() {
    // DOC-4, DOC-7
    let scene = Scene::start(&["islet.test"]).await;
    let rogue = Rogue::start(&scene, "rogue.test").await;
    let mut document = rogue.document(1);
    document.expires = now_ms() - 3_600_000;
    rogue.show(document.sign(&rogue.root));
    let ended = outside(&scene, "rogue.test").await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    has(&ended, "document", "fail", "expired 60 min ago", "clock");
    let mut document = rogue.document(1);
    document.name = "other.test".parse().unwrap();
    rogue.show(document.sign(&rogue.root));
    let ended = outside(&scene, "rogue.test").await;
    has(
        &ended,
        "document",
        "fail",
        "other.test, not of rogue.test",
        "SRV record",
    );
}

#[tokio::test]
async fn a_wrong_pin_is_told_with_the_record_that_would_be_right() {
    // DOC-5, DISC-9
    let scene = Scene::start(&["islet.test"]).await;
    let rogue = Rogue::start(&scene, "rogue.test").await;
    let other = PrivateKey::from_seed(&random());
    rogue.show(rogue.document(1).sign(&other));
    let ended = outside(&scene, "rogue.test").await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let record = format!("\"v=holm1; root={}\"", other.public());
    has(
        &ended,
        "root",
        "fail",
        &rogue.root.public().to_string(),
        &record,
    );
    scene
        .lab
        .dns
        .set("_holm.rogue.test", Vec::new())
        .await
        .unwrap();
    let ended = outside(&scene, "rogue.test").await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    has(&ended, "pin", "warn", "no TXT record", &record);
}

#[tokio::test]
async fn a_name_that_is_not_there_and_no_name_at_all_are_told_apart() {
    // DISC-2
    let scene = Scene::start(&["islet.test"]).await;
    let ended = outside(&scene, "nobody.test").await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    has(
        &ended,
        "address",
        "fail",
        "nobody.test has no address",
        "publish",
    );
    let empty = tempfile::tempdir().unwrap();
    let data = empty.path().to_str().unwrap();
    let ended = holm(&["doctor", "islet.test", "--data", data]).await;
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.err.contains("no server runs"), "{ended:?}");
}
