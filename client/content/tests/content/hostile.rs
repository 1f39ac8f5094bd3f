//! What is refused, and that nothing else happens with it.

use holm_content::{Body, Content, Disposition, Key, Part, Semantics};
use holm_protocol::limits::{CONTENT_DEPTH_MAX, CONTENT_LEN_MAX, CONTENT_PARTS_MAX, TOPIC_LEN_MAX};

use crate::fixtures::{bytes, multi, plain, says};

fn why(content: &[u8]) -> &'static str {
    Content::from_bytes(content).unwrap_err().0
}

/// The encoding of a small content, with its extensions' bytes in the place of none.
fn with_extensions(extensions: &str) -> Vec<u8> {
    let whole = says(plain("hi")).to_bytes().unwrap();
    // The map stands after array, salt, null, no topic, null, null.
    let at = 1 + 17 + 1 + 1 + 1 + 1;
    assert_eq!(whole[at], 0xA0);
    [&whole[..at], &bytes(extensions), &whole[at + 1..]].concat()
}

// MSG-2, SEC-1
#[test]
fn what_is_cut_off_or_goes_on_is_refused_at_every_length() {
    let whole = says(plain("hello")).to_bytes().unwrap();
    for len in 0..whole.len() {
        assert!(Content::from_bytes(&whole[..len]).is_err(), "{len}");
    }
    let more = [&whole[..], &[0]].concat();
    assert_eq!(why(&more), "not in the deterministic encoding");
}

// MSG-2
#[test]
fn a_second_encoding_of_one_content_is_refused() {
    let whole = says(plain("hello")).to_bytes().unwrap();
    // The salt's length in two bytes instead of one; the array without a length.
    let long = [&whole[..1], &[0x58, 0x10], &whole[2..]].concat();
    assert_eq!(why(&long), "not in the deterministic encoding");
    let endless = [&[0x9F], &whole[1..], &[0xFF]].concat();
    assert!(Content::from_bytes(&endless).is_err());
}

// MSG-5
#[test]
fn extensions_ascend_stand_once_and_are_four_deep_at_most() {
    let read = |hex: &str| Content::from_bytes(&with_extensions(hex));
    // {1: "a", 2: "b", -1: 0, "x": [[[1]]]}
    let kept = read("a40161610261622000617881818101").unwrap();
    assert_eq!(kept.extensions.text(&Key::SENDER_URI), Some("a"));
    assert_eq!(kept.extensions.iter().len(), 4);
    for (extensions, what) in [
        ("a2026162016161", "keys descend"),
        ("a2016161016162", "one key twice"),
        ("a161788181818101", "five deep"),
        ("a11b002000000000000000", "a number beyond 2^53"),
        ("a16000", "a name of no bytes"),
        ("a1016261", "cut off"),
        ("a1011801", "a number that is longer than it need be"),
        ("a1019f01ff", "an array without a length"),
        ("a101a202000100", "a map whose keys descend"),
        ("a101a18000", "a map whose key is an array"),
        ("bf016161ff", "a map without a length"),
        ("a1f600", "a key that is nothing"),
    ] {
        assert!(read(extensions).is_err(), "{what}");
    }
}

fn nested(depth: usize) -> Part {
    (1..depth).fold(plain("deep"), |inner, _| {
        multi(Semantics::ProcessAll, vec![inner, plain("beside")])
    })
}

// MSG-4
#[test]
fn a_body_has_its_limits_in_depth_and_number() {
    assert!(says(nested(CONTENT_DEPTH_MAX)).to_bytes().is_ok());
    assert!(says(nested(CONTENT_DEPTH_MAX + 1)).to_bytes().is_err());
    let parts = |n| multi(Semantics::ProcessAll, vec![Part::null(); n]);
    // The part that holds them counts too.
    assert!(says(parts(CONTENT_PARTS_MAX - 1)).to_bytes().is_ok());
    assert!(says(parts(CONTENT_PARTS_MAX)).to_bytes().is_err());
    assert!(says(parts(1)).to_bytes().is_err());
}

// MSG-2, LIM-31
#[test]
fn sizes_have_limits() {
    let mut topic = says(plain("hi"));
    topic.topic = vec![1; TOPIC_LEN_MAX];
    assert!(topic.to_bytes().is_ok());
    topic.topic.push(1);
    assert!(topic.to_bytes().is_err());
    let overhead = says(plain("")).to_bytes().unwrap().len() + 2;
    let fits = |len| says(plain(&"a".repeat(len))).to_bytes().is_ok();
    assert!(fits(CONTENT_LEN_MAX - overhead));
    assert!(!fits(CONTENT_LEN_MAX - overhead + 1));
}

// MSG-3
#[test]
fn an_id_of_another_hash_function_is_refused() {
    let whole = says(plain("hi")).to_bytes().unwrap();
    let replacing = |first: u8| {
        let mut id = [9; 32];
        id[0] = first;
        [&whole[..18], &[0x58, 32], &id, &whole[19..]].concat()
    };
    assert!(Content::from_bytes(&replacing(1)).is_ok());
    assert!(Content::from_bytes(&replacing(2)).is_err());
}

// MSG-7
#[test]
fn a_disposition_that_nobody_knows_is_kept() {
    let part = Part::new(Disposition(200), Body::Null);
    let read = Content::from_bytes(&says(part).to_bytes().unwrap()).unwrap();
    assert_eq!(read.body.disposition, Disposition(200));
}
