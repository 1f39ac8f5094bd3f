//! A validating resolver against zones that are signed here, with keys made here (DISC-12).

use hickory_server::proto::rr::RData;
use hickory_server::proto::rr::rdata::TXT;
use holm_federation::{HickoryResolver, Resolve, ResolveError};

use crate::dns::srv;
use crate::signed_dns::{SignedDns, Spoiled, Zone};

const PIN: &str = "v=holm1; root=x";

fn pin() -> RData {
    RData::TXT(TXT::new(vec![PIN.into()]))
}

/// The root of DNS is signed; below it `islet.test`, signed too, and `open.test`, which is not.
async fn dns(spoiled: Spoiled) -> (SignedDns, HickoryResolver) {
    let islet = Zone::signed("islet.test.")
        .with("_holm.islet.test.", pin())
        .with("_holm._tcp.islet.test.", srv(10, 8_448, "hs.islet.test"));
    let open = Zone::unsigned("open.test.").with("_holm.open.test.", pin());
    let root = Zone::signed(".").above(&islet).above(&open);
    let anchor = root.anchor();
    let dns = SignedDns::start(vec![root, islet, open], spoiled).await;
    let resolver = HickoryResolver::validating_under(&[dns.address], &anchor).unwrap();
    (dns, resolver)
}

fn has_failed<T: std::fmt::Debug>(answer: &Result<Vec<T>, ResolveError>) {
    let failed = matches!(answer, Err(ResolveError::Failed(_)));
    assert!(failed, "{answer:?}");
}

#[tokio::test]
async fn what_a_signed_zone_says_is_used_and_known_to_be_signed() {
    // DISC-12
    let (_dns, resolver) = dns(Spoiled::Nothing).await;
    assert_eq!(resolver.txt("_holm.islet.test").await.unwrap(), [PIN]);
    let targets = resolver.srv("_holm._tcp.islet.test").await.unwrap();
    assert_eq!((targets.len(), targets[0].port), (1, 8_448));
    let names = ["_holm.islet.test", "_holm._tcp.islet.test"].map(str::to_owned);
    assert_eq!(resolver.is_secure(&names).await, Some(true));
}

#[tokio::test]
async fn an_answer_that_was_altered_on_the_way_is_a_look_up_that_failed() {
    // DISC-12
    for spoiled in [Spoiled::Record, Spoiled::Signature, Spoiled::Unsigned] {
        let (_dns, resolver) = dns(spoiled).await;
        has_failed(&resolver.txt("_holm.islet.test").await);
        let names = ["_holm.islet.test".to_owned()];
        assert_eq!(resolver.is_secure(&names).await, None, "{spoiled:?}");
    }
}

#[tokio::test]
async fn a_zone_that_another_key_has_signed_is_a_look_up_that_failed() {
    // DISC-12
    let (dns, _resolver) = dns(Spoiled::Nothing).await;
    let stranger = Zone::signed(".").anchor();
    let resolver = HickoryResolver::validating_under(&[dns.address], &stranger).unwrap();
    has_failed(&resolver.txt("_holm.islet.test").await);
    has_failed(&resolver.txt("_holm.nobody.islet.test").await);
}

#[tokio::test]
async fn only_a_proof_that_there_is_no_such_record_says_so() {
    // DISC-12: neither the name, nor such a record of a name that is there.
    let missing = ["_holm.nobody.islet.test", "_holm._tcp.islet.test"];
    let (_dns, resolver) = dns(Spoiled::Nothing).await;
    for name in missing {
        let answer = resolver.txt(name).await;
        assert!(matches!(answer, Err(ResolveError::NoRecord)), "{answer:?}");
    }
    let (_dns, resolver) = dns(Spoiled::Denied).await;
    for name in missing.into_iter().chain(["_holm.islet.test"]) {
        has_failed(&resolver.txt(name).await);
    }
}

#[tokio::test]
async fn a_zone_that_its_parent_says_is_not_signed_is_used_as_such() {
    // DISC-12
    let (_dns, resolver) = dns(Spoiled::Nothing).await;
    assert_eq!(resolver.txt("_holm.open.test").await.unwrap(), [PIN]);
    let names = ["_holm.open.test".to_owned()];
    assert_eq!(resolver.is_secure(&names).await, Some(false));
}

#[test]
fn anchors_that_are_no_keys_are_refused_at_the_start() {
    assert!(HickoryResolver::validating_under(&[], "islet.test. IN DNSKEY 257").is_err());
}
