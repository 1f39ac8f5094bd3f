//! Every kind of trouble is told apart, and each names its fix.

mod inside;

use holm_federation::{
    CertificateFault, Contact, Offer, Pin, Place, ResolveError, Served, SrvTarget, Verdict,
};
use holm_protocol::document::{Document, ListedKey};
use holm_protocol::{PrivateKey, ServerName};

use super::super::finding::{Check, Finding, Level};
use super::super::own::OwnServer;
use super::{certificate, clock, dns, document};

const NOW: u64 = 1_767_225_600_000;
const HOUR: u64 = 3_600_000;
const AT: &str = "hs.skerry.test:8443 (192.0.2.1)";

fn skerry() -> ServerName {
    ServerName::parse("skerry.test").unwrap()
}

fn key(seed: u8) -> PrivateKey {
    PrivateKey::from_seed(&[seed; 32])
}

fn target(port: u16) -> SrvTarget {
    SrvTarget {
        priority: 10,
        weight: 5,
        port,
        target: "hs.skerry.test".to_owned(),
    }
}

/// Level, and that what was seen and the fix hold these words.
fn is(finding: &Finding, level: Level, saw: &str, fix: &str) {
    assert_eq!(finding.level, level, "{finding}");
    assert!(finding.saw.contains(saw), "{finding}");
    let told = finding.fix.clone().unwrap_or_default();
    assert!(told.contains(fix), "{finding}");
    assert_eq!(finding.fix.is_none(), level == Level::Ok, "{finding}");
}

// DISC-1, DISC-2, DISC-4
#[test]
fn what_srv_says_is_told_and_what_is_missing_is_ready_to_paste() {
    let targets = Offer::Targets(vec![target(8443)]);
    let own = |port| OwnServer {
        root: None,
        host: "holm.skerry.test".to_owned(),
        port,
    };
    let seen = |offer: &Offer, own: Option<&OwnServer>| dns::offer(&skerry(), offer, own);
    is(&seen(&targets, None), Level::Ok, "hs.skerry.test:8443", "");
    let fallback = Offer::Fallback(target(443));
    is(&seen(&fallback, None), Level::Ok, "port 443", "");
    let record = "_holm._tcp.skerry.test. 3600 IN SRV 10 5 8443 holm.skerry.test.";
    is(
        &seen(&fallback, Some(&own(8443))),
        Level::Fail,
        "port 8443",
        record,
    );
    is(&seen(&fallback, Some(&own(443))), Level::Ok, "port 443", "");
    is(
        &seen(&targets, Some(&own(8448))),
        Level::Warn,
        "8448",
        "10 5 8448",
    );
    is(
        &seen(&Offer::NoService, None),
        Level::Fail,
        "dot",
        "publish",
    );
    let failed = Offer::Failed("SERVFAIL".to_owned());
    is(&seen(&failed, None), Level::Fail, "SERVFAIL", "dig SRV");
}

// DISC-9
#[test]
fn what_txt_says_is_told_with_the_record_to_publish() {
    let (root, seen) = (key(1).public(), |pin: &Pin, root| {
        dns::pin(&skerry(), pin, root)
    });
    let record = format!("_holm.skerry.test. 3600 IN TXT \"v=holm1; root={root}\"");
    is(
        &seen(&Pin::Root(root), None),
        Level::Ok,
        &root.to_string(),
        "",
    );
    is(
        &seen(&Pin::None, Some(root)),
        Level::Warn,
        "no TXT record",
        &record,
    );
    is(
        &seen(&Pin::None, None),
        Level::Warn,
        "no TXT record",
        "holm serve",
    );
    let unusable = Pin::Unusable("two roots".to_owned());
    is(
        &seen(&unusable, Some(root)),
        Level::Fail,
        "two roots",
        &record,
    );
    let failed = Pin::Failed("no answer".to_owned());
    is(&seen(&failed, None), Level::Fail, "no answer", "dig TXT");
}

