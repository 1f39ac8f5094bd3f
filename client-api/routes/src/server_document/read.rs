//! Read any server's document, for verifying heads and orders.
//!
//! `GET /client/v1/servers/{server}` · spec 07 §5 · RM-7, DOC-1

use axum::Json;
use axum::extract::State;
use holm_client_types::endpoint::SERVER_DOCUMENT;
use holm_protocol::document::SignedDocument;
use holm_protocol::{Code, ServerName};

use crate::api::Api;
use crate::caller::Enrolled;
use crate::doc::Doc;
use crate::path::Named;
use crate::refusal::Refusal;

pub(crate) fn doc() -> Doc {
    Doc::new(
        SERVER_DOCUMENT,
        "read_server_document",
        "Read a server's signed document",
    )
    .describe("The device verifies it under the root that the room's group names.")
    .answers_named("SignedDocument")
    .refuses(&[
        Code::NotFound,
        Code::PeerRefused,
        Code::PeerUnreachable,
        Code::PeerUntrusted,
        Code::PeerBlocked,
    ])
}

pub(crate) async fn handle(
    State(api): State<Api>,
    Enrolled(caller): Enrolled,
    Named(server): Named<ServerName>,
) -> Result<Json<SignedDocument>, Refusal> {
    let document = api.homeserver.server_document(&caller, &server).await?;
    Ok(Json(document))
}
