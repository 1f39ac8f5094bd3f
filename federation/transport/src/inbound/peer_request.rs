//! The one gate for requests of other servers: from bytes to a proven peer (SIG-3 to SIG-9).
//!
//! In this order: size, form and coverage of the signature, address and time, the origin's key,
//! digest and signature; and only then path, query and body are parsed. A request that names this
//! server as its origin is refused before anything is looked up.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::RequestPartsExt;
use axum::body::Body;
use axum::extract::{ConnectInfo, FromRef, FromRequest, Path, Query, Request};
use bytes::{Bytes, BytesMut};
use holm_core::Homeserver;
use holm_protocol::limits::FEDERATION_BODY_LEN_MAX;
use holm_protocol::request_signature::{UnverifiedRequest, VerifiedRequest};
use holm_protocol::uri::{Kind, Uri};
use holm_protocol::{Code, Problem, ServerName, json};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::request::Parts;
use http_body_util::BodyExt;
use serde::de::DeserializeOwned;

use super::refusal::Refusal;
use crate::outbound::Transport;
use crate::quota::Over;
use crate::text;

/// A request whose sender is proven.
pub(super) struct PeerRequest {
    verified: VerifiedRequest,
    key_id: String,
    parts: Parts,
}

impl<S> FromRequest<S> for PeerRequest
where
    S: Send + Sync,
    Arc<Transport>: FromRef<S>,
    Homeserver: FromRef<S>,
{
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        let transport = Arc::<Transport>::from_ref(state);
        let (parts, body) = request.into_parts();
        let (quotas, from) = (transport.quotas(), address(&parts));
        let over = |over: Over| Refusal::from(over.problem(Code::QuotaExceeded));
        quotas.unproven(from, transport.now_ms()).map_err(over)?;
        let body = read_body(&parts, body).await?;
        let (verified, key_id) = prove(&transport, &parts, body).await?;
        transport.heard_from(verified.origin());
        Homeserver::from_ref(state).heard_from(verified.origin());
        let whose = (from, verified.origin());
        let bytes = verified.body().len();
        quotas
            .proven(whose, bytes, transport.now_ms())
            .map_err(over)?;
        Ok(Self {
            verified,
            key_id,
            parts,
        })
    }
}

impl PeerRequest {
    /// The server that sent it.
    pub(super) fn peer(&self) -> &ServerName {
        self.verified.origin()
    }

    /// The request key that verified.
    pub(super) fn key_id(&self) -> &str {
        &self.key_id
    }

    /// The address it came from, where the listener tells.
    pub(super) fn address(&self) -> Option<IpAddr> {
        address(&self.parts)
    }

    /// The URI in the path, decoded once (FED-1).
    pub(super) async fn uri<K: Kind>(&mut self) -> Result<Uri<K>, Refusal> {
        let Path(text) = self
            .parts
            .extract::<Path<String>>()
            .await
            .map_err(|error| malformed(&format!("the path can't be read: {error}")))?;
        Uri::parse(&text)
            .map_err(|error| malformed(&format!("the path names no {}: {error}", K::FORM)))
    }

    /// The query.
    pub(super) fn query<T: DeserializeOwned>(&self) -> Result<T, Refusal> {
        Query::try_from_uri(&self.parts.uri)
            .map(|Query(query)| query)
            .map_err(|error| malformed(&format!("the query can't be read: {error}")))
    }

    /// The body, parsed strictly (ENC-4).
    pub(super) fn json<T: DeserializeOwned>(&self) -> Result<T, Refusal> {
        let kind = self.parts.headers.get(CONTENT_TYPE);
        let essence = kind.and_then(|kind| kind.to_str().ok()).map(essence);
        if essence.as_deref() != Some("application/json") {
            let detail = "the body has to be application/json";
            return Err(Problem::new(Code::UnsupportedMedia, detail).into());
        }
        json::from_slice(self.verified.body())
            .map_err(|error| malformed(&format!("the body can't be read: {error}")))
    }
}

/// The address a request came from, where the listener tells.
fn address(parts: &Parts) -> Option<IpAddr> {
    let connection = parts.extensions.get::<ConnectInfo<SocketAddr>>();
    connection.map(|ConnectInfo(address)| address.ip().to_canonical())
}

