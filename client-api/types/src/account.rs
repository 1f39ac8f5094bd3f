//! Accounts and the device.

use holm_protocol::{DeviceUri, PublicKey, Signature, UserUri};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Registers a user; the answer is a session (ACC-1).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RegisterRequest {
    /// The local name: 1 to 32 of a-z, 0-9, `.`, `_`, `-`.
    pub name: String,
    /// 8 to 1,024 bytes.
    pub password: String,
}

/// Opens a session (ACC-3).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LoginRequest {
    /// The local name.
    pub name: String,
    /// The password.
    pub password: String,
    /// Proof of the enrolled device; needed once there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<LoginProof>,
}

/// A device proves itself with its MLS key (ACC-4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LoginProof {
    /// The device.
    #[schema(value_type = String)]
    pub device: DeviceUri,
    /// When it was signed, milliseconds since 1970; at most five minutes off.
    pub time: u64,
    /// Ed25519 over [`holm_protocol::identity::login_bytes`], base64url.
    #[schema(value_type = String)]
    pub signature: Signature,
}

/// A session. The token is shown once (ACC-2).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SessionResponse {
    /// The user.
    #[schema(value_type = String)]
    pub user: UserUri,
    /// The device the token is bound to.
    #[schema(value_type = String)]
    pub device: DeviceUri,
    /// The bearer token.
    pub token: String,
}

/// Enrolls the device: its certificate by the user's identity key (ACC-5).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EnrollRequest {
    /// The credential identity: device, identity key, certificate; base64url (ROOM-4).
    #[schema(value_type = String)]
    pub identity: holm_protocol::Base64Url,
    /// The device's MLS signature key, base64url.
    #[schema(value_type = String)]
    pub mls_key: PublicKey,
}
