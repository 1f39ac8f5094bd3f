//! Requests of the cases: signed as they should be, then changed.

use holm_protocol::request_signature::{
    CONTENT_DIGEST, DESTINATION, ORIGIN, RequestParts, SIGNATURE, SIGNATURE_INPUT, content_digest,
    sign_request,
};
use http::Uri;
use serde_json::{Value, json};

use crate::fixtures::{NOW, islet, key, skerry};
use crate::vectors::case::hex;

pub(super) const EVENTS: &str =
    "/federation/v1/events/mimi%3A%2F%2Fislet.example%2Fr%2Fharbor?after=7";
pub(super) const CREATED: u64 = NOW / 1_000;
pub(super) const SIGNER: &str = "request key of islet";

/// A case whose request is signed as it should be.
pub(super) fn signed(
    name: &str,
    ids: &[&str],
    (method, target): (&str, &str),
    body: &str,
) -> Value {
    let (origin, destination) = (islet(), skerry());
    let uri: Uri = target.parse().unwrap();
    let parts = RequestParts {
        method,
        path: uri.path(),
        query: uri.query(),
        content_digest: &content_digest(body.as_bytes()),
        origin: &origin,
        destination: &destination,
    };
    let signature = sign_request(&parts, "q1", &key(SIGNER), CREATED);
    json!({
        "name": name, "requirements": ids, "method": method, "target": target, "body": body,
        "headers": [
            [ORIGIN, origin], [DESTINATION, destination], [CONTENT_DIGEST, parts.content_digest],
            [SIGNATURE_INPUT, signature.signature_input], [SIGNATURE, signature.signature],
        ],
        "seed": hex(key(SIGNER).seed()), "key": hex(key(SIGNER).public().0), "own": skerry(),
        "now": NOW, "verdict": "verified",
    })
}

pub(super) fn post(name: &str, ids: &[&str], verdict: &str) -> Value {
    let target = ("POST", "/federation/v1/notify");
    let mut case = signed(name, ids, target, "{\"rooms\":[]}");
    case["verdict"] = json!(verdict);
    case
}

pub(super) fn header<'a>(case: &'a mut Value, name: &str) -> &'a mut Value {
    let headers = case["headers"].as_array_mut().unwrap();
    let header = headers.iter_mut().find(|header| header[0] == name);
    &mut header.unwrap()[1]
}

/// A header changed by replacing a text in it; the signature stays.
pub(super) fn replaced(
    name: &str,
    ids: &[&str],
    (which, from, to): (&str, &str, &str),
    verdict: &str,
) -> Value {
    let mut case = post(name, ids, verdict);
    let value = header(&mut case, which);
    let text = value.as_str().unwrap();
    assert!(text.contains(from), "{name}");
    *value = json!(text.replacen(from, to, 1));
    case
}

/// The signature's base (RFC 9421 §2.5), from what stands in the case.
pub(super) fn base(case: &Value, parameters: &str) -> String {
    let mut case = case.clone();
    let (path, query) = {
        let target = case["target"].as_str().unwrap();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        (path.to_owned(), format!("?{query}"))
    };
    let method = case["method"].as_str().unwrap().to_owned();
    let mut value = |name: &str| header(&mut case, name).as_str().unwrap().to_owned();
    let names = [CONTENT_DIGEST, ORIGIN, DESTINATION];
    let fields = names.map(|name| format!("\"{name}\": {}", value(name)));
    let derived = [
        format!("\"@method\": {method}"),
        format!("\"@path\": {path}"),
        format!("\"@query\": {query}"),
    ];
    let last = format!("\"@signature-params\": {parameters}");
    derived
        .into_iter()
        .chain(fields)
        .chain([last])
        .collect::<Vec<_>>()
        .join("\n")
}

/// Parameters changed by replacing a text in them, and signed as they then stand.
pub(super) fn signed_over(
    name: &str,
    ids: &[&str],
    (from, to): (&str, &str),
    verdict: &str,
) -> Value {
    let mut case = replaced(name, ids, (SIGNATURE_INPUT, from, to), verdict);
    let input = header(&mut case, SIGNATURE_INPUT)
        .as_str()
        .unwrap()
        .to_owned();
    let base = base(&case, input.strip_prefix("holm=").unwrap());
    let signature = key(SIGNER).sign_raw(base.as_bytes()).0;
    let engine = base64::engine::general_purpose::STANDARD;
    let text = base64::Engine::encode(&engine, signature);
    *header(&mut case, SIGNATURE) = json!(format!("holm=:{text}:"));
    case
}

pub(super) fn changed(name: &str, ids: &[&str], member: (&str, Value), verdict: &str) -> Value {
    let mut case = post(name, ids, verdict);
    case[member.0] = member.1;
    case
}
