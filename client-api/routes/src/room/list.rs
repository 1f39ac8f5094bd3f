//! List the caller's rooms.
//!
//! `GET /client/v1/rooms` · spec 07 §4 · RM-2

use axum::Json;
use axum::extract::State;
use holm_client_types::endpoint::ROOMS;
use holm_client_types::room::{RoomSummary, RoomsResponse};
use holm_core::ports::Membership;

use crate::api::Api;
use crate::caller::Enrolled;
use crate::doc::Doc;
use crate::refusal::Refusal;

pub(crate) fn doc() -> Doc {
    Doc::new(ROOMS, "list_rooms", "List the rooms of the caller's device")
        .describe("Rooms it was removed from are listed too, with where its copy ends.")
        .answers::<RoomsResponse>()
}

pub(crate) async fn handle(
    State(api): State<Api>,
    Enrolled(caller): Enrolled,
) -> Result<Json<RoomsResponse>, Refusal> {
    let memberships = api.homeserver.rooms(&caller).await?;
    let rooms = memberships.into_iter().map(summary).collect();
    Ok(Json(RoomsResponse { rooms }))
}

fn summary(membership: Membership) -> RoomSummary {
    RoomSummary {
        room: membership.room,
        anchor: membership.anchor,
        until: membership.until,
        delivered: membership.delivered,
        read: membership.read,
    }
}
