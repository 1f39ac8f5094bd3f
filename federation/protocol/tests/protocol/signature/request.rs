//! Requests as they arrive, signed as they should be and then changed.

use bytes::Bytes;
use holm_protocol::ServerName;
use holm_protocol::request_signature::{
    CONTENT_DIGEST, DESTINATION, ORIGIN, RequestParts, SIGNATURE, SIGNATURE_INPUT, SignatureError,
    UnverifiedRequest, content_digest, sign_request,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};

use crate::fixtures::{NOW, islet, key, skerry};

pub(super) const CREATED: u64 = NOW / 1_000;
pub(super) const TARGET: &str =
    "/federation/v1/events/mimi%3A%2F%2Fislet.example%2Fr%2Fharbor?after=7";
pub(super) const HEADERS: [&str; 5] = [
    ORIGIN,
    DESTINATION,
    CONTENT_DIGEST,
    SIGNATURE_INPUT,
    SIGNATURE,
];

/// A request as it arrives.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) method: Method,
    pub(super) target: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

pub(super) fn signed(method: &Method, target: &str, body: &[u8], created: u64) -> Request {
    let (origin, destination) = (islet(), skerry());
    let uri: Uri = target.parse().unwrap();
    let parts = RequestParts {
        method: method.as_str(),
        path: uri.path(),
        query: uri.query(),
        content_digest: &content_digest(body),
        origin: &origin,
        destination: &destination,
    };
    let signature = sign_request(&parts, "q1", &key("request"), created);
    let values = [
        origin.as_str(),
        destination.as_str(),
        parts.content_digest,
        &signature.signature_input,
        &signature.signature,
    ];
    let named = HEADERS.into_iter().zip(values);
    Request {
        method: method.clone(),
        target: target.into(),
        headers: named
            .map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()))
            .collect(),
        body: body.into(),
    }
}

pub(super) fn request() -> Request {
    signed(&Method::POST, TARGET, b"{\"a\":1}", CREATED)
}

impl Request {
    pub(super) fn verify_at(self, own: &ServerName, now_ms: u64) -> Result<(), SignatureError> {
        let body = Bytes::from(self.body);
        let uri = self.target.parse().unwrap();
        let read = UnverifiedRequest::read(self.method, uri, &self.headers, body)?;
        read.verify(&key("request").public(), own, now_ms).map(drop)
    }

    pub(super) fn verify(self) -> Result<(), SignatureError> {
        self.verify_at(&skerry(), NOW)
    }

    pub(super) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers
            .insert(name, HeaderValue::from_str(value).unwrap());
        self
    }

    pub(super) fn value(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    /// The same with the parameters replaced, signed over them as they then stand.
    pub(super) fn signed_over(self, parameters: &str) -> Self {
        let input = format!("holm={parameters}");
        let lines = [
            format!("\"@method\": {}", self.method),
            format!("\"@path\": {}", self.target.split_once('?').unwrap().0),
            format!("\"@query\": ?{}", self.target.split_once('?').unwrap().1),
            format!("\"content-digest\": {}", self.value(CONTENT_DIGEST)),
            format!("\"holm-origin\": {}", self.value(ORIGIN)),
            format!("\"holm-destination\": {}", self.value(DESTINATION)),
            format!("\"@signature-params\": {parameters}"),
        ];
        let raw = key("request").sign_raw(lines.join("\n").as_bytes());
        let encoded = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, raw.0);
        self.with(SIGNATURE_INPUT, &input)
            .with(SIGNATURE, &format!("holm=:{encoded}:"))
    }
}
