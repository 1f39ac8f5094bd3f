//! `GET /operator/v1/peers`: every server with a room in common, what is owed, and how calls fare.

use axum::extract::State;
use axum::{Json, Router};
use holm_core::peer::PeerView;
use holm_federation::PeerState;
use holm_protocol::{PublicKey, ServerName};
use serde::{Deserialize, Serialize};

use super::endpoint::Endpoint;
use super::state::Operator;
use crate::refusal::Refusal;

/// The endpoint.
pub const PEERS: Endpoint<(), Peers> = Endpoint::tells("/operator/v1/peers");

/// All peers, by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Peers {
    /// One each.
    pub peers: Vec<Peer>,
}

/// One peer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Peer {
    /// Its name.
    pub domain: ServerName,
    /// Who it is, and whether it is dealt with.
    #[serde(flatten)]
    pub trust: Trust,
    /// How calls to it fare.
    pub calls: Calls,
    /// Rooms of which this server is hub and in which the peer has a participant.
    pub rooms_brought: usize,
    /// Rooms in which the peer is owed events.
    pub rooms_owed: usize,
    /// Events it is owed, over all rooms.
    pub events_owed: u64,
    /// Rooms of which it did not take the events; they are tried again alone and slowly.
    pub rooms_resting: usize,
    /// Rooms of which the peer is hub.
    pub rooms_followed: usize,
    /// Of these, rooms in which messages of this server's users wait for it.
    pub rooms_held: usize,
    /// Bytes that it has made this server store.
    pub stored_bytes: u64,
    /// Whether that is as much as it may (`quotas.stored_bytes`), so that what it brings is refused.
    pub over_quota: bool,
}

/// Who a peer is, and whether it is dealt with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trust {
    /// The root key known for it, where it was asked since this server's start.
    pub root: Option<PublicKey>,
    /// Why the root key that it shows, or that DNS pins, is refused, and what to do.
    pub root_refused: Option<String>,
    /// Whether what DNS says of it is signed; null where that is not looked at (`dns.dnssec`).
    pub dns_secure: Option<bool>,
    /// Why it is not dealt with, where that is so.
    pub unwanted: Option<String>,
}

/// How calls to a peer fare, since this server's start.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Calls {
    /// Whether they go.
    pub breaker: Breaker,
    /// When it last said something that only it can say, milliseconds since 1970.
    pub heard_ms: Option<u64>,
    /// Since when it has been failing, milliseconds since 1970.
    pub failing_since_ms: Option<u64>,
    /// Milliseconds until the next call goes; 0 where one may go now.
    pub retry_in_ms: u64,
    /// The newest failure, also of a peer that is back.
    pub last_error: Option<String>,
    /// When that was, milliseconds since 1970.
    pub last_error_ms: Option<u64>,
}

/// Whether calls go to a peer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Breaker {
    /// They go.
    #[default]
    Closed,
    /// It failed and is waited for.
    Open,
    /// One call is on its way to find out.
    Probing,
}

pub(super) fn router() -> Router<Operator> {
    PEERS.route(handler)
}

async fn handler(State(operator): State<Operator>) -> Result<Json<Peers>, Refusal> {
    let mut views = operator.homeserver.peer_views().await?;
    for blocked in operator.transport.blocked() {
        views.entry(blocked).or_default();
    }
    let peers = views.into_iter().map(|(domain, view)| {
        let state = operator.transport.peer_state(&domain);
        let unwanted = operator.transport.unwanted(&domain);
        let trust = Trust {
            root: state.as_ref().and_then(|state| state.root),
            root_refused: state.as_ref().and_then(|state| state.root_refused.clone()),
            dns_secure: state.as_ref().and_then(|state| state.dns_secure),
            unwanted: unwanted.map(|why| why.text().to_owned()),
        };
        Peer::of(domain, &view, state, trust)
    });
    Ok(Json(Peers {
        peers: peers.collect(),
    }))
}

impl Peer {
    /// What is owed and how calls fare, in one.
    pub(crate) fn of(
        domain: ServerName,
        view: &PeerView,
        state: Option<PeerState>,
        trust: Trust,
    ) -> Self {
        Self {
            domain,
            trust,
            calls: state.map(Calls::from).unwrap_or_default(),
            rooms_brought: view.rooms_brought,
            rooms_owed: view.rooms_owed,
            events_owed: view.events_owed,
            rooms_resting: view.rooms_resting,
            rooms_followed: view.rooms_followed,
            rooms_held: view.rooms_held,
            stored_bytes: view.stored_bytes,
            over_quota: view.is_over_stored,
        }
    }
}

impl From<PeerState> for Calls {
    fn from(state: PeerState) -> Self {
        let failure = state.last_failure;
        Self {
            breaker: state.breaker.into(),
            heard_ms: state.heard_ms,
            failing_since_ms: state.failing_since_ms,
            retry_in_ms: u64::try_from(state.retry_in.as_millis()).unwrap_or(u64::MAX),
            last_error_ms: failure.as_ref().map(|failure| failure.time_ms),
            last_error: failure.map(|failure| failure.reason),
        }
    }
}

impl From<holm_federation::Breaker> for Breaker {
    fn from(breaker: holm_federation::Breaker) -> Self {
        match breaker {
            holm_federation::Breaker::Closed => Self::Closed,
            holm_federation::Breaker::Open => Self::Open,
            holm_federation::Breaker::Probing => Self::Probing,
        }
    }
}
