//! The readable front of MLS messages (LOG-11, LOG-14).

use holm_protocol::Hash;
use holm_protocol::encoding::encode;
use holm_protocol::mls_header::{
    CONTENT_APPLICATION, CONTENT_COMMIT, MlsHeader, PRIVATE_MESSAGE, PUBLIC_MESSAGE, SENDER_MEMBER,
    SENDER_NEW_MEMBER_COMMIT, confirmed_transcript_hash, interim_transcript_hash,
};
use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};
use tls_codec::VLBytes;

use crate::strategies;

fn opaque(bytes: &[u8]) -> Vec<u8> {
    encode(&VLBytes::new(bytes.to_vec()))
}

/// A PrivateMessage with these parts (RFC 9420 §6.3).
pub(crate) fn private(group: &[u8], epoch: u64, content: u8, aad: &[u8]) -> Vec<u8> {
    let parts = [
        vec![0, 1, 0, 2],
        opaque(group),
        epoch.to_be_bytes().to_vec(),
        vec![content],
        opaque(aad),
        opaque(&[1; 28]),
        opaque(&[2; 80]),
    ];
    parts.concat()
}

/// A commit as PublicMessage with these parts and opaque rest (RFC 9420 §6.2).
pub(crate) fn public(group: &[u8], epoch: u64, sender: &[u8], content: u8, aad: &[u8]) -> Vec<u8> {
    let parts = [
        vec![0, 1, 0, 1],
        opaque(group),
        epoch.to_be_bytes().to_vec(),
        sender.to_vec(),
        opaque(aad),
        vec![content],
        vec![3; 150],
    ];
    parts.concat()
}

proptest! {
    /// LOG-11
    #[test]
    fn a_private_message_is_read_in_place(group in strategies::bytes(), epoch in any::<u64>(), aad in strategies::bytes()) {
        let bytes = private(&group, epoch, CONTENT_APPLICATION, &aad);
        let header = MlsHeader::read(&bytes).unwrap();
        prop_assert_eq!(header.wire_format, PRIVATE_MESSAGE);
        prop_assert_eq!((header.group_id, header.epoch), (group.as_slice(), epoch));
        prop_assert_eq!((header.sender, header.aad), (None, aad.as_slice()));
        prop_assert!(header.is_message() && !header.is_commit());
        for cut in 0..bytes.len() {
            prop_assert_eq!(MlsHeader::read(&bytes[..cut]), None);
        }
        let longer = [bytes.as_slice(), &[0]].concat();
        prop_assert_eq!(MlsHeader::read(&longer), None);
    }

    /// LOG-11
    #[test]
    fn a_commit_is_read_in_place(group in strategies::bytes(), leaf in any::<u32>(), aad in strategies::bytes()) {
        let sender = [&[SENDER_MEMBER], leaf.to_be_bytes().as_slice()].concat();
        let bytes = public(&group, 5, &sender, CONTENT_COMMIT, &aad);
        let header = MlsHeader::read(&bytes).unwrap();
        prop_assert_eq!(header.wire_format, PUBLIC_MESSAGE);
        prop_assert_eq!(header.sender, Some((SENDER_MEMBER, leaf)));
        prop_assert_eq!((header.group_id, header.aad), (group.as_slice(), aad.as_slice()));
        prop_assert!(header.is_commit() && !header.is_message());
        let bytes = public(&group, 5, &[SENDER_NEW_MEMBER_COMMIT], CONTENT_COMMIT, &aad);
        let header = MlsHeader::read(&bytes).unwrap();
        prop_assert_eq!(header.sender, Some((SENDER_NEW_MEMBER_COMMIT, 0)));
    }

    /// LOG-11
    #[test]
    fn arbitrary_bytes_never_panic(bytes in strategies::bytes(), front in any::<bool>()) {
        let bytes = if front { [&[0, 1, 0, 1][..], &bytes].concat() } else { bytes };
        if let Some(header) = MlsHeader::read(&bytes) {
            prop_assert!(header.aad.len() < bytes.len());
        }
        let _hash = confirmed_transcript_hash(&Hash([0; 32]), &bytes);
    }
}

/// LOG-11
#[test]
fn other_versions_formats_and_senders_are_refused() {
    let good = private(b"group", 1, CONTENT_APPLICATION, b"");
    for (at, byte) in [(1, 2), (0, 1), (3, 3), (3, 0)] {
        let mut bytes = good.clone();
        bytes[at] = byte;
        assert_eq!(MlsHeader::read(&bytes), None, "byte {at} = {byte}");
    }
    for sender in [0, 5, 255] {
        let bytes = public(b"group", 1, &[sender, 0, 0, 0, 0], CONTENT_COMMIT, b"");
        assert_eq!(MlsHeader::read(&bytes), None, "sender {sender}");
    }
}

/// LOG-11, ENC-2
#[test]
fn a_length_in_more_bytes_than_needed_is_refused() {
    let bytes = private(b"group", 1, CONTENT_APPLICATION, b"");
    let long = [&bytes[..4], &[0x40], &bytes[4..]].concat();
    assert_eq!(long[4..6], [0x40, 5]);
    assert_eq!(MlsHeader::read(&long), None);
}

/// LOG-11
#[test]
fn only_application_data_is_a_message_and_only_a_public_commit_a_commit() {
    let commit = private(b"group", 1, CONTENT_COMMIT, b"");
    let header = MlsHeader::read(&commit).unwrap();
    assert!(!header.is_message() && !header.is_commit());
    let sender = [SENDER_MEMBER, 0, 0, 0, 0];
    let open = public(b"group", 1, &sender, CONTENT_APPLICATION, b"");
    let header = MlsHeader::read(&open).unwrap();
    assert!(!header.is_message() && !header.is_commit());
}

/// LOG-14
#[test]
fn a_transcript_covers_the_commit_from_wire_format_to_signature() {
    let member = [SENDER_MEMBER, 0, 0, 0, 7];
    for (sender, tags) in [(&member[..], 66), (&[SENDER_NEW_MEMBER_COMMIT][..], 33)] {
        let commit = public(b"group", 1, sender, CONTENT_COMMIT, b"aad");
        let interim = Hash::sha256(b"before");
        let hash = confirmed_transcript_hash(&interim, &commit).unwrap();
        let covered = [&interim.0, &commit[2..commit.len() - tags]].concat();
        assert_eq!(hash, Hash::sha256(&covered));
        let after = interim_transcript_hash(&hash.0, &[9; 32]);
        let expected = [&hash.0[..], &[32], &[9; 32]].concat();
        assert_eq!(after, Hash::sha256(&expected));
    }
    let message = private(b"group", 1, CONTENT_APPLICATION, b"");
    assert_eq!(confirmed_transcript_hash(&Hash([0; 32]), &message), None);
}
