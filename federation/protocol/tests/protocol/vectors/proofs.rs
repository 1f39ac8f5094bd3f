//! `proofs.json`.

use holm_protocol::aad::{Aad, ClientMsgId};
use holm_protocol::document::{Document, ListedKey, SignedDocument};
use holm_protocol::encoding::encode;
use holm_protocol::event::{Position, origin_hash};
use holm_protocol::limits::{PROOF_DOCUMENTS_MAX, PROOF_LEN_MAX, PROOF_LINKS_MAX};
use holm_protocol::proof::{Contradiction, ForkProof, Link, NotProved};
use holm_protocol::{Event, EventHeader, EventKind, Head, SignedHead};
use serde_json::{Value, json};
use tls_codec::VLBytes;

use super::File;
use super::case::Case;
use crate::fixtures::{NOW, islet, key, room, skerry};

/// An MLS PrivateMessage whose content nobody needs, with this head in its authenticated data.
fn message(text: &str, head: Option<&SignedHead>) -> Vec<u8> {
    let mut aad = Aad::new(ClientMsgId(*b"0123456789abcdef"));
    aad.head = head.cloned();
    let vector = |bytes: &[u8]| encode(&VLBytes::new(bytes.to_vec()));
    [
        vec![0, 1, 0, 2],
        vector(b"group"),
        encode(&7_u64),
        vec![1],
        vector(&aad.to_bytes()),
        vector(b"sender data"),
        vector(text.as_bytes()),
    ]
    .concat()
}

/// A history: a text an event, the third with a head inside.
fn history(texts: &[&str], inside: Option<&SignedHead>) -> Vec<Event> {
    let mut position = Position::origin(&room());
    let mut events = Vec::new();
    for text in texts {
        let header = EventHeader {
            room: room(),
            seq: position.seq + 1,
            time: NOW,
            kind: EventKind::MESSAGE,
            prev: position.hash,
        };
        let head = inside.filter(|_| header.seq == 3);
        let event = Event::new(header, message(text, head));
        position = Position::after(&event);
        events.push(event);
    }
    events
}

/// The head of a history at event `seq`, by the hub's room key.
fn head(history: &[Event], seq: usize) -> SignedHead {
    head_by("room key of islet", NOW, history, seq)
}

fn head_by(signer: &str, time: u64, history: &[Event], seq: usize) -> SignedHead {
    let hash = match seq.checked_sub(1) {
        Some(index) => history[index].hash(),
        None => origin_hash(&room()),
    };
    let head = Head {
        room: room(),
        term: 1,
        seq: seq.try_into().unwrap(),
        hash,
        time,
    };
    SignedHead::sign(head, "r1", &key(signer))
}

fn document(root: &str, name: holm_protocol::ServerName) -> SignedDocument {
    let listed = |id: &str, text: &str| ListedKey {
        id: id.into(),
        key: key(text).public(),
        from: NOW - 1_000,
        until: NOW + 1_000,
    };
    let document = Document {
        name,
        base_url: "https://islet.example".into(),
        versions: vec!["v1".into()],
        serial: 1,
        expires: NOW,
        request_keys: vec![listed("q1", "request key of islet")],
        room_keys: vec![listed("r1", "room key of islet")],
        successions: Vec::new(),
    };
    document.sign(&key(root))
}

fn links(history: &[Event], from: usize, to: usize) -> Vec<Link> {
    history[from - 1..to].iter().map(Link::of).collect()
}

fn proof(first: SignedHead, second: SignedHead, links: Vec<Link>) -> ForkProof {
    ForkProof {
        hub: islet(),
        root: key("root of islet").public(),
        documents: vec![document("root of islet", islet())],
        first,
        second,
        links,
        carrier: None,
    }
}

const ONE: &[&str] = &["a", "b", "c", "d"];
const OTHER: &[&str] = &["a", "x", "y", "z"];