/// Reads the body, no longer than its time (LIM-9).
async fn read_body(parts: &Parts, body: Body) -> Result<Bytes, Refusal> {
    let announced = parts.headers.get(CONTENT_LENGTH);
    let announced = announced.and_then(|len| len.to_str().ok()?.parse::<u64>().ok());
    let over =
        announced.is_some_and(|len| usize::try_from(len).map_or(true, |len| len > BODY_LEN_MAX));
    let read = async {
        match over {
            true => Err(drain(body).await),
            false => collect(body).await,
        }
    };
    tokio::time::timeout(BODY_TIME_MAX, read)
        .await
        .unwrap_or_else(|_elapsed| {
            let seconds = BODY_TIME_MAX.as_secs();
            let detail = format!("the body did not arrive within {seconds} s");
            Err(Problem::new(Code::Timeout, detail).into())
        })
}

/// Reads the body up to its limit.
async fn collect(mut body: Body) -> Result<Bytes, Refusal> {
    let mut bytes = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|e| malformed(&format!("the body broke off: {e}")))?;
        let data = frame.data_ref().map_or(&[][..], |data| data);
        if bytes.len() + data.len() > BODY_LEN_MAX {
            return Err(drain(body).await);
        }
        bytes.extend_from_slice(data);
    }
    Ok(bytes.freeze())
}

/// The refusal of a body over the limit. As much again is read and dropped first, for a moment: a
/// sender that is cut off while it writes would not read the refusal.
async fn drain(mut body: Body) -> Refusal {
    let drop_rest = async {
        let mut dropped = 0;
        while dropped <= BODY_LEN_MAX
            && let Some(Ok(frame)) = body.frame().await
        {
            dropped += frame.data_ref().map_or(0, Bytes::len);
        }
    };
    // Whether it came to an end or not, the answer is the same.
    tokio::time::timeout(DRAIN_TIME_MAX, drop_rest).await.ok();
    too_large()
}

/// Proves who sent the request, by the key in the origin's server document (SIG-9); with the key's
/// id.
async fn prove(
    transport: &Transport,
    parts: &Parts,
    body: Bytes,
) -> Result<(VerifiedRequest, String), Refusal> {
    let (own, now_ms) = (transport.own_name(), transport.now_ms());
    let (method, uri) = (parts.method.clone(), parts.uri.clone());
    let unverified = UnverifiedRequest::read(method, uri, &parts.headers, body)
        .map_err(|error| error.problem(now_ms))?;
    unverified
        .check_address_and_time(own, now_ms)
        .map_err(|error| error.problem(now_ms))?;
    let origin = unverified.claimed_origin().clone();
    if origin == *own {
        return Err(Problem::new(Code::Forbidden, "this server does not call itself").into());
    }
    if let Some(why) = transport.unwanted(&origin) {
        return Err(why.problem().into());
    }
    let key_id = unverified.key_id().to_owned();
    let document = transport
        .server_document(&origin, Some(&key_id))
        .await
        .map_err(holm_core::ports::PeerError::into_problem)?;
    // Fetching may have taken a while.
    let now_ms = transport.now_ms();
    let key = document.request_key(&key_id, now_ms).ok_or_else(|| {
        let detail = format!("the server document of {origin} lists no valid key {key_id}");
        let unknown = Problem::new(Code::UnknownKey, detail);
        let refused = transport.root_refusal(&origin);
        refused.map_or(unknown, |text| Problem::new(Code::PeerUntrusted, text))
    })?;
    let verified = unverified.verify(&key, own, now_ms);
    let verified = verified.map_err(|error| error.problem(now_ms))?;
    Ok((verified, key_id))
}

fn essence(kind: &str) -> String {
    let essence = kind.split(';').next().unwrap_or_default();
    essence.trim().to_ascii_lowercase()
}

fn malformed(detail: &str) -> Refusal {
    Problem::new(Code::Malformed, text::plain(detail)).into()
}

fn too_large() -> Refusal {
    let detail = format!("a body may have {BODY_LEN_MAX} bytes");
    Problem::new(Code::TooLarge, detail).into()
}

const BODY_LEN_MAX: usize = FEDERATION_BODY_LEN_MAX;
/// Time for a body to arrive.
const BODY_TIME_MAX: Duration = Duration::from_secs(30);
/// How long a sender over the limit is listened to before it gets its refusal.
const DRAIN_TIME_MAX: Duration = Duration::from_secs(2);
