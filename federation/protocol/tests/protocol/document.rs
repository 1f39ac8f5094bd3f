//! Server documents: which are believed (DOC-1 to DOC-8, LIM-18).

use holm_protocol::document::{Document, DocumentError, ListedKey, SignedDocument, Trust};
use holm_protocol::endpoint::{Auth, SERVER_DOCUMENT};
use holm_protocol::limits::{DOCUMENT_LEN_MAX, KEY_ID_LEN_MAX};
use holm_protocol::signing::Label;
use holm_protocol::{Base64Url, PrivateKey, PublicKey};
use proptest::option;
use proptest::prelude::{Just, Strategy, any, prop_assert_eq, prop_oneof, proptest};

use crate::fixtures::{NOW, islet, key, skerry};

fn listed(id: &str) -> ListedKey {
    ListedKey {
        id: id.into(),
        key: key(id).public(),
        from: NOW - 10,
        until: NOW + 10,
    }
}

fn document() -> Document {
    Document {
        name: islet(),
        base_url: "https://islet.example".into(),
        versions: vec!["v1".into()],
        serial: 7,
        expires: NOW + 1,
        request_keys: vec![listed("q1"), listed("q2")],
        room_keys: vec![listed("r1")],
        successions: Vec::new(),
    }
}

fn root() -> PrivateKey {
    key("root of islet")
}

/// Bytes signed as a document, whatever they are.
fn signed(bytes: &[u8]) -> SignedDocument {
    SignedDocument {
        document: Base64Url::from(bytes.to_vec()),
        root: root().public(),
        signature: root().sign(Label::DOCUMENT, &[bytes]),
    }
}

fn error(document: &Document, trust: &Trust) -> Option<DocumentError> {
    document.sign(&root()).verify(&islet(), trust, NOW).err()
}

fn changed(change: impl FnOnce(&mut Document)) -> Option<DocumentError> {
    let mut document = document();
    change(&mut document);
    error(&document, &Trust::default())
}

fn roots() -> impl Strategy<Value = PublicKey> {
    prop_oneof![
        Just(root().public()),
        Just(key("second root").public()),
        Just(key("third root").public())
    ]
}

proptest! {
    /// DOC-5, DOC-6
    #[test]
    fn a_root_is_the_pinned_one_else_the_known_one_else_the_first(
        pin in option::of(roots()), known in option::of((roots(), 0_u64..15))
    ) {
        let trust = Trust { pin, known };
        let found = root().public();
        let expected = pin.or(known.map(|(root, _)| root)).unwrap_or(found);
        let seen = known.filter(|(root, _)| *root == found).map(|(_, serial)| serial);
        let expected = match (expected == found, seen) {
            (false, _) => Some(DocumentError::Root { found }),
            (true, Some(known)) if known > 7 => Some(DocumentError::Serial { found: 7, known }),
            _ => None,
        };
        prop_assert_eq!(error(&document(), &trust), expected);
    }

    /// DOC-2
    #[test]
    fn any_change_of_the_bytes_or_the_signature_breaks_it(at in any::<proptest::sample::Index>(), bit in 0_u8..8) {
        let good = document().sign(&root());
        let mut bytes = good.document.as_slice().to_vec();
        let place = at.index(bytes.len());
        bytes[place] ^= 1 << bit;
        let changed = SignedDocument { document: bytes.into(), ..good.clone() };
        let verdict = changed.verify(&islet(), &Trust::default(), NOW);
        prop_assert_eq!(verdict.err(), Some(DocumentError::Signature));
        let mut changed = good;
        changed.signature.0[at.index(64)] ^= 1 << bit;
        let verdict = changed.verify(&islet(), &Trust::default(), NOW);
        prop_assert_eq!(verdict.err(), Some(DocumentError::Signature));
    }

    /// DOC-2
    #[test]
    fn arbitrary_signed_bytes_are_refused(bytes in crate::strategies::bytes()) {
        let verdict = signed(&bytes).verify(&islet(), &Trust::default(), NOW);
        let malformed = matches!(verdict, Err(DocumentError::Malformed(_)));
        prop_assert_eq!(malformed, true);
    }

    /// DOC-3
    #[test]
    fn a_key_counts_under_its_id_and_within_its_time(time in NOW - 20..NOW + 20) {
        let document = document().sign(&root());
        let document = document.verify(&islet(), &Trust::default(), NOW).unwrap();
        let valid = (NOW - 10..NOW + 10).contains(&time);
        let expected = valid.then(|| key("q1").public());
        prop_assert_eq!(document.request_key("q1", time), expected);
        let expected = valid.then(|| key("r1").public());
        prop_assert_eq!(document.room_key("r1", time), expected);
        prop_assert_eq!(document.request_key("r1", time), None);
        prop_assert_eq!(document.room_key("q1", time), None);
    }
}