fn case(name: &str, ids: &[&str], verdict: &str, proof: &ForkProof) -> Value {
    let file: Value = serde_json::from_slice(&proof.to_bytes()).unwrap();
    json!({ "name": name, "requirements": ids, "verdict": verdict, "file": file })
}

/// A proof that the third event of a history carries `carried` too early.
fn carrying(carried: &SignedHead, from: usize, to: usize) -> ForkProof {
    let with = history(ONE, Some(carried));
    ForkProof {
        carrier: Some(with[from - 1].clone()),
        ..proof(carried.clone(), head(&with, to), links(&with, from, to))
    }
}

fn proving() -> Vec<Value> {
    let (one, other) = (history(ONE, None), history(OTHER, None));
    let same = proof(head(&one, 3), head(&other, 3), Vec::new());
    let chain = proof(head(&one, 2), head(&other, 4), links(&other, 3, 4));
    let empty = SignedHead {
        ..head_by("room key of islet", NOW, &one, 0)
    };
    vec![
        case(
            "one place, two hashes",
            &["HEAD-4", "HEAD-7"],
            "same_place",
            &same,
        ),
        case(
            "a chain past the other head",
            &["HEAD-5", "HEAD-7"],
            "other_chain",
            &chain,
        ),
        case(
            "an event that carries a head of a later one",
            &["HEAD-6", "HEAD-7"],
            "carried_too_early",
            &carrying(&head(&other, 4), 3, 4),
        ),
        case(
            "an event that carries a head of its own place",
            &["HEAD-6"],
            "carried_too_early",
            &carrying(&head(&other, 3), 3, 3),
        ),
        case(
            "an event that carries the head before it",
            &["HEAD-6"],
            "none",
            &carrying(&head(&one, 2), 3, 4),
        ),
        case(
            "a chain through the head of the empty log",
            &["HEAD-5"],
            "none",
            &proof(empty, head(&one, 2), links(&one, 1, 2)),
        ),
    ]
}

fn agreeing() -> Vec<Value> {
    let (one, other) = (history(ONE, None), history(OTHER, None));
    let with = |change: &dyn Fn(&mut ForkProof)| {
        let mut proof = proof(head(&one, 2), head(&other, 4), links(&other, 3, 4));
        change(&mut proof);
        proof
    };
    let none = |name: &str, ids: &[&str], change: &dyn Fn(&mut ForkProof)| {
        case(name, ids, "none", &with(change))
    };
    vec![
        none("one head twice", &["HEAD-4"], &|p| {
            (p.second, p.links) = (p.first.clone(), Vec::new());
        }),
        none("two places without links", &["HEAD-4"], &|p| {
            p.links.clear();
        }),
        none("a chain through the other head", &["HEAD-5"], &|p| {
            (p.second, p.links) = (head(&one, 4), links(&one, 3, 4));
        }),
        none("a chain that begins too late", &["HEAD-5"], &|p| {
            drop(p.links.remove(0));
        }),
        none("a chain that ends too early", &["HEAD-5"], &|p| {
            drop(p.links.pop());
        }),
        none("a chain with a gap", &["HEAD-5"], &|p| {
            p.first = head(&one, 1);
            p.links = links(&other, 2, 4);
            p.links.remove(1);
        }),
        none("a link with another body", &["HEAD-5"], &|p| {
            p.links[0].body.0[0] ^= 1;
        }),
        none("a first head that nobody signed", &["HEAD-3"], &|p| {
            p.first.signature.0[0] ^= 1;
        }),
        none("a second head by another key", &["HEAD-3"], &|p| {
            p.second = head_by("another key", NOW, &other, 4);
        }),
        none(
            "a head of a time in which its key did not count",
            &["HEAD-3"],
            &|p| {
                p.second = head_by("room key of islet", NOW + 1_000, &other, 4);
            },
        ),
        none("another root than the document's", &["HEAD-7"], &|p| {
            p.root = key("another root").public();
        }),
        none("a document of another server", &["HEAD-7"], &|p| {
            p.documents = vec![document("root of islet", skerry())];
        }),
        none("no document", &["HEAD-7"], &|p| p.documents.clear()),
        none("two terms", &["HEAD-4"], &|p| {
            let head = Head {
                term: 2,
                ..p.second.head.clone()
            };
            p.second = SignedHead::sign(head, "r1", &key("room key of islet"));
        }),
    ]
}

