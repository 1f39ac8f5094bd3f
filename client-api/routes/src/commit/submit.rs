//! Submit a commit with its Welcome and GroupInfo, here or to the room's hub.
//!
//! `POST /client/v1/rooms/{room}/commits` · spec 07 §4 · RM-3, ROOM-8, LIM-6

use axum::Json;
use axum::extract::State;
use holm_client_types::endpoint::COMMIT;
use holm_client_types::room::{CommitRequest, SentResponse};
use holm_protocol::federation::{BundleJson, Sent};
use holm_protocol::{Code, RoomUri};

use crate::api::Api;
use crate::body::JsonBody;
use crate::caller::Enrolled;
use crate::doc::Doc;
use crate::path::Named;
use crate::refusal::Refusal;

pub(crate) fn doc() -> Doc {
    Doc::new(COMMIT, "submit_commit", "Submit a commit")
        .describe(
            "The first valid commit of an epoch wins; others get `wrong_epoch`. A repeated \
             `client_msg_id` gets its first answer. The device merges its commit where it meets \
             it in the log, not here. A hub elsewhere may answer with any problem of its own.",
        )
        .takes::<CommitRequest>()
        .answers::<SentResponse>()
        .refuses(&[
            Code::NotFound,
            Code::NotHub,
            Code::NotYourUser,
            Code::WrongEpoch,
            Code::OrdersOpen,
            Code::InvalidCommit,
            Code::CommitForbidden,
            Code::UnclaimedKeyPackage,
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
    JsonBody(request): JsonBody<CommitRequest>,
) -> Result<Json<SentResponse>, Refusal> {
    let bundle = BundleJson::from(request).into();
    let sent = api.homeserver.commit(&caller, &room, bundle).await?;
    Ok(Json(sent_response(sent)))
}

fn sent_response(sent: Sent) -> SentResponse {
    SentResponse {
        client_msg_id: sent.client_msg_id,
        seq: sent.seq,
        time: sent.time,
    }
}
