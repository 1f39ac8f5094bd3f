//! `heads.json`.

use holm_protocol::document::{Document, ListedKey, SignedDocument, Trust};
use holm_protocol::encoding::{decode, encode};
use holm_protocol::room_extension::Hub;
use holm_protocol::signing::Label;
use holm_protocol::{Hash, Head, PrivateKey, PublicKey, RoomUri, ServerName, SignedHead};
use serde_json::{Value, json};

use super::File;
use super::case::{Case, hex};
use crate::fixtures::{NOW, islet, key, room, skerry};

fn head(seq: u64, hash: &str) -> Head {
    Head {
        room: room(),
        term: 1,
        seq,
        hash: Hash::sha256(hash.as_bytes()),
        time: NOW,
    }
}

fn signed(head: Head) -> SignedHead {
    SignedHead::sign(head, "r1", &key("room key of islet"))
}

fn signature(name: &str, ids: &[&str], signed: &SignedHead, signer: &str, valid: bool) -> Value {
    let (head, key) = (&signed.head, key(signer));
    json!({
        "name": name, "requirements": ids, "kind": "signature", "valid": valid,
        "head": {
            "room": head.room, "term": head.term, "seq": head.seq, "hash": hex(head.hash.0),
            "time": head.time,
        },
        "key_id": signed.key_id().unwrap(), "seed": hex(key.seed()), "key": hex(key.public().0),
        "signed_bytes": hex(Label::HEAD.frame(&[&encode(head)])), "bytes": hex(encode(signed)),
    })
}

fn signatures() -> Vec<Value> {
    let good = signed(head(12, "event 12"));
    let changed = SignedHead {
        head: head(13, "event 12"),
        ..good.clone()
    };
    let mut flipped = good.clone();
    flipped.signature.0[0] ^= 1;
    let ids = &["HEAD-1", "HEAD-2", "SIG-1"];
    let signer = "room key of islet";
    vec![
        signature("a signed head", ids, &good, signer, true),
        signature(
            "the head of an empty log",
            ids,
            &signed(head(0, "origin")),
            signer,
            true,
        ),
        signature("another key", &["HEAD-2"], &good, "another key", false),
        signature(
            "a head changed after it was signed",
            &["HEAD-2"],
            &changed,
            signer,
            false,
        ),
        signature(
            "a flipped bit in the signature",
            &["HEAD-2", "SIG-2"],
            &flipped,
            signer,
            false,
        ),
    ]
}

/// islet's document: room key `r1` for two seconds around now, request key `q1`.
fn document(root: &str) -> SignedDocument {
    let listed = |id: &str, text: &str, from, until| ListedKey {
        id: id.into(),
        key: key(text).public(),
        from,
        until,
    };
    let document = Document {
        name: islet(),
        base_url: "https://islet.example".into(),
        versions: vec!["v1".into()],
        serial: 1,
        expires: NOW + 86_400_000,
        request_keys: vec![listed("q1", "request key of islet", 0, NOW + 86_400_000)],
        room_keys: vec![listed("r1", "room key of islet", NOW - 1_000, NOW + 1_000)],
        successions: Vec::new(),
    };
    document.sign(&key(root))
}

fn by_hub(name: &str, signed: &SignedHead, hub: &Hub, valid: bool) -> Value {
    json!({
        "name": name, "requirements": ["HEAD-3", "DOC-3"], "kind": "hub", "valid": valid,
        "bytes": hex(encode(signed)), "document": document("root of islet"), "now": NOW,
        "hub": {
            "domain": hub.server().unwrap(), "term": hub.term, "root": hex(hub.root.0),
        },
    })
}

fn by_hubs() -> Vec<Value> {
    let hub = Hub::new(&islet(), key("root of islet").public());
    let at = |time| {
        signed(Head {
            time,
            ..head(12, "event 12")
        })
    };
    let with = |id: &str, key: &PrivateKey| SignedHead::sign(head(12, "event 12"), id, key);
    let good = at(NOW);
    let other_root = Hub::new(&islet(), key("another root").public());
    let other_domain = Hub::new(&skerry(), key("root of islet").public());
    let later = Hub {
        term: 2,
        ..hub.clone()
    };
    vec![
        by_hub("a head by the hub that the group names", &good, &hub, true),
        by_hub(
            "a document under another root than the group names",
            &good,
            &other_root,
            false,
        ),
        by_hub(
            "a document of another domain than the group names",
            &good,
            &other_domain,
            false,
        ),
        by_hub("another term", &good, &later, false),
        by_hub(
            "the first millisecond of the key",
            &at(NOW - 1_000),
            &hub,
            true,
        ),
        by_hub("before the key was valid", &at(NOW - 1_001), &hub, false),
        by_hub(
            "the last millisecond of the key",
            &at(NOW + 999),
            &hub,
            true,
        ),
        by_hub("after the key was valid", &at(NOW + 1_000), &hub, false),
        by_hub(
            "a key that is not listed",
            &with("r2", &key("room key of islet")),
            &hub,
            false,
        ),
        by_hub(
            "a request key",
            &with("q1", &key("request key of islet")),
            &hub,
            false,
        ),
    ]
}

