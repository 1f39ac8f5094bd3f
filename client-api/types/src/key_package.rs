//! KeyPackages.

use holm_protocol::{Base64Url, DeviceUri, RoomUri, ServerName};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Uploads KeyPackages of the caller's device (KP-1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UploadKeyPackagesRequest {
    /// Each an MLS KeyPackage as MLSMessage, base64url; at most 100.
    #[schema(value_type = Vec<String>)]
    pub key_packages: Vec<Base64Url>,
}

/// How many are waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct KeyPackageCount {
    /// Unclaimed, unexpired packages of the caller's device.
    pub count: usize,
}

/// Claims one KeyPackage per device of a user, for one room (KP-3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ClaimRequest {
    /// The room; a package serves it alone.
    #[schema(value_type = String)]
    pub room: RoomUri,
    /// The room's hub.
    #[schema(value_type = String)]
    pub hub: ServerName,
    /// Sixteen random bytes, base64url; the same id gets the same packages.
    #[schema(value_type = String)]
    pub claim_id: Base64Url,
}

/// The packages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ClaimResponse {
    /// One a device.
    pub key_packages: Vec<ClaimedKeyPackage>,
}

/// A KeyPackage of one device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ClaimedKeyPackage {
    /// The device.
    #[schema(value_type = String)]
    pub device: DeviceUri,
    /// An MLS KeyPackage as MLSMessage, base64url.
    #[schema(value_type = String)]
    pub key_package: Base64Url,
}
