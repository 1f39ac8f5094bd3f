//! The signature base (RFC 9421 §2.5) and signing.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{COMPONENTS, LABEL, TAG};
use crate::name::ServerName;
use crate::signing::{Hash, PrivateKey, Signature};

/// What a request's signature covers, but for its parameters.
#[derive(Clone, Copy, Debug)]
pub struct RequestParts<'a> {
    /// Method, upper case.
    pub method: &'a str,
    /// Path as it stands in the request line.
    pub path: &'a str,
    /// Query without its question mark, if there is one. No query and an empty one are the same.
    pub query: Option<&'a str>,
    /// Value of the `content-digest` header.
    pub content_digest: &'a str,
    /// The sending server.
    pub origin: &'a ServerName,
    /// The server addressed.
    pub destination: &'a ServerName,
}

/// The headers that make a request a signed one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedHeaders {
    /// Value of `signature-input`.
    pub signature_input: String,
    /// Value of `signature`.
    pub signature: String,
}

/// Value of `content-digest` for a body: SHA-256 (RFC 9530).
pub fn content_digest(body: &[u8]) -> String {
    format!("sha-256=:{}:", STANDARD.encode(Hash::sha256(body).0))
}

/// Signs a request with the origin's key `key_id` at `created` seconds since 1970 (SIG-3).
pub fn sign_request(
    parts: &RequestParts<'_>,
    key_id: &str,
    key: &PrivateKey,
    created: u64,
) -> SignedHeaders {
    let parameters = parameters(created, &format!("{}#{key_id}", parts.origin));
    let signature = key.sign_raw(signature_base(parts, &parameters).as_bytes());
    SignedHeaders {
        signature_input: format!("{LABEL}={parameters}"),
        signature: signature_header(&signature),
    }
}

/// The signature's parameters in their one spelling (SIG-3, SIG-4).
pub(super) fn parameters(created: u64, key_id: &str) -> String {
    let components = COMPONENTS.map(|c| format!("\"{c}\"")).join(" ");
    format!("({components});created={created};keyid=\"{key_id}\";tag=\"{TAG}\"")
}

/// Value of `signature` in its one spelling (SIG-4).
pub(super) fn signature_header(signature: &Signature) -> String {
    format!("{LABEL}=:{}:", STANDARD.encode(signature.0))
}

/// The bytes that are signed; `parameters` exactly as in `signature-input` (RFC 9421 §2.5).
/// The value of `@query` begins with its question mark, also where there is none (§2.2.7).
pub(super) fn signature_base(parts: &RequestParts<'_>, parameters: &str) -> String {
    let query = format!("?{}", parts.query.unwrap_or_default());
    let values = [
        parts.method,
        parts.path,
        &query,
        parts.content_digest,
        parts.origin.as_str(),
        parts.destination.as_str(),
    ];
    let lines = COMPONENTS.iter().zip(values);
    let lines = lines.map(|(component, value)| format!("\"{component}\": {value}\n"));
    let last = format!("\"@signature-params\": {parameters}");
    lines.chain([last]).collect()
}
