//! What a running server knows of a peer, and what the peer says of it.

use holm_core::peer::PeerView;
use holm_core::ports::PeerError;
use holm_protocol::federation::Reflection;
use holm_protocol::{Code, Problem, ServerName};

use super::super::super::finding::{Finding, Level};
use super::super::{peer, reflection};
use super::{HOUR, NOW, is, key, skerry};
use crate::operator::{Breaker, Calls};

fn own() -> reflection::Own {
    reflection::Own {
        name: ServerName::parse("islet.test").unwrap(),
        root: key(3).public(),
        serial: 2,
    }
}

fn reflected(change: impl FnOnce(&mut Reflection)) -> Vec<Finding> {
    let mut seen = Reflection {
        origin: own().name,
        key_id: "r2".to_owned(),
        address: Some("198.51.100.7".parse().unwrap()),
        root: own().root,
        serial: 2,
        expires: NOW + HOUR,
        time: NOW,
        versions: vec!["v1".to_owned()],
    };
    change(&mut seen);
    reflection::reflection(&skerry(), &own(), &Ok(seen), (NOW, NOW))
}

// FED-20
#[test]
fn what_the_other_side_sees_of_us_is_held_against_what_we_are() {
    let well = reflected(|_| {});
    is(&well[0], Level::Ok, "by the key r2", "");
    is(&well[1], Level::Ok, "we come from 198.51.100.7", "");
    is(&well[2], Level::Ok, "agrees", "");
    let old = reflected(|seen| seen.serial = 1);
    is(&old[1], Level::Warn, "document 1, not 2", "within the hour");
    let other = reflected(|seen| seen.root = key(9).public());
    let accept = format!("accept-root islet.test {}", own().root);
    is(&other[1], Level::Fail, "under the root key", &accept);
    let late = reflected(|seen| seen.time = NOW - 60_000);
    is(&late[2], Level::Warn, "60 s behind", "NTP");
}

// SIG-9, FED-20
#[test]
fn each_refusal_of_our_request_names_its_fix() {
    let refused = |problem: Problem| {
        let answer = Err(PeerError::Refused {
            server: skerry(),
            problem: Box::new(problem),
        });
        reflection::reflection(&skerry(), &own(), &answer, (NOW, NOW)).remove(0)
    };
    let skewed = Problem::new(Code::ClockSkew, "off").with_time(NOW + HOUR);
    is(&refused(skewed), Level::Fail, "60 min ahead of", "NTP");
    for (code, level, fix) in [
        (Code::PeerUnreachable, Level::Fail, "holm doctor islet.test"),
        (Code::PeerUntrusted, Level::Fail, "_holm.islet.test"),
        (Code::UnknownKey, Level::Fail, "cache"),
        (Code::SignatureInvalid, Level::Fail, "cache"),
        (Code::WrongDestination, Level::Fail, "leads wrong"),
        (Code::Forbidden, Level::Fail, "blocked"),
        (Code::NotFound, Level::Warn, "older version"),
        (Code::RateLimited, Level::Warn, "in a minute"),
    ] {
        is(
            &refused(Problem::new(code, "no")),
            level,
            code.as_str(),
            fix,
        );
    }
}

// FED-9
#[test]
fn a_peer_that_is_waited_for_is_told_with_its_last_error_and_the_next_try() {
    let calls = Calls {
        breaker: Breaker::Open,
        heard_ms: Some(NOW - 2 * HOUR),
        failing_since_ms: Some(NOW - HOUR),
        retry_in_ms: 4_000,
        last_error: Some("skerry.test cannot be reached: refused".to_owned()),
        last_error_ms: Some(NOW - 5_000),
    };
    let found = peer::calls(&calls, NOW);
    is(
        &found[0],
        Level::Warn,
        "the last error, 5 s ago",
        "holm peers retry",
    );
    assert!(found[0].saw.ends_with("next try: in 4 s"), "{}", found[0]);
    is(
        &peer::calls(&Calls::default(), NOW)[0],
        Level::Ok,
        "calls to it go",
        "",
    );
}

// FED-15, D17
#[test]
fn what_waits_for_a_peer_is_told() {
    is(&peer::queue(None)[0], Level::Ok, "nothing waits", "");
    let view = PeerView {
        rooms_brought: 3,
        rooms_owed: 1,
        events_owed: 7,
        rooms_resting: 1,
        rooms_followed: 2,
        rooms_held: 1,
        stored_bytes: 5_000,
        is_over_stored: true,
    };
    let found = peer::queue(Some(&view));
    is(&found[0], Level::Ok, "owed 7 event(s)", "");
    is(&found[1], Level::Warn, "wait for it in 1", "by themselves");
    is(&found[2], Level::Warn, "5000 bytes", "quotas.stored_bytes");
    is(&found[3], Level::Warn, "1 room(s)", "log");
}
