//! Connect a device.
//!
//! `GET /client/v1/sync` · spec 08 · SYNC-1, SYNC-7, API-2, API-3

use axum::extract::{FromRequestParts, State};
use axum::response::Response;
use holm_client_types::endpoint::SYNC;
use holm_client_types::frame::BEARER_SUBPROTOCOL;
use holm_core::Caller;
use http::request::Parts;

use super::backend::Device;
use super::session;
use super::upgrade::{Upgrade, subprotocols};
use crate::api::Api;
use crate::caller::{Enrolled, authenticate, bearer_token, token_needed};
use crate::doc::Doc;
use crate::refusal::{Refusal, malformed};

pub(crate) fn doc() -> Doc {
    Doc::new(SYNC, "sync", "Open the sync WebSocket").describe(
        "A WebSocket upgrade with subprotocol `holm.v1.json`; frames are text, one JSON object \
         each: `DeviceFrame` from the device, `ServerFrame` to it. The token comes in the \
         Authorization header, or for browsers as a second subprotocol `holm.bearer.<token>`. \
         The first frame is `hello`, within 10 seconds. Close codes: 1003 binary frame, 1009 \
         frame over 128 KiB, 1012 the server stops, 4400 malformed frame, 4401 token ended, \
         4403 device removed, 4408 no hello or no sign of life, 4409 replaced by a newer \
         connection, 4429 too much at once.",
    )
}

pub(crate) async fn handle(
    State(api): State<Api>,
    SyncCaller(caller): SyncCaller,
    upgrade: Upgrade,
) -> Response {
    let (response, socket) = upgrade.accept();
    let device = Device::new(api.homeserver, caller);
    let stop = api.sockets.token();
    api.sockets.spawn(async move {
        match socket.await {
            Ok(socket) => session::serve(socket, device, stop).await,
            Err(error) => tracing::debug!(%error, "a connection ended before its upgrade"),
        }
    });
    response
}

/// An enrolled device, its token from the header or from the subprotocols.
pub(crate) struct SyncCaller(Caller);

impl FromRequestParts<Api> for SyncCaller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Refusal> {
        let header = bearer_token(&parts.headers)?;
        let mut offered = subprotocols(&parts.headers)
            .filter_map(|protocol| protocol.strip_prefix(BEARER_SUBPROTOCOL));
        let token = match (header, offered.next(), offered.next()) {
            (Some(token), None, _) | (None, Some(token), None) => token,
            (None, None, _) => return Err(token_needed().into()),
            _ => return Err(malformed("the request", "it carries two tokens").into()),
        };
        let Enrolled(caller) = authenticate(api, token).await?.try_into()?;
        Ok(Self(caller))
    }
}
