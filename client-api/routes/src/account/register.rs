//! Register a user.
//!
//! `POST /client/v1/register` · spec 07 §2 · ACC-1, ACC-2

use axum::Json;
use axum::extract::State;
use holm_client_types::account::{RegisterRequest, SessionResponse};
use holm_client_types::endpoint::REGISTER;
use holm_core::account::Session;
use holm_protocol::Code;

use crate::api::Api;
use crate::body::JsonBody;
use crate::doc::Doc;
use crate::refusal::Refusal;

pub(crate) fn doc() -> Doc {
    Doc::new(
        REGISTER,
        "register",
        "Register a user and open the first session",
    )
    .describe("The session's device is new; it has to be enrolled before anything else.")
    .takes::<RegisterRequest>()
    .answers::<SessionResponse>()
    .refuses(&[Code::BadRequest, Code::RegistrationClosed, Code::NameTaken])
}

pub(crate) async fn handle(
    State(api): State<Api>,
    JsonBody(request): JsonBody<RegisterRequest>,
) -> Result<Json<SessionResponse>, Refusal> {
    let session = api
        .homeserver
        .register(&request.name, &request.password)
        .await?;
    Ok(Json(session_response(session)))
}

/// A session as it goes to the device, once.
pub(crate) fn session_response(session: Session) -> SessionResponse {
    SessionResponse {
        user: session.user,
        device: session.device,
        token: session.token,
    }
}
