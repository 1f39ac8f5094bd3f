//! When a document is asked for again, and when a new root is taken (DISC-10, DISC-11).

use std::sync::Arc;

use holm_protocol::document::{
    Document, ListedKey, SignedDocument, Succession, Trust, VERSIONS, VerifiedDocument,
};
use holm_protocol::{PrivateKey, PublicKey, ServerName};

use super::{Known, Need, Standing};

const EXPIRES: u64 = 1_000_000_000;

fn document() -> Arc<VerifiedDocument> {
    let name = ServerName::parse("islet.example").unwrap();
    let listed = ListedKey {
        id: "r1".into(),
        key: PublicKey([1; 32]),
        from: 0,
        until: EXPIRES,
    };
    let document = Document {
        name: name.clone(),
        base_url: "https://islet.example".into(),
        versions: VERSIONS.iter().map(|v| (*v).to_owned()).collect(),
        serial: 3,
        expires: EXPIRES,
        request_keys: vec![listed],
        room_keys: vec![],
        successions: Vec::new(),
    };
    let signed = document.sign(&PrivateKey::from_seed(&[7; 32]));
    Arc::new(signed.verify(&name, &Trust::default(), 0).unwrap())
}

fn fetches(known: &Known, key_id: Option<&str>, now_ms: u64) -> bool {
    matches!(known.need(key_id, now_ms), Need::Fetch(_))
}

#[test]
fn a_document_is_fetched_where_there_is_none_old_or_expired() {
    // DISC-10
    let mut known = Known::default();
    assert!(fetches(&known, None, 0));
    known.take(document(), 1_000);
    assert!(!fetches(&known, None, 1_000 + 3_599_999));
    assert!(fetches(&known, None, 1_000 + 3_600_000));
    assert!(matches!(known.need(None, EXPIRES), Need::Fetch(None)));
}

#[test]
fn an_unknown_key_is_asked_for_once_a_minute() {
    // DISC-10
    let mut known = Known::default();
    known.take(document(), 1_000);
    assert!(!fetches(&known, Some("r1"), 1_000));
    assert!(fetches(&known, Some("r2"), 1_000));
    known.trying(1_000);
    assert!(!fetches(&known, Some("r2"), 1_000 + 59_999));
    assert!(fetches(&known, Some("r2"), 1_000 + 60_000));
}

const HOUR_MS: u64 = 3_600_000;

fn key(n: u8) -> PrivateKey {
    PrivateKey::from_seed(&[n; 32])
}

/// A document under the root `n`, which `steps` lead to.
fn under(n: u8, serial: u64, steps: &[u8]) -> SignedDocument {
    let name = ServerName::parse("islet.example").unwrap();
    let mut roots: Vec<_> = steps.iter().map(|n| key(*n)).collect();
    roots.push(key(n));
    let steps = roots.windows(2);
    Document {
        name: name.clone(),
        base_url: "https://islet.example".into(),
        versions: VERSIONS.iter().map(|v| (*v).to_owned()).collect(),
        serial,
        expires: EXPIRES,
        request_keys: vec![],
        room_keys: vec![],
        successions: steps
            .map(|pair| Succession::sign(&name, &pair[0], pair[1].public()))
            .collect(),
    }
    .sign(&key(n))
}

/// What is judged of a document while DNS pins `pin`; what holds is taken.
fn judge(
    known: &mut Known,
    signed: SignedDocument,
    pin: Option<u8>,
    now_ms: u64,
) -> Option<Standing> {
    let name = ServerName::parse("islet.example").unwrap();
    let pin = pin.map(|n| key(n).public());
    let (document, standing) = known.judge(&name, signed, pin, now_ms).ok()?;
    known.take(Arc::new(document), now_ms);
    Some(standing)
}

#[test]
fn a_new_root_needs_its_pin_for_seventy_two_hours_without_a_break() {
    // DISC-11, DOC-9
    let mut known = Known::default();
    assert_eq!(
        judge(&mut known, under(7, 3, &[]), None, 0),
        Some(Standing::First)
    );
    let mut new = |pin, hours: u64| judge(&mut known, under(8, 1, &[]), pin, hours * HOUR_MS);
    assert_eq!(new(Some(8), 0), None);
    assert_eq!(new(Some(8), 71), None);
    assert_eq!(new(Some(9), 71), None);
    assert_eq!(new(Some(8), 72), None);
    assert_eq!(new(None, 100), None);
    assert_eq!(new(Some(8), 150), None);
    assert_eq!(new(Some(8), 221), None);
    assert_eq!(new(Some(8), 222), Some(Standing::Replaced));
    assert_eq!(new(Some(8), 223), Some(Standing::Known));
}

