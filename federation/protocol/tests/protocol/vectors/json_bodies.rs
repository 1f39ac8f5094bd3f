//! `json_bodies.json`.

use holm_protocol::json::{Base64Url, from_slice};
use serde_json::{Value, json};

use super::File;
use super::case::hex;

fn body(name: &str, id: &str, text: &str, valid: bool) -> Value {
    json!({ "name": name, "requirements": [id], "kind": "body", "text": text, "valid": valid })
}

fn base64url(name: &str, text: &str, bytes: Option<&[u8]>) -> Value {
    let mut case = json!({
        "name": name, "requirements": ["ENC-3"], "kind": "base64url", "text": text,
        "valid": bytes.is_some(),
    });
    if let Some(bytes) = bytes {
        case["bytes"] = json!(hex(bytes));
    }
    case
}

fn forms() -> Vec<Value> {
    let of = |name, text, valid| body(name, "ENC-5", text, valid);
    vec![
        of("an empty object", "{}", true),
        of("white space around", " \t\r\n{ } ", true),
        of("an array", "[]", false),
        of("a text", "\"a\"", false),
        of("two objects", "{}{}", false),
        of("nothing", "", false),
        of("a trailing comma", "{\"a\":1,}", false),
        of("a comment", "{}//", false),
        of("a byte order mark", "\u{feff}{}", false),
        of("half a surrogate pair", "{\"a\":\"\\ud800\"}", false),
    ]
}

fn members() -> Vec<Value> {
    let of = |name, text, valid| body(name, "ENC-4", text, valid);
    vec![
        of("a member twice", "{\"a\":1,\"a\":1}", false),
        of(
            "a member twice by an escape",
            "{\"a\":1,\"\\u0061\":2}",
            false,
        ),
        of(
            "a member twice further in",
            "{\"a\":[{\"b\":{\"c\":1,\"c\":2}}]}",
            false,
        ),
        of(
            "one name in two objects",
            "{\"a\":{\"a\":1},\"b\":{\"a\":1}}",
            true,
        ),
        of("names that differ in case", "{\"a\":1,\"A\":2}", true),
    ]
}

fn numbers() -> Vec<Value> {
    let of = |name, text, valid| body(name, "ENC-6", text, valid);
    vec![
        of("the largest number", "{\"a\":9007199254740991}", true),
        of("the smallest number", "{\"a\":-9007199254740991}", true),
        of("a number beyond", "{\"a\":9007199254740992}", false),
        of("a number beyond, below", "{\"a\":-9007199254740992}", false),
        of(
            "a number beyond 64 bits",
            "{\"a\":18446744073709551616}",
            false,
        ),
        of("a number beyond by its exponent", "{\"a\":1e16}", false),
        of("a fraction", "{\"a\":0.5}", true),
    ]
}

fn texts() -> Vec<Value> {
    vec![
        base64url("no bytes", "", Some(b"")),
        base64url("one byte", "AA", Some(&[0])),
        base64url(
            "both letters of the url alphabet",
            "-_8",
            Some(&[0xfb, 0xff]),
        ),
        base64url("padding", "AA==", None),
        base64url("the other alphabet", "+/8", None),
        base64url("spare bits that are not zero", "AB", None),
        base64url("a length that no bytes have", "AAAAA", None),
        base64url("a line break", "AA\n", None),
    ]
}

fn file() -> File {
    File {
        name: "json_bodies",
        description: "Which texts are the body of a request or answer (one object, no member twice, no number that some languages round), and which texts are bytes in one.",
        format: &[
            "kind: body (a whole body) or base64url (the text form of bytes within one)",
            "text: what is to be read",
            "valid: whether it may be taken; unknown members are no fault",
            "bytes: what a valid base64url text stands for",
        ],
        shared: Value::Null,
        cases: [forms(), members(), numbers(), texts()].concat(),
    }
}

/// ENC-3, ENC-4, ENC-5, ENC-6
#[test]
fn every_case_of_json_bodies_holds() {
    file().run(|case, _| {
        let (text, valid) = (case.text("text"), case.flag("valid"));
        if case.text("kind") == "body" {
            let read = from_slice::<Value>(text.as_bytes());
            assert_eq!(read.is_ok(), valid, "{}: {read:?}", case.name());
        } else {
            let read = Base64Url::parse(text)
                .map(|bytes| bytes.as_slice().to_vec())
                .ok();
            let expected = valid.then(|| case.bytes("bytes"));
            assert_eq!(read, expected, "{}", case.name());
        }
    });
}
