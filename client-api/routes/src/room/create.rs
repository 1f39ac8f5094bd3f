//! Create a room of which the caller's server is hub.
//!
//! `POST /client/v1/rooms` · spec 07 §4 · RM-1

use axum::extract::State;
use holm_client_types::endpoint::CREATE_ROOM;
use holm_client_types::room::CreateRoomRequest;
use holm_protocol::Code;
use http::StatusCode;

use crate::api::Api;
use crate::body::JsonBody;
use crate::caller::Enrolled;
use crate::doc::Doc;
use crate::refusal::Refusal;

pub(crate) fn doc() -> Doc {
    Doc::new(CREATE_ROOM, "create_room", "Create a room")
        .describe("Asked again with the same GroupInfo it answers the same.")
        .takes::<CreateRoomRequest>()
        .refuses(&[
            Code::BadRequest,
            Code::RoomExists,
            Code::Limit,
            Code::InvalidCommit,
            Code::CommitForbidden,
        ])
}

pub(crate) async fn handle(
    State(api): State<Api>,
    Enrolled(caller): Enrolled,
    JsonBody(request): JsonBody<CreateRoomRequest>,
) -> Result<StatusCode, Refusal> {
    api.homeserver
        .create_room(&caller, &request.room, request.group_info.0, request.tree.0)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
