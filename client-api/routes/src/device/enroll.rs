//! Enroll the device: its MLS key, certified by the user's identity key.
//!
//! `PUT /client/v1/device` · spec 07 §2 · ACC-5, ROOM-3, ROOM-4

use axum::extract::State;
use holm_client_types::account::EnrollRequest;
use holm_client_types::endpoint::ENROLL;
use holm_protocol::Code;
use holm_protocol::identity::DeviceIdentity;
use http::StatusCode;

use crate::api::Api;
use crate::body::JsonBody;
use crate::caller::Authenticated;
use crate::doc::Doc;
use crate::refusal::{Refusal, malformed};

pub(crate) fn doc() -> Doc {
    Doc::new(ENROLL, "enroll_device", "Enroll the caller's device")
        .takes::<EnrollRequest>()
        .before_enrollment()
        .refuses(&[Code::LinkRequired, Code::InvalidCertificate])
}

pub(crate) async fn handle(
    State(api): State<Api>,
    Authenticated(caller): Authenticated,
    JsonBody(request): JsonBody<EnrollRequest>,
) -> Result<StatusCode, Refusal> {
    let identity = DeviceIdentity::from_bytes(request.identity.as_slice())
        .map_err(|e| malformed("identity", e))?;
    api.homeserver
        .enroll_device(&caller, identity, request.mls_key)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
