//! `bundles.json`.

use holm_protocol::bundle::{Bundle, CommitBody};
use holm_protocol::signing::Label;
use holm_protocol::{Hash, PrivateKey, PublicKey, Signature};
use serde_json::{Value, json};

use super::File;
use super::case::{Case, hex};
use crate::fixtures::key;

fn case(name: &str, ids: &[&str], bundle: &Bundle, signer: &str, valid: bool) -> Value {
    let (body, key) = (bundle.body(), key(signer));
    let hashes = [
        Hash::sha256(&bundle.commit),
        body.welcome_hash,
        Hash::sha256(&bundle.group_info),
    ];
    let signed = Label::BUNDLE.frame(&[&hashes[0].0, &hashes[1].0, &hashes[2].0]);
    json!({
        "name": name, "requirements": ids, "commit": hex(&bundle.commit),
        "welcome": bundle.welcome.as_ref().map(hex), "group_info": hex(&bundle.group_info),
        "signature": hex(bundle.signature.0), "seed": hex(key.seed()),
        "key": hex(key.public().0), "signed_bytes": hex(signed), "body": hex(body.to_bytes()),
        "valid": valid,
    })
}

const SIGNER: &str = "mls alice@islet.example/phone";

fn sign(welcome: Option<&[u8]>) -> Bundle {
    let (commit, info) = (b"commit".to_vec(), b"group info".to_vec());
    Bundle::sign(commit, welcome.map(<[u8]>::to_vec), info, &key(SIGNER))
}

fn good() -> Vec<Value> {
    let ids = &["ROOM-8", "LOG-10", "SIG-1"];
    let (adds, plain) = (sign(Some(b"welcome")), sign(None));
    vec![
        case("a commit that adds somebody", ids, &adds, SIGNER, true),
        case("a commit that adds nobody", ids, &plain, SIGNER, true),
        case("another key", &["ROOM-8"], &adds, "another key", false),
    ]
}

fn exchanged() -> Vec<Value> {
    let of = |name, with_welcome: bool, change: &dyn Fn(&mut Bundle)| {
        let mut bundle = sign(with_welcome.then_some(b"welcome"));
        change(&mut bundle);
        case(name, &["ROOM-8", "SIG-2"], &bundle, SIGNER, false)
    };
    let bytes = |text: &str| text.as_bytes().to_vec();
    vec![
        of("another commit", true, &|b| b.commit = bytes("Commit")),
        of("another Welcome", true, &|b| {
            b.welcome = Some(bytes("Welcome"));
        }),
        of("the Welcome left out", true, &|b| b.welcome = None),
        of("a Welcome put in", false, &|b| {
            b.welcome = Some(bytes("welcome"));
        }),
        of("a Welcome without a byte", false, &|b| {
            b.welcome = Some(Vec::new());
        }),
        of("another GroupInfo", true, &|b| {
            b.group_info = bytes("Group info");
        }),
        of("a flipped bit in the signature", true, &|b| {
            b.signature.0[31] ^= 2;
        }),
    ]
}

fn file() -> File {
    File {
        name: "bundles",
        description: "Commit bundles: commit, Welcome and GroupInfo signed together by the committer's leaf key of the new epoch, and the body of the event that keeps them. The parts here are opaque.",
        format: &[
            "commit, welcome, group_info: MLSMessages; welcome is null where the commit adds nobody",
            "signed_bytes: opaque label<V> = \"holm bundle v1\", SHA-256(commit), SHA-256(welcome, or of nothing), SHA-256(group_info)",
            "body: opaque commit<V>, opaque group_info<V>, welcome_hash[32], signature[64]",
            "valid: whether the signature holds under key; a Welcome without a byte is none and never valid",
        ],
        shared: Value::Null,
        cases: [good(), exchanged()].concat(),
    }
}

fn check(case: &Case<'_>, bundle: &Bundle) {
    let key = PublicKey(case.array("key"));
    assert_eq!(
        bundle.is_signed_by(&key),
        case.flag("valid"),
        "{}",
        case.name()
    );
    let body = CommitBody::from_bytes(&case.bytes("body")).unwrap();
    assert_eq!(body, bundle.body(), "{}", case.name());
    let welcome = bundle.welcome.clone().unwrap_or_default();
    assert_eq!(
        body.has_welcome(&welcome),
        !welcome.is_empty(),
        "{}",
        case.name()
    );
    let framed = Label::BUNDLE.frame(&[
        &Hash::sha256(&bundle.commit).0,
        &Hash::sha256(&welcome).0,
        &Hash::sha256(&bundle.group_info).0,
    ]);
    assert_eq!(framed, case.bytes("signed_bytes"), "{}", case.name());
}

/// ROOM-8, LOG-10, SIG-1, SIG-2
#[test]
fn every_case_of_bundles_holds() {
    file().run(|case, _| {
        let bundle = Bundle {
            commit: case.bytes("commit"),
            welcome: case.has("welcome").then(|| case.bytes("welcome")),
            group_info: case.bytes("group_info"),
            signature: Signature(case.array("signature")),
        };
        check(case, &bundle);
        if case.flag("valid") {
            let key = PrivateKey::from_seed(&case.array("seed"));
            let Bundle {
                commit,
                welcome,
                group_info,
                ..
            } = bundle.clone();
            assert_eq!(
                Bundle::sign(commit, welcome, group_info, &key),
                bundle,
                "{}",
                case.name()
            );
        }
    });
}
