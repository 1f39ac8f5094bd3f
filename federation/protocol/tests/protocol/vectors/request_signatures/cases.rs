//! The cases: each request with what is wrong with it.

use holm_protocol::request_signature::{
    CONTENT_DIGEST, DESTINATION, ORIGIN, SIGNATURE, SIGNATURE_INPUT, content_digest,
};
use serde_json::{Value, json};

use super::request::{CREATED, EVENTS, base, changed, header, post, replaced, signed, signed_over};
use crate::fixtures::{NOW, islet, key};
use crate::vectors::case::hex;

/// All cases.
pub(super) fn cases() -> Vec<Value> {
    let groups = [
        verified(),
        coverage(),
        parameters(),
        spellings(),
        keys(),
        headers(),
        contents(),
        addresses_and_times(),
    ];
    groups.concat()
}

fn verified() -> Vec<Value> {
    let ids = &["SIG-3", "SIG-4", "SIG-8", "SIG-9"];
    let cases = vec![
        signed(
            "a request with a query and without a body",
            ids,
            ("GET", EVENTS),
            "",
        ),
        signed(
            "a request with a body and without a query",
            ids,
            ("POST", "/federation/v1/notify"),
            "{\"rooms\":[]}",
        ),
        signed("an empty query", ids, ("GET", "/federation/v1/heads?"), ""),
    ];
    let with_base = |mut case: Value| {
        let input = header(&mut case, SIGNATURE_INPUT)
            .as_str()
            .unwrap()
            .to_owned();
        case["base"] = json!(base(&case, input.strip_prefix("holm=").unwrap()));
        case
    };
    cases.into_iter().map(with_base).collect()
}

fn coverage() -> Vec<Value> {
    let incomplete = "signature_incomplete";
    let of =
        |name: &str, from: &str, to: &str| signed_over(name, &["SIG-3"], (from, to), incomplete);
    vec![
        of("the query not covered", "\"@query\" ", ""),
        of("the destination not covered", " \"holm-destination\"", ""),
        of("the digest not covered", " \"content-digest\"", ""),
        of(
            "more covered",
            "\"holm-origin\"",
            "\"holm-origin\" \"date\"",
        ),
        of(
            "another order",
            "\"@method\" \"@path\"",
            "\"@path\" \"@method\"",
        ),
        of("a component twice", "\"@path\"", "\"@path\" \"@path\""),
        of(
            "another component for the path",
            "\"@path\"",
            "\"@target-uri\"",
        ),
        of(
            "a parameter on a component",
            "\"content-digest\"",
            "\"content-digest\";bs",
        ),
    ]
}

fn parameters() -> Vec<Value> {
    let created = format!(";created={CREATED}");
    let of = |name, from: &str, to: &str| {
        signed_over(name, &["SIG-4"], (from, to), "signature_incomplete")
    };
    let tag = ";tag=\"holm-fed-1\"";
    let id = ";keyid=\"islet.example#q1\"";
    let (forth, back) = (format!("{created}{id}"), format!("{id}{created}"));
    vec![
        of("no created", &created, ""),
        of("created before 1970", ";created=", ";created=-"),
        of("created as a decimal", &created, &format!("{created}.0")),
        of("created twice", &created, &format!(";created=1{created}")),
        of("another tag", "holm-fed-1", "holm-fed-2"),
        of("no tag", tag, ""),
        of("an expiry", tag, &format!("{tag};expires={CREATED}")),
        of("a nonce", tag, &format!("{tag};nonce=\"a\"")),
        of("another order of parameters", &forth, &back),
    ]
}

fn spellings() -> Vec<Value> {
    let incomplete = "signature_incomplete";
    let of = |name, from, to| signed_over(name, &["SIG-4"], (from, to), incomplete);
    let unsigned =
        |name, from, to| replaced(name, &["SIG-4"], (SIGNATURE_INPUT, from, to), incomplete);
    vec![
        of(
            "a spare space between components",
            "\"@method\" ",
            "\"@method\"  ",
        ),
        of("a spare space before a parameter", ";created", "; created"),
        of("a leading zero", ";created=", ";created=0"),
        unsigned("another label", "holm=", "sig1="),
        unsigned("a second signature", "holm=", "other=(), holm="),
    ]
}

