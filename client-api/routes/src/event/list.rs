//! Read a run of a room's log.
//!
//! `GET /client/v1/rooms/{room}/events?after=&limit=` · spec 07 §4 · RM-4, LIM-14

use axum::Json;
use axum::extract::State;
use holm_client_types::endpoint::EVENTS;
use holm_client_types::room::EventsResponse;
use holm_core::room::EventPage;
use holm_protocol::limits::PAGE_EVENTS_MAX;
use holm_protocol::{Base64Url, Code, Problem, RoomUri};

use crate::api::Api;
use crate::caller::Enrolled;
use crate::doc::Doc;
use crate::path::Named;
use crate::query::Query;
use crate::refusal::Refusal;

pub(crate) fn doc() -> Doc {
    Doc::new(EVENTS, "list_events", "Read events of a room")
        .describe("In order, without a gap, within the caller's stay in the room.")
        .reads(
            "after",
            false,
            "The number before the first event wanted; 0 where left out.",
        )
        .reads(
            "limit",
            false,
            "How many events at most: 1 to 256; 256 where left out.",
        )
        .answers::<EventsResponse>()
        .refuses(&[
            Code::BadRequest,
            Code::NotFound,
            Code::TooLarge,
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
    query: Query,
) -> Result<Json<EventsResponse>, Refusal> {
    let after = query.number("after")?.unwrap_or(0);
    let limit = query.number("limit")?.map_or(Ok(PAGE_EVENTS_MAX), limit)?;
    let page = api.homeserver.events(&caller, &room, after, limit).await?;
    Ok(Json(response(page)))
}

/// A page has one event at least and [`PAGE_EVENTS_MAX`] at most (LIM-14).
fn limit(asked: u64) -> Result<usize, Problem> {
    let refused = |code| Problem::new(code, format!("limit is 1 to {PAGE_EVENTS_MAX}"));
    match usize::try_from(asked) {
        Ok(0) => Err(refused(Code::BadRequest)),
        Ok(limit @ ..=PAGE_EVENTS_MAX) => Ok(limit),
        _ => Err(refused(Code::TooLarge)),
    }
}

fn response(page: EventPage) -> EventsResponse {
    EventsResponse {
        events: page.events.into_iter().map(Base64Url).collect(),
        head: page.head.map(Base64Url),
    }
}
