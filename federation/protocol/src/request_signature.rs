//! Signed requests between servers: one fixed profile of HTTP Message Signatures (RFC 9421).
//!
//! A signature covers exactly `@method`, `@path`, `@query`, `content-digest`, `holm-origin` and
//! `holm-destination`, in that order, under the label `holm`; with `created`, `keyid`
//! (`domain#key`) and the tag `holm-fed-1`. Less, more, another order or another spelling is
//! refused (SIG-3 to SIG-10, spec 04 §4). There is one gate from [`UnverifiedRequest`] to [`VerifiedRequest`], and
//! the body is parsed after it, never before.

mod base;
mod verify;

pub use base::{RequestParts, SignedHeaders, content_digest, sign_request};
pub use verify::{SignatureError, UnverifiedRequest, VerifiedRequest};

/// Header that names the sending server.
pub const ORIGIN: &str = "holm-origin";
/// Header that names the server addressed.
pub const DESTINATION: &str = "holm-destination";
/// Header with the body's digest (RFC 9530).
pub const CONTENT_DIGEST: &str = "content-digest";
/// Header with what is covered (RFC 9421 §4.1).
pub const SIGNATURE_INPUT: &str = "signature-input";
/// Header with the signature (RFC 9421 §4.2).
pub const SIGNATURE: &str = "signature";
/// Label of the one signature.
pub const LABEL: &str = "holm";
/// Tag that keeps it from being taken for a signature of another profile.
pub const TAG: &str = "holm-fed-1";
/// What is covered, in order (SIG-3).
pub const COMPONENTS: [&str; 6] = [
    "@method",
    "@path",
    "@query",
    CONTENT_DIGEST,
    ORIGIN,
    DESTINATION,
];
