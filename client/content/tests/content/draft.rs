//! The examples of draft-ietf-mimi-content, from `spec/vectors/mimi_examples.json`.

use holm_content::{Body, Content, Disposition, Expiry, Meaning, MessageId, Piece, pieces};
use serde_json::Value;

use crate::fixtures::bytes;

fn examples() -> Vec<(String, Content, Value)> {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../spec/vectors/mimi_examples.json"
    );
    let file: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let cases = file["cases"].as_array().unwrap().iter();
    cases
        .map(|case| {
            let name = case["name"].as_str().unwrap().to_owned();
            let content = bytes(case["content"].as_str().unwrap());
            let content = Content::from_bytes(&content).unwrap_or_else(|e| panic!("{name}: {e}"));
            (name, content, case.clone())
        })
        .collect()
}

fn example(name: &str) -> Content {
    let all = examples();
    let found = all.into_iter().find(|(known, ..)| known == name);
    found.unwrap().1
}

fn id(name: &str) -> MessageId {
    let all = examples();
    let (_, _, case) = all.iter().find(|(known, ..)| known == name).unwrap();
    MessageId::from_bytes(&bytes(case["message_id"].as_str().unwrap())).unwrap()
}

// MSG-2, MSG-3
#[test]
fn every_example_of_the_draft_is_read_and_has_its_id() {
    let examples = examples();
    assert_eq!(examples.len(), 14);
    for (name, content, case) in examples {
        let encoded = content.to_bytes().unwrap();
        assert_eq!(encoded, bytes(case["content"].as_str().unwrap()), "{name}");
        let (sender, room) = (case["sender"].as_str(), case["room"].as_str());
        let found = MessageId::of_uris(&encoded, content.salt, sender.unwrap(), room.unwrap());
        let told = bytes(case["message_id"].as_str().unwrap());
        assert_eq!(found.as_bytes()[..], told[..], "{name}");
    }
}

// MSG-6
#[test]
fn the_examples_mean_what_the_draft_says() {
    let original = id("original");
    assert_eq!(example("original").meaning(), Meaning::Message);
    assert_eq!(example("reply").in_reply_to, Some(original));
    assert_eq!(example("edit").meaning(), Meaning::Edit(id("reply")));
    assert_eq!(example("delete").meaning(), Meaning::Delete(id("reply")));
    let heart = Meaning::Reaction {
        to: original,
        texts: vec!["\u{2764}".into()],
    };
    assert_eq!(example("reaction").meaning(), heart);
    assert_eq!(example("unlike").meaning(), Meaning::Delete(id("reaction")));
    let expires = Some(Expiry::At(1_644_390_004));
    assert_eq!(example("expiring").expires, expires);
    assert_eq!(example("conferencing").topic, b"Foo 118");
}

// MSG-4
#[test]
fn an_attachment_of_the_draft_lies_elsewhere_with_its_key() {
    let attachment = example("attachment");
    let Body::External(at) = &attachment.body.body else {
        panic!("{attachment:?}");
    };
    assert_eq!((at.size, at.enc_alg, at.hash_alg), (708_234_961, 1, 1));
    assert_eq!(at.filename, "bigfile.mp4");
    let shown = [Piece::External(Disposition::ATTACHMENT, at)];
    assert_eq!(pieces(&attachment.body), shown);
    let key = format!("{:?}", at.key.0);
    assert!(key.starts_with("[33, 57, 147"), "{key}");
    assert!(!format!("{at:?}").contains(&key), "keys are not shown");
}
