//! `request_signatures.json`.

mod cases;
mod request;

use bytes::Bytes;
use holm_protocol::request_signature::{SIGNATURE, UnverifiedRequest};
use holm_protocol::{PrivateKey, PublicKey, ServerName};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde_json::{Value, json};

use super::File;
use super::case::Case;
use crate::fixtures::islet;

fn file() -> File {
    File {
        name: "request_signatures",
        description: "Requests between servers: one fixed profile of HTTP Message Signatures (RFC 9421) with Content-Digest (RFC 9530).",
        format: &[
            "method, target, headers (name and value, in order), body (text): the request as received",
            "key: the public key that the origin's server document lists under the key id; seed: its private key",
            "own: the receiving server; now: its clock, ms",
            "base: the signature base, in cases that show it",
            "verdict: verified, or the code of the problem to answer with. Judged in this order: signature-input, holm-origin, key id, content-digest, holm-destination and signature as headers; destination; time; digest; signature",
        ],
        shared: Value::Null,
        cases: cases::cases(),
    }
}

fn verdict(case: &Case<'_>) -> String {
    let pair = |header: &Value| {
        let name = HeaderName::from_bytes(header[0].as_str().unwrap().as_bytes()).unwrap();
        (
            name,
            HeaderValue::from_str(header[1].as_str().unwrap()).unwrap(),
        )
    };
    let mut headers = HeaderMap::new();
    for (name, value) in case.list("headers").iter().map(pair) {
        headers.append(name, value);
    }
    let method = Method::from_bytes(case.text("method").as_bytes()).unwrap();
    let body = Bytes::copy_from_slice(case.text("body").as_bytes());
    let (key, now) = (PublicKey(case.array("key")), case.number("now"));
    let own = ServerName::parse(case.text("own")).unwrap();
    let read =
        UnverifiedRequest::read(method, case.text("target").parse().unwrap(), &headers, body);
    match read.and_then(|request| request.verify(&key, &own, now)) {
        Ok(verified) => {
            assert_eq!(verified.origin(), &islet(), "{}", case.name());
            "verified".into()
        }
        Err(error) => error.problem(now).code.as_str().into(),
    }
}

/// A base in the file, signed anew with the seed, gives the header in the file.
fn check_base(case: &Case<'_>) {
    let key = PrivateKey::from_seed(&case.array("seed"));
    let engine = base64::engine::general_purpose::STANDARD;
    let signature = key.sign_raw(case.text("base").as_bytes()).0;
    let expected = format!("holm=:{}:", base64::Engine::encode(&engine, signature));
    let headers = case.list("headers");
    let found = headers
        .iter()
        .find(|header| header[0] == SIGNATURE)
        .unwrap();
    assert_eq!(found[1], json!(expected), "{}", case.name());
}

/// SIG-2, SIG-3, SIG-4, SIG-5, SIG-6, SIG-7, SIG-8, SIG-9, SIG-10, ID-1
#[test]
fn every_case_of_request_signatures_holds() {
    file().run(|case, _| {
        assert_eq!(verdict(case), case.text("verdict"), "{}", case.name());
        if case.has("base") {
            check_base(case);
        }
    });
}