fn pair(name: &str, second: Head, contradict: bool) -> Value {
    json!({
        "name": name, "requirements": ["HEAD-4"], "kind": "pair", "contradict": contradict,
        "first": hex(encode(&signed(head(12, "event 12")))), "second": hex(encode(&signed(second))),
    })
}

fn pairs() -> Vec<Value> {
    let other = || head(12, "another event 12");
    let elsewhere = RoomUri::new(&islet(), "other").unwrap();
    vec![
        pair("one place, two hashes", other(), true),
        pair(
            "one place, two hashes, two times",
            Head {
                time: NOW + 1,
                ..other()
            },
            true,
        ),
        pair(
            "one place, one hash, two times",
            Head {
                time: NOW + 1,
                ..head(12, "event 12")
            },
            false,
        ),
        pair("two places", head(13, "event 13"), false),
        pair("two terms", Head { term: 2, ..other() }, false),
        pair(
            "two rooms",
            Head {
                room: elsewhere,
                ..other()
            },
            false,
        ),
    ]
}

fn file() -> File {
    File {
        name: "heads",
        description: "Signed heads: what is signed, by whom a head holds, and which two prove two histories.",
        format: &[
            "kind: signature (a head and one key), hub (a head, the hub a group names, and a server document), pair (two heads)",
            "head: room, term, seq, hash, time (ms)",
            "signed_bytes: opaque label<V> = \"holm head v1\", then opaque room<V>, uint32 term, uint64 seq, hash[32], uint64 time",
            "bytes: the head as in signed_bytes without label, then opaque key_id<V>, signature[64]",
            "valid: whether the signature holds under key, or by the hub: domain and root of the document are the hub's, key_id is one of its room_keys within its time at the head's, the term is the hub's",
            "document: as it is served, see server_documents.json; it is to be verified for the domain in it, at first contact, at now (ms)",
            "contradict: whether first and second prove two histories",
        ],
        shared: Value::Null,
        cases: [signatures(), by_hubs(), pairs()].concat(),
    }
}

fn check_signature(case: &Case<'_>) {
    let part = case.part("head");
    let head = Head {
        room: RoomUri::parse(part.text("room")).unwrap(),
        term: part.small("term"),
        seq: part.number("seq"),
        hash: Hash(part.array("hash")),
        time: part.number("time"),
    };
    let signed: SignedHead = decode(&case.bytes("bytes")).unwrap();
    let framed = Label::HEAD.frame(&[&encode(&head)]);
    assert_eq!(framed, case.bytes("signed_bytes"), "{}", case.name());
    assert_eq!(signed.head, head, "{}", case.name());
    let key = PublicKey(case.array("key"));
    assert_eq!(
        signed.verify(&key).is_some(),
        case.flag("valid"),
        "{}",
        case.name()
    );
    if case.flag("valid") {
        let seed = PrivateKey::from_seed(&case.array("seed"));
        assert_eq!(
            SignedHead::sign(head, case.text("key_id"), &seed),
            signed,
            "{}",
            case.name()
        );
    }
}

/// The hub that a case's group names.
pub(super) fn hub(case: &Case<'_>) -> Hub {
    let part = case.part("hub");
    let domain = ServerName::parse(part.text("domain")).unwrap();
    Hub {
        term: part.small("term"),
        ..Hub::new(&domain, PublicKey(part.array("root")))
    }
}

fn check_hub(case: &Case<'_>) {
    let signed: SignedHead = decode(&case.bytes("bytes")).unwrap();
    let document: SignedDocument = serde_json::from_value(case.value("document").clone()).unwrap();
    let document = document
        .verify(&islet(), &Trust::default(), case.number("now"))
        .unwrap();
    let verified = signed.verify_by(&document, &hub(case));
    assert_eq!(verified.is_some(), case.flag("valid"), "{}", case.name());
}

/// HEAD-1, HEAD-2, HEAD-3, HEAD-4, SIG-1, SIG-2, DOC-3
#[test]
fn every_case_of_heads_holds() {
    file().run(|case, _| match case.text("kind") {
        "signature" => check_signature(case),
        "hub" => check_hub(case),
        _ => {
            let read = |member| decode::<SignedHead>(&case.bytes(member)).unwrap();
            let contradict = read("first").contradicts(&read("second"));
            assert_eq!(contradict, case.flag("contradict"), "{}", case.name());
        }
    });
}
