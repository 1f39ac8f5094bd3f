//! Claim one KeyPackage per device of a user, here or at the user's own server.
//!
//! `POST /client/v1/keyMaterial/{user}` · spec 07 §3 · KP-3

use axum::Json;
use axum::extract::State;
use holm_client_types::endpoint::CLAIM_KEY_PACKAGES;
use holm_client_types::key_package::{ClaimRequest, ClaimResponse, ClaimedKeyPackage};
use holm_protocol::{Code, UserUri, federation};

use crate::api::Api;
use crate::body::JsonBody;
use crate::caller::Enrolled;
use crate::doc::Doc;
use crate::path::Named;
use crate::refusal::{Refusal, malformed};

pub(crate) fn doc() -> Doc {
    Doc::new(
        CLAIM_KEY_PACKAGES,
        "claim_key_packages",
        "Claim one KeyPackage per device of a user, for one room",
    )
    .describe("The same claim id gets the same packages, however often it is asked.")
    .takes::<ClaimRequest>()
    .answers::<ClaimResponse>()
    .refuses(&[
        Code::NotFound,
        Code::NotYourUser,
        Code::KeyPackageConflict,
        Code::ConsentRequired,
        Code::KeyPackagesExhausted,
        Code::PeerRefused,
        Code::PeerUnreachable,
        Code::PeerUntrusted,
        Code::PeerBlocked,
    ])
}

pub(crate) async fn handle(
    State(api): State<Api>,
    Enrolled(caller): Enrolled,
    Named(user): Named<UserUri>,
    JsonBody(request): JsonBody<ClaimRequest>,
) -> Result<Json<ClaimResponse>, Refusal> {
    let claim_id = request
        .claim_id
        .to_array()
        .ok_or_else(|| malformed("claim_id", "sixteen bytes are expected"))?;
    let packages = api
        .homeserver
        .claim_key_packages(&caller, &user, &request.room, &request.hub, claim_id)
        .await?;
    let key_packages = packages.into_iter().map(claimed).collect();
    Ok(Json(ClaimResponse { key_packages }))
}

fn claimed(package: federation::ClaimedKeyPackage) -> ClaimedKeyPackage {
    ClaimedKeyPackage {
        device: package.device,
        key_package: package.key_package,
    }
}
