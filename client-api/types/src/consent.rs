//! Who may add a user to rooms.

use holm_protocol::UserUri;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Who may claim the user's KeyPackages (KP-5, KP-6).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Consent {
    /// From whom it is.
    pub from: ConsentFrom,
    /// Whom the user named; only with `listed`, at most 1,024.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    pub users: Vec<UserUri>,
}

/// Whether some are named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConsentFrom {
    /// Every user of every server.
    Anyone,
    /// Those named.
    Listed,
}
