//! Read the ratchet tree that a joiner needs.
//!
//! `GET /client/v1/rooms/{room}/tree?seq=` · spec 07 §4 · RM-6

use axum::Json;
use axum::extract::State;
use holm_client_types::endpoint::TREE;
use holm_client_types::room::TreeResponse;
use holm_protocol::{Base64Url, Code, RoomUri};

use crate::api::Api;
use crate::caller::Enrolled;
use crate::doc::Doc;
use crate::path::Named;
use crate::query::Query;
use crate::refusal::{Refusal, malformed};

pub(crate) fn doc() -> Doc {
    Doc::new(
        TREE,
        "read_tree",
        "Read the tree after the commit that let the caller in",
    )
    .reads("seq", true, "Number of the commit.")
    .answers::<TreeResponse>()
    .refuses(&[Code::NotFound, Code::Gone])
}

pub(crate) async fn handle(
    State(api): State<Api>,
    Enrolled(caller): Enrolled,
    Named(room): Named<RoomUri>,
    query: Query,
) -> Result<Json<TreeResponse>, Refusal> {
    let seq = query
        .number("seq")?
        .ok_or_else(|| malformed("the query", "seq is needed"))?;
    let page = api.homeserver.tree(&caller, &room, seq).await?;
    Ok(Json(TreeResponse {
        seq: page.seq,
        tree: Base64Url(page.tree),
        interim: page.interim,
    }))
}
