//! A request between servers as it comes in: headers that have one spelling alone (SIG-3 to SIG-10).

use std::sync::LazyLock;

use bytes::Bytes;
use holm_protocol::request_signature::{
    CONTENT_DIGEST, DESTINATION, ORIGIN, RequestParts, SIGNATURE, SIGNATURE_INPUT,
    UnverifiedRequest, content_digest, sign_request,
};
use holm_protocol::{PrivateKey, ServerName};
use http::{HeaderMap, HeaderValue, Method, Uri};

use crate::input::Input;

/// The five headers, in the order in which an input may replace them.
const HEADERS: [&str; 5] = [
    ORIGIN,
    DESTINATION,
    CONTENT_DIGEST,
    SIGNATURE_INPUT,
    SIGNATURE,
];
const CREATED: u64 = 1_700_000_000;

struct Signed {
    key: PrivateKey,
    own: ServerName,
    values: [String; 5],
}

static SIGNED: LazyLock<Signed> = LazyLock::new(|| {
    let name = |text| ServerName::parse(text).expect("a name");
    let (origin, own, key) = (
        name("skerry.test"),
        name("islet.test"),
        PrivateKey::from_seed(&[3; 32]),
    );
    let digest = content_digest(b"{}");
    let parts = RequestParts {
        method: "POST",
        path: "/federation/v1/heads",
        query: None,
        content_digest: &digest,
        origin: &origin,
        destination: &own,
    };
    let signed = sign_request(&parts, "r1", &key, CREATED);
    let values = [
        origin.to_string(),
        own.to_string(),
        digest,
        signed.signature_input,
        signed.signature,
    ];
    Signed { key, own, values }
});

/// A signed request of which the input replaces, doubles or drops headers. Only the five values
/// that were signed are ever verified.
pub fn signed_request(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let mut headers = HeaderMap::new();
    let mut untouched = true;
    for (name, value) in HEADERS.iter().zip(&SIGNED.values) {
        let act = input.below(4);
        let given = match act {
            1 => Some(input.run()),
            2 => None,
            _ => Some(value.as_bytes()),
        };
        untouched &= given == Some(value.as_bytes()) && act != 3;
        let times = if act == 3 { 2 } else { 1 };
        let Some(Ok(given)) = given.map(HeaderValue::from_bytes) else {
            continue;
        };
        for _ in 0..times {
            headers.append(*name, given.clone());
        }
    }
    let body = Bytes::copy_from_slice(if input.byte() == 0 {
        b"{}"
    } else {
        input.rest()
    });
    let same_body = body == "{}";
    let uri = Uri::from_static("/federation/v1/heads");
    let Ok(read) = UnverifiedRequest::read(Method::POST, uri, &headers, body) else {
        assert!(!untouched, "a well signed request is read");
        return;
    };
    assert!(read.key_id().len() <= 64);
    let verified = read.verify(&SIGNED.key.public(), &SIGNED.own, CREATED * 1_000);
    assert_eq!(verified.is_ok(), untouched && same_body);
}
