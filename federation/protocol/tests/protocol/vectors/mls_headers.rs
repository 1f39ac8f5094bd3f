//! `mls_headers.json`.

use holm_protocol::Hash;
use holm_protocol::mls_header::{
    CONTENT_APPLICATION, CONTENT_COMMIT, MlsHeader, confirmed_transcript_hash,
    interim_transcript_hash,
};
use serde_json::{Value, json};

use super::File;
use super::case::{Case, hex};
use crate::fixtures::room;
use crate::mls_header::{private, public};

const MEMBER: [u8; 5] = [1, 0, 0, 0, 7];
const ENTERING: [u8; 1] = [4];

fn read(bytes: &[u8]) -> Value {
    let Some(header) = MlsHeader::read(bytes) else {
        return Value::Null;
    };
    json!({
        "wire_format": header.wire_format, "group_id": hex(header.group_id),
        "epoch": header.epoch, "sender": header.sender, "content_type": header.content_type,
        "aad": hex(header.aad), "is_message": header.is_message(), "is_commit": header.is_commit(),
    })
}

fn valid(
    name: &str,
    bytes: &[u8],
    (content, sender, form): (u8, Option<(u8, u32)>, &str),
) -> Value {
    let header = json!({
        "wire_format": bytes[3], "group_id": hex(room().group_id(0)), "epoch": 5,
        "sender": sender, "content_type": content, "aad": hex("aad"),
        "is_message": form == "message", "is_commit": form == "commit",
    });
    json!({
        "name": name, "requirements": ["LOG-11"], "kind": "header", "bytes": hex(bytes),
        "header": header,
    })
}

fn invalid(name: &str, ids: &[&str], bytes: impl AsRef<[u8]>) -> Value {
    json!({
        "name": name, "requirements": ids, "kind": "header", "bytes": hex(bytes), "header": null,
    })
}

fn message() -> Vec<u8> {
    private(&room().group_id(0), 5, CONTENT_APPLICATION, b"aad")
}

fn commit(sender: &[u8]) -> Vec<u8> {
    public(&room().group_id(0), 5, sender, CONTENT_COMMIT, b"aad")
}

fn headers() -> Vec<Value> {
    let private_commit = private(&room().group_id(0), 5, CONTENT_COMMIT, b"aad");
    let open_message = public(&room().group_id(0), 5, &MEMBER, CONTENT_APPLICATION, b"aad");
    let (member, entering) = (Some((1, 7)), Some((4, 0)));
    vec![
        valid(
            "a message",
            &message(),
            (CONTENT_APPLICATION, None, "message"),
        ),
        valid(
            "a member's commit",
            &commit(&MEMBER),
            (CONTENT_COMMIT, member, "commit"),
        ),
        valid(
            "an external commit",
            &commit(&ENTERING),
            (CONTENT_COMMIT, entering, "commit"),
        ),
        valid(
            "a commit as PrivateMessage is neither",
            &private_commit,
            (CONTENT_COMMIT, None, ""),
        ),
        valid(
            "a message as PublicMessage is neither",
            &open_message,
            (CONTENT_APPLICATION, member, ""),
        ),
    ]
}

fn refused() -> Vec<Value> {
    let message = message();
    let with = |at: usize, byte: u8| {
        let mut bytes = message.clone();
        bytes[at] = byte;
        bytes
    };
    let long = [&message[..4], &[0x40], &message[4..]].concat();
    let form = &["LOG-11"];
    vec![
        invalid("no bytes", form, b""),
        invalid("another version", form, with(1, 2)),
        invalid("a Welcome", form, with(3, 3)),
        invalid("a message cut short", form, &message[..message.len() - 1]),
        invalid(
            "a message with a byte after it",
            form,
            [message.as_slice(), &[0]].concat(),
        ),
        invalid(
            "a length in two bytes that fits one",
            &["LOG-11", "ENC-2"],
            long,
        ),
        invalid("a sender type that is none", form, commit(&[5])),
        invalid("sender type 0", form, commit(&[0, 0, 0, 0, 7])),
    ]
}

fn transcript(name: &str, commit: &[u8]) -> Value {
    let before = Hash::sha256(b"interim hash before");
    let confirmed = confirmed_transcript_hash(&before, commit).unwrap();
    let tag = [9; 32];
    json!({
        "name": name, "requirements": ["LOG-14"], "kind": "transcript", "commit": hex(commit),
        "interim_before": hex(before.0), "confirmed": hex(confirmed.0), "tag": hex(tag),
        "interim": hex(interim_transcript_hash(&confirmed.0, &tag).0),
    })
}

fn file() -> File {
    let transcripts = vec![
        transcript("the transcript after a member's commit", &commit(&MEMBER)),
        transcript(
            "the transcript after an external commit",
            &commit(&ENTERING),
        ),
    ];
    File {
        name: "mls_headers",
        description: "The readable front of MLS messages (RFC 9420 section 6), and the transcript hashes after a commit (section 8.2). The messages are of the right form but no true ciphertexts.",
        format: &[
            "kind: header or transcript",
            "header: what stands in front, or null where the bytes are to be refused. sender is [sender type, leaf index] of a PublicMessage (index 0 where there is none), null of a PrivateMessage",
            "is_message, is_commit: whether it has the one form that messages (PrivateMessage, application) or commits (PublicMessage, commit) have",
            "confirmed: SHA-256(interim_before || commit from wire_format to signature: without the first 2 bytes, the confirmation tag (33 bytes) and of a member's commit the membership tag (33 bytes))",
            "interim: SHA-256(confirmed || opaque tag<V>)",
        ],
        shared: Value::Null,
        cases: [headers(), refused(), transcripts].concat(),
    }
}

fn check_transcript(case: &Case<'_>) {
    let before = Hash(case.array("interim_before"));
    let confirmed = confirmed_transcript_hash(&before, &case.bytes("commit")).unwrap();
    assert_eq!(confirmed.0, case.array("confirmed"), "{}", case.name());
    let interim = interim_transcript_hash(&confirmed.0, &case.bytes("tag"));
    assert_eq!(interim.0, case.array("interim"), "{}", case.name());
}

/// LOG-11, LOG-14, ENC-2
#[test]
fn every_case_of_mls_headers_holds() {
    file().run(|case, _| match case.text("kind") {
        "header" => assert_eq!(
            &read(&case.bytes("bytes")),
            case.value("header"),
            "{}",
            case.name()
        ),
        _ => check_transcript(case),
    });
}
