//! This server's document, for anybody.
//!
//! `GET /.well-known/holm` · spec 04 · DOC-1

use axum::Json;
use axum::extract::State;
use holm_core::Homeserver;
use holm_protocol::document::SignedDocument;

/// The document, signed at this moment.
pub(super) async fn handler(State(homeserver): State<Homeserver>) -> Json<SignedDocument> {
    Json(homeserver.own_document())
}
