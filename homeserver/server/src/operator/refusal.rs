//! What the door says where it has no endpoint.

use holm_protocol::{Code, Problem};

use crate::refusal::Refusal;

/// For paths that are no endpoint of this version.
pub(super) async fn not_found() -> Refusal {
    let text = "the running server knows no such question; it may be of another version";
    Problem::new(Code::NotFound, text).into()
}

/// For endpoints called with another method than theirs.
pub(super) async fn method_not_allowed() -> Refusal {
    Problem::new(Code::MethodNotAllowed, "this endpoint has another method").into()
}