/// DOC-2
#[test]
fn a_document_is_relayed_as_it_was_received() {
    let spaced = serde_json::to_string_pretty(&document()).unwrap();
    let received = signed(spaced.as_bytes());
    let json = serde_json::to_vec(&received).unwrap();
    let read: SignedDocument = holm_protocol::json::from_slice(&json).unwrap();
    let held = read.verify(&islet(), &Trust::default(), NOW).unwrap();
    assert_eq!(held.signed(), &received);
    assert_eq!(
        (held.content(), held.root()),
        (&document(), root().public())
    );
}

/// DOC-2, ENC-4
#[test]
fn a_member_that_stands_twice_is_refused() {
    let text = serde_json::to_string(&document()).unwrap();
    let twice = text.replacen('{', r#"{"serial":9,"#, 1);
    let verdict = signed(twice.as_bytes()).verify(&islet(), &Trust::default(), NOW);
    assert!(matches!(verdict, Err(DocumentError::Malformed(_))));
    let unknown = text.replacen('{', r#"{"later":9,"#, 1);
    let verdict = signed(unknown.as_bytes()).verify(&islet(), &Trust::default(), NOW);
    assert!(verdict.is_ok());
}

/// DOC-4
#[test]
fn a_document_is_of_the_name_asked_for() {
    let other = DocumentError::Name(skerry());
    assert_eq!(changed(|d| d.name = skerry()), Some(other));
}

/// DOC-7
#[test]
fn a_document_expires() {
    assert_eq!(changed(|d| d.expires = NOW + 1), None);
    assert_eq!(
        changed(|d| d.expires = NOW),
        Some(DocumentError::Expired(NOW))
    );
}

/// DOC-8
#[test]
fn a_common_version_is_needed() {
    let versions = || vec!["v2".to_owned(), "v3".to_owned()];
    let none = DocumentError::Version(versions());
    assert_eq!(changed(|d| d.versions = versions()), Some(none));
    assert_eq!(changed(|d| d.versions.push("v2".into())), None);
}

/// DOC-3
#[test]
fn a_key_id_stands_once_and_needs_no_quoting() {
    let is_malformed = |id: &str| {
        let verdict = changed(|d| d.room_keys.push(listed(id)));
        matches!(verdict, Some(DocumentError::Malformed(_)))
    };
    for id in [
        "r1",
        "q1",
        "",
        "a b",
        "a#b",
        "a\"",
        "é",
        &"k".repeat(KEY_ID_LEN_MAX + 1),
    ] {
        assert!(is_malformed(id), "{id}");
    }
    for id in ["R1", "2026-10_a", &"k".repeat(KEY_ID_LEN_MAX)] {
        assert!(!is_malformed(id), "{id}");
    }
}

/// LIM-18
#[test]
fn a_document_has_at_most_64_kibibytes() {
    assert_eq!(DOCUMENT_LEN_MAX, 65_536);
    let of = |len: usize| {
        let mut bytes = serde_json::to_vec(&document()).unwrap();
        bytes.resize(len, b' ');
        signed(&bytes).verify(&islet(), &Trust::default(), NOW)
    };
    assert!(of(DOCUMENT_LEN_MAX).is_ok());
    let error = of(DOCUMENT_LEN_MAX + 1).unwrap_err();
    assert_eq!(error, DocumentError::Malformed("65537 bytes".into()));
}

/// DOC-1
#[test]
fn a_document_is_for_everybody_at_its_well_known_place() {
    assert_eq!(SERVER_DOCUMENT.path, "/.well-known/holm");
    assert_eq!(
        (SERVER_DOCUMENT.method, SERVER_DOCUMENT.auth),
        ("GET", Auth::Nobody)
    );
}