fn unreadable() -> Vec<Value> {
    let (one, other) = (history(ONE, None), history(OTHER, None));
    let good = proof(head(&one, 3), head(&other, 3), Vec::new());
    let file: Value = serde_json::from_slice(&good.to_bytes()).unwrap();
    let with = |name: &str, member: &str, value: Value| {
        let mut file = file.clone();
        file[member] = value;
        json!({ "name": name, "requirements": ["HEAD-7"], "verdict": "unreadable", "file": file })
    };
    vec![
        with("another format", "format", json!("holm fork proof v2")),
        with("a head that is none", "first", json!("AAAA")),
        with("a root that is no key", "root", json!("AAAA")),
    ]
}

fn file() -> File {
    File {
        name: "proofs",
        description: "Files that prove that a hub signed two histories of one room, and files that prove nothing.",
        format: &[
            "file: the file's JSON; its members are described in chapter 03 section 4",
            "verdict: same_place, other_chain or carried_too_early where it proves two histories, none where it proves nothing, unreadable where it is not of the form",
        ],
        shared: Value::Null,
        cases: [proving(), agreeing(), unreadable()].concat(),
    }
}

fn verdict(bytes: &[u8]) -> &'static str {
    let Ok(proof) = ForkProof::from_bytes(bytes) else {
        return "unreadable";
    };
    match proof.verify().map(|proved| proved.how) {
        Ok(Contradiction::SamePlace) => "same_place",
        Ok(Contradiction::OtherChain) => "other_chain",
        Ok(Contradiction::CarriedTooEarly(_)) => "carried_too_early",
        Err(_) => "none",
    }
}

/// HEAD-3, HEAD-4, HEAD-5, HEAD-6, HEAD-7
#[test]
fn every_case_of_proofs_holds() {
    file().run(|case: &Case<'_>, _| {
        let bytes = serde_json::to_vec(case.value("file")).unwrap();
        assert_eq!(verdict(&bytes), case.text("verdict"), "{}", case.name());
    });
}

/// HEAD-7
#[test]
fn a_proof_reads_back_as_it_was_written() {
    let proof = carrying(&head(&history(OTHER, None), 4), 3, 4);
    assert_eq!(ForkProof::from_bytes(&proof.to_bytes()), Ok(proof));
}

/// LIM-26
#[test]
fn a_proof_has_so_many_links_documents_and_bytes_and_no_more() {
    let (one, other) = (history(ONE, None), history(OTHER, None));
    let mut full = proof(head(&one, 3), head(&other, 3), Vec::new());
    full.documents = vec![full.documents[0].clone(); PROOF_DOCUMENTS_MAX];
    assert!(full.verify().is_ok());
    full.documents.push(full.documents[0].clone());
    assert_eq!(full.verify(), Err(NotProved::TooLarge));
    full.documents.truncate(1);
    full.links = vec![Link::of(&one[0]); PROOF_LINKS_MAX];
    assert_eq!(full.verify(), Err(NotProved::Chain));
    full.links.push(Link::of(&one[0]));
    assert_eq!(full.verify(), Err(NotProved::TooLarge));
    let mut bytes = proof(head(&one, 3), head(&other, 3), Vec::new()).to_bytes();
    bytes.resize(PROOF_LEN_MAX, b' ');
    assert!(ForkProof::from_bytes(&bytes).is_ok());
    bytes.push(b' ');
    assert!(ForkProof::from_bytes(&bytes).is_err());
}
