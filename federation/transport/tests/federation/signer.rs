//! `skerry.example` signing a request to `islet.example`, rightly or with one thing wrong.

use axum::body::Body;
use holm_protocol::ServerName;
use holm_protocol::request_signature::{
    CONTENT_DIGEST, DESTINATION, ORIGIN, RequestParts, SIGNATURE, SIGNATURE_INPUT, content_digest,
    sign_request,
};
use holm_protocol::signing::PrivateKey;
use http::{HeaderMap, Request, Uri};

use crate::world::{START_MS, name};

/// A request before it is signed; every part can be changed.
pub(crate) struct Draft {
    pub(crate) method: &'static str,
    pub(crate) path: String,
    pub(crate) body: Vec<u8>,
    pub(crate) origin: ServerName,
    pub(crate) destination: ServerName,
    pub(crate) key_id: String,
    pub(crate) key: PrivateKey,
    pub(crate) created: u64,
}

/// A signed request; what is changed now was not signed so.
pub(crate) struct Signed {
    pub(crate) method: &'static str,
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Draft {
    /// A notify about no room, which a server takes from any other.
    pub(crate) fn notify() -> Self {
        Self::post("/federation/v1/notify", r#"{"rooms":[]}"#)
    }

    pub(crate) fn post(path: &str, body: &str) -> Self {
        Self {
            method: "POST",
            path: path.to_owned(),
            body: body.into(),
            origin: name("skerry.example"),
            destination: name("islet.example"),
            key_id: "r1".into(),
            key: PrivateKey::from_seed(&[21; 32]),
            created: START_MS / 1_000,
        }
    }

    pub(crate) fn get(path: &str) -> Self {
        Self {
            method: "GET",
            ..Self::post(path, "")
        }
    }

    pub(crate) fn sign(self) -> Signed {
        let uri: Uri = self.path.parse().unwrap();
        let digest = content_digest(&self.body);
        let parts = RequestParts {
            method: self.method,
            path: uri.path(),
            query: uri.query(),
            content_digest: &digest,
            origin: &self.origin,
            destination: &self.destination,
        };
        let signed = sign_request(&parts, &self.key_id, &self.key, self.created);
        let mut headers = HeaderMap::new();
        for (header, value) in [
            (ORIGIN, self.origin.as_str()),
            (DESTINATION, self.destination.as_str()),
            (CONTENT_DIGEST, digest.as_str()),
            (SIGNATURE_INPUT, signed.signature_input.as_str()),
            (SIGNATURE, signed.signature.as_str()),
            ("content-type", "application/json"),
        ] {
            headers.insert(header, value.parse().unwrap());
        }
        Signed {
            method: self.method,
            path: self.path,
            headers,
            body: self.body,
        }
    }
}

impl Signed {
    pub(crate) fn request(self) -> Request<Body> {
        let mut request = Request::new(Body::from(self.body));
        *request.method_mut() = self.method.parse().unwrap();
        *request.uri_mut() = self.path.parse().unwrap();
        *request.headers_mut() = self.headers;
        request
    }
}