#[test]
fn the_hours_of_a_new_pin_are_counted_over_a_restart() {
    // DISC-11
    let mut known = Known::default();
    judge(&mut known, under(7, 3, &[]), None, 0);
    assert_eq!(judge(&mut known, under(8, 1, &[]), Some(8), 0), None);
    let mut restarted = Known {
        root: known.root,
        memory: known.memory,
        ..Known::default()
    };
    let outcome = judge(&mut restarted, under(8, 1, &[]), Some(8), 72 * HOUR_MS);
    assert_eq!(outcome, Some(Standing::Replaced));
}

#[test]
fn a_root_that_the_known_one_signed_is_taken_at_once_and_there_is_no_way_back() {
    // DOC-10, DOC-11
    let mut known = Known::default();
    judge(&mut known, under(7, 3, &[]), Some(7), 0);
    // DNS still pins the former root.
    assert_eq!(
        judge(&mut known, under(8, 4, &[7]), Some(7), 1),
        Some(Standing::Known)
    );
    // Whoever stole the former root leads nobody to another, nor back.
    assert_eq!(judge(&mut known, under(9, 5, &[7]), Some(7), 2), None);
    assert_eq!(
        judge(&mut known, under(7, 5, &[]), Some(7), 2 + 80 * HOUR_MS),
        None
    );
    // DNS names the new one in time.
    assert_eq!(
        judge(&mut known, under(8, 4, &[7]), Some(8), 3),
        Some(Standing::Known)
    );
    // Pin and succession at once.
    assert_eq!(
        judge(&mut known, under(9, 5, &[7, 8]), Some(9), 4),
        Some(Standing::Known)
    );
}

#[test]
fn a_pin_to_another_root_than_the_server_shows_is_refused_however_long_it_stands() {
    // DOC-5, DISC-11
    let mut known = Known::default();
    judge(&mut known, under(7, 3, &[]), Some(7), 0);
    for hours in [1, 100] {
        assert_eq!(
            judge(&mut known, under(7, 4, &[]), Some(8), hours * HOUR_MS),
            None
        );
        let text = known
            .refused()
            .unwrap()
            .text(&"islet.example", hours * HOUR_MS);
        assert!(text.contains("DNS pins another"), "{text}");
        assert!(
            known.shows_another_root().is_none(),
            "it is the same server"
        );
    }
    assert_eq!(
        judge(&mut known, under(7, 4, &[]), Some(7), 101 * HOUR_MS),
        Some(Standing::Known)
    );
    assert!(known.refused().is_none());
}

#[test]
fn the_operators_word_counts_at_once_and_against_dns() {
    // DOC-9
    let mut known = Known::default();
    judge(&mut known, under(7, 3, &[]), Some(7), 0);
    assert_eq!(judge(&mut known, under(8, 1, &[]), Some(7), 1), None);
    let text = known
        .shows_another_root()
        .unwrap()
        .text(&"islet.example", 1);
    let fix = format!("holm peers accept-root islet.example {}", key(8).public());
    assert!(text.ends_with(&fix), "{text}");
    known.accept(key(8).public());
    assert_eq!(judge(&mut known, under(9, 1, &[]), None, 2), None);
    assert_eq!(
        judge(&mut known, under(8, 1, &[]), Some(7), 3),
        Some(Standing::Replaced)
    );
    assert_eq!(
        judge(&mut known, under(9, 2, &[8]), Some(7), 4),
        Some(Standing::Known)
    );
}

#[test]
fn at_first_contact_a_pin_counts_at_once() {
    // DISC-9, DOC-5
    assert_eq!(
        judge(&mut Known::default(), under(7, 3, &[]), Some(8), 0),
        None
    );
    let outcome = judge(&mut Known::default(), under(8, 3, &[]), Some(8), 0);
    assert_eq!(outcome, Some(Standing::First));
}
