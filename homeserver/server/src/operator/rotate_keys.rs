//! `POST /operator/v1/keys/rotate`: new keys in place of those of today (DOC-3, DOC-10).

use axum::extract::State;
use axum::{Json, Router};
use holm_core::{Begin, Keyring};
use holm_protocol::{Code, Problem, PublicKey};
use serde::{Deserialize, Serialize};

use super::body::Body;
use super::endpoint::Endpoint;
use super::state::Operator;
use crate::refusal::Refusal;

/// The endpoint.
pub const ROTATE_KEYS: Endpoint<RotateKeys, RotatedKeys> =
    Endpoint::takes("/operator/v1/keys/rotate");

/// Which keys, and from when on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RotateKeys {
    /// The root as well as the keys that sign requests and rooms.
    pub root: bool,
    /// The old keys stop at once, as is right where others may have them; else the new ones begin
    /// once every other server has seen them.
    pub now: bool,
}

/// The keys afterwards.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RotatedKeys {
    /// Serial of the server document that lists them.
    pub serial: u64,
    /// The root key.
    pub root: PublicKey,
    /// The TXT record that pins it, with the name it stands at.
    pub record: String,
    /// Id of the new request key.
    pub request_key: String,
    /// Id of the new room key.
    pub room_key: String,
    /// When the new keys begin to sign, milliseconds since 1970.
    pub signs_from_ms: u64,
    /// Whether the root is a new one.
    pub new_root: bool,
}

pub(super) fn router() -> Router<Operator> {
    ROTATE_KEYS.route(handler)
}

async fn handler(
    State(operator): State<Operator>,
    Body(RotateKeys { root, now }): Body<RotateKeys>,
) -> Result<Json<RotatedKeys>, Refusal> {
    let begin = match now {
        true => Begin::Now,
        false => Begin::WhenSeen,
    };
    let rotated = match root {
        true => operator.rotation.rotate_root(begin).await,
        false => operator.rotation.rotate(begin).await,
    };
    let keys = rotated.map_err(|error| {
        tracing::error!(%error, "the key file can't be written");
        let text = format!("the key file can't be written, and the keys are as before: {error}");
        Problem::new(Code::Internal, text)
    })?;
    tracing::warn!(serial = keys.serial, root = %keys.root.public(), new_root = root, now,
        "by the operator's word the keys were replaced; back the data folder up");
    let domain = operator.homeserver.name().as_str();
    Ok(Json(told(domain, &keys, root)))
}

fn told(domain: &str, keys: &Keyring, new_root: bool) -> RotatedKeys {
    let newest = |keys: &[holm_core::SigningKey]| {
        let newest = keys.last();
        newest.map_or((String::new(), 0), |key| (key.id.clone(), key.signs_from))
    };
    let (request_key, signs_from_ms) = newest(&keys.request_keys);
    let root = keys.root.public();
    RotatedKeys {
        serial: keys.serial,
        root,
        record: format!("_holm.{domain}. TXT \"v=holm1; root={root}\""),
        request_key,
        room_key: newest(&keys.room_keys).0,
        signs_from_ms,
        new_root,
    }
}