fn keys() -> Vec<Value> {
    let of = |name: &str, to: &str| {
        signed_over(name, &["SIG-5"], ("islet.example#q1", to), "unknown_key")
    };
    vec![
        of("a key of another server", "skerry.example#q1"),
        of("a key id without a domain", "q1"),
        of("an empty key id", "islet.example#"),
        of(
            "a key id with a character that is not allowed",
            "islet.example#q.1",
        ),
        changed(
            "another key",
            &["SIG-9"],
            ("key", json!(hex(key("another key").public().0))),
            "signature_invalid",
        ),
    ]
}

fn headers() -> Vec<Value> {
    let missing = |name: &str| {
        let mut case = post(&format!("no {name}"), &["SIG-10"], "signature_missing");
        case["headers"]
            .as_array_mut()
            .unwrap()
            .retain(|header| header[0] != name);
        case
    };
    let twice = |name: &str| {
        let mut case = post(&format!("{name} twice"), &["SIG-10"], "signature_missing");
        let value = header(&mut case, name).clone();
        case["headers"]
            .as_array_mut()
            .unwrap()
            .push(json!([name, value]));
        case
    };
    let names = [
        ORIGIN,
        DESTINATION,
        CONTENT_DIGEST,
        SIGNATURE_INPUT,
        SIGNATURE,
    ];
    let spelled = |name: &str, from: &str, to: &str| {
        replaced(name, &["SIG-4"], (SIGNATURE, from, to), "signature_missing")
    };
    let spelling = [
        spelled("a signature without its padding", "==:", ":"),
        spelled("a signature with a parameter", "==:", "==:;a=1"),
        spelled("a signature under another label", "holm=", "sig1="),
        replaced(
            "an origin that is no server",
            &["SIG-10", "ID-1"],
            (ORIGIN, "islet", "Islet"),
            "signature_missing",
        ),
    ];
    names
        .map(missing)
        .into_iter()
        .chain(names.map(twice))
        .chain(spelling)
        .collect()
}

fn contents() -> Vec<Value> {
    let invalid = "signature_invalid";
    let digest = content_digest(b"another body");
    let (from, to) = ("=:", "=:AAAA:, other=:");
    vec![
        changed(
            "another method",
            &["SIG-3", "SIG-9"],
            ("method", json!("PUT")),
            invalid,
        ),
        changed(
            "another path",
            &["SIG-3", "SIG-9"],
            ("target", json!("/federation/v1/heads")),
            invalid,
        ),
        changed(
            "a query put in",
            &["SIG-3", "SIG-9"],
            ("target", json!("/federation/v1/notify?a")),
            invalid,
        ),
        changed("another body", &["SIG-8"], ("body", json!("{}")), invalid),
        replaced(
            "the digest of another body",
            &["SIG-8"],
            (CONTENT_DIGEST, &content_digest(b"{\"rooms\":[]}"), &digest),
            invalid,
        ),
        replaced(
            "a further digest",
            &["SIG-8"],
            (CONTENT_DIGEST, from, to),
            invalid,
        ),
        flipped(),
    ]
}

fn flipped() -> Value {
    let mut case = post(
        "a changed letter in the signature",
        &["SIG-9"],
        "signature_invalid",
    );
    let value = header(&mut case, SIGNATURE);
    let text = value.as_str().unwrap();
    let other = if text.starts_with("holm=:A") {
        "holm=:B"
    } else {
        "holm=:A"
    };
    *value = json!(format!("{other}{}", &text[7..]));
    case
}

fn addresses_and_times() -> Vec<Value> {
    let at = |name: &str, now: u64, verdict: &str| {
        changed(name, &["SIG-7"], ("now", json!(now)), verdict)
    };
    vec![
        changed(
            "a request for another server",
            &["SIG-6"],
            ("own", json!(islet())),
            "wrong_destination",
        ),
        at("five minutes late", NOW + 300_000, "verified"),
        at("more than five minutes late", NOW + 300_001, "clock_skew"),
        at("five minutes early", NOW - 300_000, "verified"),
        at("more than five minutes early", NOW - 300_001, "clock_skew"),
    ]
}
