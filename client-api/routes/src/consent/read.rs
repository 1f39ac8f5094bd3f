//! Read who may add the user.
//!
//! `GET /client/v1/consent` · spec 07 §3 · KP-6

use axum::Json;
use axum::extract::State;
use holm_client_types::consent::{Consent, ConsentFrom};
use holm_client_types::endpoint::CONSENT;
use holm_core::ports;

use crate::api::Api;
use crate::caller::Enrolled;
use crate::doc::Doc;
use crate::refusal::Refusal;

pub(crate) fn doc() -> Doc {
    Doc::new(
        CONSENT,
        "read_consent",
        "Read who may add the caller to rooms",
    )
    .answers::<Consent>()
}

pub(crate) async fn handle(
    State(api): State<Api>,
    Enrolled(caller): Enrolled,
) -> Result<Json<Consent>, Refusal> {
    let (from, users) = match api.homeserver.consent(&caller).await? {
        ports::Consent::Anyone => (ConsentFrom::Anyone, Vec::new()),
        ports::Consent::Listed(users) => (ConsentFrom::Listed, users),
    };
    Ok(Json(Consent { from, users }))
}
