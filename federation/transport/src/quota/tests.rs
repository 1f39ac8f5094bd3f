//! Every quota at n and n + 1, with a clock of the test's own.

use std::net::IpAddr;
use std::sync::Arc;

use holm_protocol::{Code, ServerName, UserUri};

use super::buckets::Buckets;
use super::{QuotaLimits, Quotas, Rate};

const NOW: u64 = 1_760_000_000_000;

fn peer(name: &str) -> ServerName {
    ServerName::parse(&format!("{name}.example")).unwrap()
}

fn user(name: &str) -> UserUri {
    UserUri::from_address(&format!("{name}@islet.example")).unwrap()
}

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn limits() -> QuotaLimits {
    let rate = |burst, per_minute| Rate { burst, per_minute };
    QuotaLimits {
        unproven: rate(3, 60),
        requests: rate(4, 120),
        bytes: rate(1_000, 60_000),
        claims: rate(5, 60),
        claims_by_user: rate(3, 60),
        claims_of_user: rate(2, 6),
        catch_ups: 2,
    }
}

fn quotas() -> Arc<Quotas> {
    Arc::new(Quotas::new(limits()))
}

/// Q05, FED-16, FED-17
#[test]
fn a_peer_has_so_many_requests_and_the_next_when_it_was_told() {
    let quotas = quotas();
    let ask = |name: &str, now| quotas.proven((None, &peer(name)), 1, now);
    for _ in 0..4 {
        ask("a", NOW).unwrap();
    }
    let problem = ask("a", NOW).unwrap_err().problem(Code::QuotaExceeded);
    assert_eq!((problem.status, problem.retry_after), (429, Some(1)));
    // One that floods sheds itself alone.
    ask("b", NOW).unwrap();
    assert!(ask("a", NOW + 499).is_err());
    ask("a", NOW + 500).unwrap();
    assert!(ask("a", NOW + 500).is_err());
}

/// Q05, FED-16, FED-17
#[test]
fn a_peer_has_so_many_bytes_and_a_request_larger_than_a_burst_costs_a_burst() {
    let quotas = quotas();
    let bring = |bytes, now| quotas.proven((None, &peer("a")), bytes, now);
    bring(1_000, NOW).unwrap();
    let over = bring(1, NOW).unwrap_err();
    assert_eq!(over.problem(Code::QuotaExceeded).retry_after, Some(1));
    let later = NOW + 10_000;
    bring(5_000_000, later).unwrap();
    assert!(bring(1, later).is_err());
    bring(1, later + 1).unwrap();
}

/// S30, FED-16
#[test]
fn garbage_pays_with_its_address_and_whoever_is_proven_gets_it_back() {
    let quotas = quotas();
    let from = Some(address("192.0.2.1"));
    for _ in 0..100 {
        quotas.unproven(from, NOW).unwrap();
        quotas.proven((from, &peer("a")), 0, NOW + 1_000_000).ok();
    }
    for _ in 0..3 {
        quotas.unproven(from, NOW).unwrap();
    }
    assert!(quotas.unproven(from, NOW).is_err());
    quotas.unproven(Some(address("192.0.2.2")), NOW).unwrap();
    quotas.unproven(from, NOW + 1_000).unwrap();
    assert!(quotas.unproven(from, NOW + 1_000).is_err());
}

/// S30, Q02, FED-16
#[test]
fn neighbors_of_one_ipv6_network_share_a_budget() {
    let quotas = quotas();
    for last in ["1", "2", "3"] {
        let from = Some(address(&format!("2001:db8::{last}")));
        quotas.unproven(from, NOW).unwrap();
    }
    assert!(
        quotas
            .unproven(Some(address("2001:db8::ffff")), NOW)
            .is_err()
    );
    quotas
        .unproven(Some(address("2001:db8:0:1::1")), NOW)
        .unwrap();
}

/// S22, M28, FED-16, FED-18
#[test]
fn key_packages_are_claimed_so_often_by_peer_by_user_and_of_one_user() {
    let quotas = quotas();
    let claim = |by: &str, of: &str| {
        let claim = quotas.claim(&peer("a"), (&user(by), &user(of)), NOW);
        claim.map_err(|over| over.problem(Code::RateLimited).retry_after)
    };
    assert_eq!(claim("mallory", "alice"), Ok(()));
    assert_eq!(claim("mallory", "alice"), Ok(()));
    assert_eq!(claim("mallory", "alice"), Err(Some(10)));
    assert_eq!(claim("mallory", "bob"), Ok(()));
    assert_eq!(claim("mallory", "carol"), Err(Some(1)));
    assert_eq!(claim("trudy", "bob"), Ok(()));
    assert_eq!(claim("trudy", "carol"), Ok(()));
    assert_eq!(claim("trudy", "dave"), Err(Some(1)));
    let other = peer("b");
    let others = quotas.claim(&other, (&user("trudy"), &user("alice")), NOW);
    assert!(others.is_ok());
}

/// S24, FED-16
#[test]
fn a_peer_catches_up_so_often_at_a_time() {
    let quotas = quotas();
    let first = quotas.catch_up(&peer("a")).ok().unwrap();
    let second = quotas.catch_up(&peer("a")).ok().unwrap();
    assert!(quotas.catch_up(&peer("a")).is_err());
    assert!(quotas.catch_up(&peer("b")).is_ok());
    drop(first);
    assert!(quotas.catch_up(&peer("a")).is_ok());
    drop(second);
    assert!(quotas.inner().catching_up.is_empty());
}

/// S30, FED-16
#[test]
fn names_past_the_bound_share_one_budget_until_others_have_theirs_back() {
    let rate = limits().requests;
    let mut buckets = Buckets::new(rate, 2);
    for key in [1, 2] {
        buckets.take(key, 4, NOW).unwrap();
    }
    buckets.take(3, 4, NOW).unwrap();
    assert!(buckets.take(4, 1, NOW).is_err());
    assert_eq!(buckets.len(), 2);
    // After two seconds all are full again.
    buckets.take(3, 4, NOW + 2_000).unwrap();
    buckets.take(4, 4, NOW + 2_000).unwrap();
    assert_eq!(buckets.len(), 2);
}

/// F06, FED-16
#[test]
fn a_clock_that_is_set_back_gives_nothing_and_takes_nothing() {
    let quotas = quotas();
    let ask = |now| quotas.proven((None, &peer("a")), 1, now);
    for _ in 0..4 {
        ask(NOW).unwrap();
    }
    assert!(ask(NOW - 3_600_000).is_err());
    ask(NOW - 3_600_000 + 500).unwrap();
}

/// FED-16
#[test]
fn a_burst_of_nothing_sets_no_bound() {
    let mut none = limits();
    none.requests = Rate {
        burst: 0,
        per_minute: 0,
    };
    let quotas = Quotas::new(none);
    for _ in 0..1_000 {
        quotas.proven((None, &peer("a")), 0, NOW).unwrap();
    }
}
