//! Upload KeyPackages.
//!
//! `POST /client/v1/keyPackages` · spec 07 §3 · KP-1, LIM-11, LIM-12

use axum::Json;
use axum::extract::State;
use holm_client_types::endpoint::UPLOAD_KEY_PACKAGES;
use holm_client_types::key_package::{KeyPackageCount, UploadKeyPackagesRequest};
use holm_protocol::Code;

use crate::api::Api;
use crate::body::JsonBody;
use crate::caller::Enrolled;
use crate::doc::Doc;
use crate::refusal::Refusal;

pub(crate) fn doc() -> Doc {
    Doc::new(
        UPLOAD_KEY_PACKAGES,
        "upload_key_packages",
        "Upload KeyPackages of the caller's device",
    )
    .takes::<UploadKeyPackagesRequest>()
    .answers::<KeyPackageCount>()
    .refuses(&[Code::Limit, Code::TooLarge, Code::InvalidKeyPackage])
}

pub(crate) async fn handle(
    State(api): State<Api>,
    Enrolled(caller): Enrolled,
    JsonBody(request): JsonBody<UploadKeyPackagesRequest>,
) -> Result<Json<KeyPackageCount>, Refusal> {
    let packages = request.key_packages.into_iter().map(|p| p.0).collect();
    let count = api
        .homeserver
        .upload_key_packages(&caller, packages)
        .await?;
    Ok(Json(KeyPackageCount { count }))
}
