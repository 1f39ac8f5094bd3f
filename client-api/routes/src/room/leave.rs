//! Leave a room: ask for an order that removes the caller.
//!
//! `POST /client/v1/rooms/{room}/leave` · spec 07 §4 · RM-5

use axum::Json;
use axum::extract::State;
use holm_client_types::endpoint::LEAVE;
use holm_client_types::room::LeaveResponse;
use holm_protocol::{Base64Url, Code, RoomUri};

use crate::api::Api;
use crate::caller::Enrolled;
use crate::doc::Doc;
use crate::path::Named;
use crate::refusal::Refusal;

pub(crate) fn doc() -> Doc {
    Doc::new(LEAVE, "leave_room", "Leave a room")
        .describe(
            "The answer is the hub's signed order. The user is in the group until a member's \
             commit carries it out; asked again, the same order is answered.",
        )
        .answers::<LeaveResponse>()
        .refuses(&[
            Code::NotFound,
            Code::NotHub,
            Code::NotYourUser,
            Code::RoomStopped,
            Code::PeerRefused,
            Code::PeerUnreachable,
            Code::PeerUntrusted,
            Code::PeerBlocked,
        ])
}

pub(crate) async fn handle(
    State(api): State<Api>,
    Enrolled(caller): Enrolled,
    Named(room): Named<RoomUri>,
) -> Result<Json<LeaveResponse>, Refusal> {
    let order = api.homeserver.leave(&caller, &room).await?;
    Ok(Json(LeaveResponse {
        order: Base64Url(order),
    }))
}
