//! What is listed when keys are replaced, and who signs when.

use holm_protocol::document::{Trust, VerifiedDocument};
use holm_protocol::{PrivateKey, ServerName};

use super::{Begin, DOCUMENT_VALID_MS, Keyring, LISTED_MAX, SEEN_MS, UNDER_WAY_MS};

const NOW: u64 = 1_760_000_000_000;

fn key(n: u8) -> PrivateKey {
    PrivateKey::from_seed(&[n; 32])
}

fn name() -> ServerName {
    ServerName::parse("islet.example").unwrap()
}

fn ring() -> Keyring {
    Keyring::first(key(1), key(2), key(3))
}

fn document(ring: &Keyring, trust: &Trust, now_ms: u64) -> VerifiedDocument {
    let signed = ring.document(&name(), "https://islet.example", now_ms);
    signed.verify(&name(), trust, now_ms).unwrap()
}

#[test]
fn a_new_key_is_listed_at_once_and_signs_when_every_reader_can_have_seen_it() {
    // DOC-3, DOC-6
    let (old, new) = (
        ring(),
        ring().rotated((key(4), key(5)), Begin::WhenSeen, NOW),
    );
    let known = Some((key(1).public(), old.serial));
    let read = document(&new, &Trust { pin: None, known }, NOW);
    assert_eq!(read.content().serial, 2);
    let (first, _) = old.request_signer(NOW);
    let (begins, ends) = (NOW + SEEN_MS, NOW + SEEN_MS + UNDER_WAY_MS);
    assert_eq!(new.request_signer(begins - 1).0, first);
    let (second, secret) = new.request_signer(begins);
    assert_ne!(second, first);
    assert_eq!(secret.public(), key(4).public());
    assert_eq!(read.request_key(second, NOW), Some(key(4).public()));
    assert_eq!(read.request_key(first, ends - 1), Some(key(2).public()));
    assert_eq!(read.request_key(first, ends), None);
    let later = document(&new, &Trust::default(), ends);
    assert_eq!(later.content().request_keys.len(), 1);
}

#[test]
fn what_an_old_room_key_signed_is_verified_for_good_and_it_signs_nothing_later() {
    // DOC-3, HEAD-3
    let old = ring();
    let (first, _) = old.room_signer(NOW);
    let new = old.rotated((key(4), key(5)), Begin::Now, NOW);
    assert_ne!(new.room_signer(NOW).0, first);
    let year_later = NOW + 52 * DOCUMENT_VALID_MS;
    let read = document(&new, &Trust::default(), year_later);
    assert_eq!(read.room_key(first, NOW), Some(key(3).public()));
    assert_eq!(read.room_key(first, NOW + 1), None);
    assert_eq!(new.room_key(first, NOW), Some(key(3).public()));
    assert_eq!(new.room_key(first, NOW + 1), None);
    assert!(new.room_keys[0].secret.is_none(), "the old key is gone");
}

#[test]
fn ids_do_not_come_again_whatever_the_serial() {
    // DOC-3: a server restored from a copy of its keys, and rotated again, names no id twice.
    let one = ring().rotated((key(4), key(5)), Begin::Now, NOW);
    let other = ring().rotated((key(6), key(7)), Begin::Now, NOW);
    assert_eq!(one.serial, other.serial);
    assert_ne!(one.request_signer(NOW).0, other.request_signer(NOW).0);
    assert_ne!(one.room_signer(NOW).0, other.room_signer(NOW).0);
}

#[test]
fn a_new_root_is_led_to_and_keeps_the_room_keys_of_before() {
    // DOC-10, DOC-11
    let old = ring();
    let (first, _) = old.room_signer(NOW);
    let new = old.with_root(&name(), key(8), (key(4), key(5)), Begin::WhenSeen, NOW);
    let known = Some((key(1).public(), old.serial));
    let read = document(&new, &Trust { pin: None, known }, NOW);
    assert_eq!(read.root(), key(8).public());
    assert!(read.stands_under(&key(1).public()));
    assert_eq!(read.room_key(first, NOW - 1), Some(key(3).public()));
}

#[test]
fn a_document_stays_small_however_often_keys_and_roots_are_replaced() {
    // DOC-10, LIM-18
    let mut ring = ring();
    for n in 0..70_u8 {
        ring = ring.rotated((key(n), key(n + 80)), Begin::Now, NOW + u64::from(n));
    }
    for n in 160..170_u8 {
        ring = ring.with_root(
            &name(),
            key(n),
            (key(n), key(n + 40)),
            Begin::Now,
            NOW + u64::from(n),
        );
    }
    let read = document(&ring, &Trust::default(), NOW + 1_000);
    assert_eq!(read.content().room_keys.len(), LISTED_MAX);
    assert!(!read.stands_under(&key(1).public()));
    assert!(read.stands_under(&key(161).public()));
}
