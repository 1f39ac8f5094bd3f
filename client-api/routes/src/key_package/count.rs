//! Count the KeyPackages that wait.
//!
//! `GET /client/v1/keyPackages` · spec 07 §3 · KP-2

use axum::Json;
use axum::extract::State;
use holm_client_types::endpoint::COUNT_KEY_PACKAGES;
use holm_client_types::key_package::KeyPackageCount;

use crate::api::Api;
use crate::caller::Enrolled;
use crate::doc::Doc;
use crate::refusal::Refusal;

pub(crate) fn doc() -> Doc {
    Doc::new(
        COUNT_KEY_PACKAGES,
        "count_key_packages",
        "Count the unclaimed KeyPackages of the caller's device",
    )
    .answers::<KeyPackageCount>()
}

pub(crate) async fn handle(
    State(api): State<Api>,
    Enrolled(caller): Enrolled,
) -> Result<Json<KeyPackageCount>, Refusal> {
    let count = api.homeserver.count_key_packages(&caller).await?;
    Ok(Json(KeyPackageCount { count }))
}