// DISC-12
#[test]
fn signatures_in_dns_are_told_where_they_are_looked_at() {
    assert_eq!(dns::dnssec(&skerry(), None), None);
    is(
        &dns::dnssec(&skerry(), Some(true)).unwrap(),
        Level::Ok,
        "signed",
        "",
    );
    is(
        &dns::dnssec(&skerry(), Some(false)).unwrap(),
        Level::Warn,
        "not signed",
        "sign the zone",
    );
}

// D02, D05, DISC-5, DISC-6
#[test]
fn addresses_that_nobody_connects_to_are_told() {
    let place = |port_allowed, addresses| {
        let place = Place {
            port_allowed,
            addresses,
        };
        dns::place(&target(25), &place)
    };
    let of = |address: &str, verdict| Ok(vec![(address.parse().unwrap(), verdict)]);
    let low = place(false, of("9.9.9.9", Verdict::Allowed));
    is(&low[0], Level::Fail, "below 1024", "SRV record");
    let private = place(true, of("10.0.0.1", Verdict::Private));
    is(
        &private[1],
        Level::Fail,
        "10.0.0.1 lies in a private",
        "allow_private",
    );
    let nobody = place(true, of("224.0.0.1", Verdict::NoHost));
    is(&nobody[1], Level::Fail, "no host", "own address");
    let none = place(true, Err(ResolveError::NoRecord));
    is(
        &none[0],
        Level::Fail,
        "no address",
        "hs.skerry.test. 3600 IN A",
    );
    let failed = place(true, Err(ResolveError::Failed("refused".to_owned())));
    is(&failed[0], Level::Fail, "refused", "dig A");
}

// D09, D10, D13, DISC-7
#[test]
fn what_a_connection_comes_to_is_told_apart() {
    let seen = |contact: &Contact, others| {
        let mut found = certificate::contact(&skerry(), AT, contact, others, NOW);
        found.pop().unwrap()
    };
    let dead = Contact::NotConnected("connection refused".to_owned());
    is(
        &seen(&dead, false),
        Level::Fail,
        "connection refused",
        "firewall",
    );
    is(
        &seen(&dead, true),
        Level::Warn,
        "other addresses do",
        "firewall",
    );
    let no_way = Contact::NoWay("network is unreachable".to_owned());
    is(&seen(&no_way, false), Level::Warn, "no way", "IPv6");
    let no_tls = Contact::NoTls("no protocol".to_owned());
    is(&seen(&no_tls, false), Level::Fail, "no protocol", "TLS 1.2");
    let faults = [
        (
            CertificateFault::Expired(NOW - HOUR),
            "expired 60 min ago",
            "renew",
        ),
        (CertificateFault::NotYet(NOW + HOUR), "in 60 min", "clocks"),
        (
            CertificateFault::WrongName(vec!["other.test".to_owned()]),
            "is for other.test and not for skerry.test",
            "holm.skerry.test",
        ),
        (
            CertificateFault::UnknownIssuer(1),
            "no authority",
            "fullchain.pem",
        ),
        (
            CertificateFault::UnknownIssuer(2),
            "no authority",
            "tls.extra_roots",
        ),
        (
            CertificateFault::Other("odd".to_owned()),
            "odd",
            "new certificate",
        ),
    ];
    for (fault, saw, fix) in faults {
        let finding = seen(&Contact::BadCertificate(fault), false);
        assert_eq!(finding.check, Check::Certificate);
        is(&finding, Level::Fail, saw, fix);
    }
    let secure = |days: u64| Contact::Secure {
        name: "skerry.test".to_owned(),
        expires_ms: Some(NOW + days * 24 * HOUR),
    };
    is(&seen(&secure(14), false), Level::Ok, "for 14 days", "");
    is(
        &seen(&secure(13), false),
        Level::Warn,
        "for 13 days",
        "renew",
    );
}

fn content() -> Document {
    let listed = |id: &str| ListedKey {
        id: id.to_owned(),
        key: key(2).public(),
        from: 0,
        until: NOW + HOUR,
    };
    Document {
        name: skerry(),
        base_url: "https://skerry.test".to_owned(),
        versions: vec!["v1".to_owned()],
        serial: 1,
        expires: NOW + HOUR,
        request_keys: vec![listed("r1")],
        room_keys: vec![listed("m1")],
        successions: Vec::new(),
    }
}

