//! When a document is asked for again, and when a new root is taken (DISC-10, DISC-11).

use std::sync::Arc;

use holm_protocol::document::{Document, ListedKey, Trust, VERSIONS, VerifiedDocument};
use holm_protocol::{PrivateKey, PublicKey, ServerName};

use super::{Known, Need};

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

#[test]
fn a_new_root_needs_its_pin_for_seventy_two_hours_without_a_break() {
    // DISC-11, DOC-9
    let hours = |n: u64| n * 3_600_000;
    let (new, other) = (PublicKey([8; 32]), PublicKey([9; 32]));
    let mut known = Known::default();
    known.take(document(), 0);
    let old = known.root.map(|(root, _)| root);
    assert!(known.trust(Some(new), 0).is_none());
    assert!(known.trust(Some(new), hours(71)).is_none());
    assert!(known.trust(Some(other), hours(71)).is_none());
    assert!(known.trust(Some(new), hours(72)).is_none());
    assert!(known.trust(old, hours(100)).is_some());
    assert!(known.trust(Some(new), hours(150)).is_none());
    assert!(known.trust(Some(new), hours(222)).is_some());
}

#[test]
fn at_first_contact_a_pin_counts_at_once() {
    // DISC-9, DOC-5
    let pin = Some(PublicKey([8; 32]));
    let trust = Known::default().trust(pin, 0);
    assert_eq!(trust, Some(Trust { pin, known: None }));
}
