//! Say who may add the user.
//!
//! `PUT /client/v1/consent` · spec 07 §3 · KP-5, KP-6

use axum::extract::State;
use holm_client_types::consent::{Consent, ConsentFrom};
use holm_client_types::endpoint::SET_CONSENT;
use holm_core::ports;
use holm_protocol::{Code, Problem};
use http::StatusCode;

use crate::api::Api;
use crate::body::JsonBody;
use crate::caller::Enrolled;
use crate::doc::Doc;
use crate::refusal::Refusal;

pub(crate) fn doc() -> Doc {
    Doc::new(SET_CONSENT, "set_consent", "Say who may add the caller")
        .describe("It is replaced as a whole and holds for every claim after the answer.")
        .takes::<Consent>()
        .refuses(&[Code::BadRequest, Code::Limit])
}

pub(crate) async fn handle(
    State(api): State<Api>,
    Enrolled(caller): Enrolled,
    JsonBody(consent): JsonBody<Consent>,
) -> Result<StatusCode, Refusal> {
    let consent = match consent.from {
        ConsentFrom::Listed => ports::Consent::Listed(consent.users),
        ConsentFrom::Anyone if consent.users.is_empty() => ports::Consent::Anyone,
        ConsentFrom::Anyone => {
            let text = "users are named with listed alone";
            return Err(Refusal(Problem::new(Code::BadRequest, text)));
        }
    };
    api.homeserver.set_consent(&caller, consent).await?;
    Ok(StatusCode::NO_CONTENT)
}