fn served(document: &Document) -> Served {
    Served {
        status: 200,
        date_ms: None,
        between_ms: (NOW, NOW),
        document: Ok(document.sign(&key(1))),
    }
}

/// What is told of a document first.
fn of_document(served: &Result<Served, String>) -> Finding {
    document::served(&skerry(), AT, served, NOW).0.remove(0)
}

// DOC-2, DOC-4, DOC-7, DOC-8
#[test]
fn each_thing_wrong_with_a_document_names_its_fix() {
    is(
        &of_document(&Ok(served(&content()))),
        Level::Ok,
        "serial 1",
        "",
    );
    let with = |change: fn(&mut Document)| {
        let mut document = content();
        change(&mut document);
        of_document(&Ok(served(&document)))
    };
    let expired = with(|document| document.expires = NOW - HOUR);
    is(&expired, Level::Fail, "expired 60 min ago", "clock");
    let other = with(|document| document.name = ServerName::parse("other.test").unwrap());
    is(
        &other,
        Level::Fail,
        "other.test, not of skerry.test",
        "SRV record",
    );
    let later = with(|document| document.versions = vec!["v9".to_owned()]);
    is(&later, Level::Fail, "v9", "upgrade");
    let mut broken = served(&content());
    if let Ok(signed) = &mut broken.document {
        signed.root = key(7).public();
    }
    is(
        &of_document(&Ok(broken)),
        Level::Fail,
        "not signed",
        "proxy",
    );
    let html = Ok(Served {
        document: Err("expected value".to_owned()),
        ..served(&content())
    });
    is(
        &of_document(&html),
        Level::Fail,
        "no server document",
        "proxy",
    );
    let missing = Ok(Served {
        status: 404,
        ..served(&content())
    });
    is(
        &of_document(&missing),
        Level::Fail,
        "404",
        "/.well-known/holm",
    );
    let silent = Err("no answer within 6 s".to_owned());
    is(
        &of_document(&silent),
        Level::Fail,
        "no answer",
        "Holm server",
    );
}

// DOC-3
#[test]
fn a_document_without_a_key_that_is_valid_now_is_told() {
    let mut document = content();
    document.request_keys[0].from = NOW + 1;
    let (found, _) = document::served(&skerry(), AT, &Ok(served(&document)), NOW);
    is(
        found.last().unwrap(),
        Level::Fail,
        "no request key",
        "clock",
    );
}

// DOC-5, DISC-9
#[test]
fn a_root_is_held_against_the_pin_and_against_what_is_known() {
    let (_, document) = document::served(&skerry(), AT, &Ok(served(&content())), NOW);
    let document = document.unwrap();
    let (own, other) = (key(1).public(), key(7).public());
    let pinned = |pin| document::root_against_pin(&skerry(), &document, &pin, NOW);
    is(&pinned(Pin::Root(own)).unwrap(), Level::Ok, "DNS pins", "");
    let record = format!("root={own}");
    is(
        &pinned(Pin::Root(other)).unwrap(),
        Level::Fail,
        &other.to_string(),
        &record,
    );
    assert_eq!(pinned(Pin::None), None);
    let known = |root| document::root_against_known(&skerry(), &document, root, NOW);
    is(&known(own), Level::Ok, &own.to_string(), "");
    let accept = format!("holm peers accept-root skerry.test {own}");
    is(&known(other), Level::Fail, &other.to_string(), &accept);
}

// SIG-7
#[test]
fn clocks_are_told_apart_by_how_far_they_are_off() {
    let seen = |theirs| clock::clock("its", theirs, (NOW, NOW + 100), 1_000);
    for agrees in [NOW - 1_000, NOW + 100, NOW + 30_000] {
        is(&seen(agrees), Level::Ok, "agrees", "");
    }
    is(&seen(NOW + 40_100), Level::Warn, "40 s ahead of", "NTP");
    is(&seen(NOW - 41_000), Level::Warn, "40 s behind", "NTP");
    is(&seen(NOW + 301_100), Level::Fail, "ahead of", "NTP");
    is(
        &seen(NOW - 302_000),
        Level::Fail,
        "requests are refused",
        "NTP",
    );
}
