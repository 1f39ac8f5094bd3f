//! Log out.
//!
//! `POST /client/v1/logout` · spec 07 §2 · ACC-6

use axum::extract::State;
use holm_client_types::endpoint::LOGOUT;
use http::StatusCode;

use crate::api::Api;
use crate::caller::Authenticated;
use crate::doc::Doc;
use crate::refusal::Refusal;

pub(crate) fn doc() -> Doc {
    Doc::new(LOGOUT, "log_out", "End the session")
        .describe("The token is refused from then on, and its sync connection closes with 4401.")
        .before_enrollment()
}

pub(crate) async fn handle(
    State(api): State<Api>,
    Authenticated(caller): Authenticated,
) -> Result<StatusCode, Refusal> {
    api.homeserver.log_out(&caller).await?;
    Ok(StatusCode::NO_CONTENT)
}
