//! The one function through which every request to another server goes.
//!
//! It finds the routes, tries each until one answers, and bounds every wait. The request is made
//! anew for each try, so that a signature is never sent twice.

use std::time::Duration;

use bytes::Bytes;
use holm_core::HOP_TARGET;
use holm_core::ports::PeerError;
use holm_protocol::ServerName;
use http::header::CONTENT_TYPE;
use http::{Request, Response, Uri};

use super::discovery::{DiscoveryError, discover};
use super::peer::{FoundRoutes, Peer};
use super::route::{BodyLenMax, Route};
use super::transport::Transport;

impl Transport {
    /// Sends what `make` builds for a URI to the peer's first route that answers (DISC-3).
    pub(super) async fn exchange(
        &self,
        peer: &Peer,
        path_and_query: &str,
        response_len_max: usize,
        make: impl Fn(Uri) -> Result<Request<Bytes>, http::Error> + Send + Sync,
    ) -> Result<Response<Bytes>, PeerError> {
        let mut reasons = Vec::new();
        for route in self.routes(peer).await? {
            let mut request = format!("{}{path_and_query}", route.base(0))
                .parse::<Uri>()
                .map_err(http::Error::from)
                .and_then(&make)
                .map_err(|error| peer.unreachable(&error.to_string()))?;
            request.extensions_mut().insert(route.clone());
            request
                .extensions_mut()
                .insert(BodyLenMax(response_len_max));
            match self.try_once(request, response_len_max).await {
                Ok(response) => return Ok(response),
                Err(reason) => {
                    tracing::debug!(server = %peer.server(), route = %route.base(0), %reason, "a route does not answer");
                    reasons.push(format!("{}: {reason}", route.base(0)));
                    peer.demote(&route);
                }
            }
        }
        Err(peer.unreachable(&reasons.join("; ")))
    }

    async fn try_once(
        &self,
        request: Request<Bytes>,
        response_len_max: usize,
    ) -> Result<Response<Bytes>, String> {
        let answer = self.parts.exchange.call(request);
        let response = tokio::time::timeout(TRY_TIME_MAX, answer)
            .await
            .map_err(|_elapsed| format!("no answer within {} s", TRY_TIME_MAX.as_secs()))?
            .map_err(|error| error.to_string())?;
        if response.body().len() > response_len_max {
            return Err(format!("an answer of more than {response_len_max} bytes"));
        }
        match is_word_of_a_proxy(&response) {
            true => Err(format!("it answered {}", response.status())),
            false => Ok(response),
        }
    }

    /// The ways to a peer, fresh or found at most a minute ago (DISC-8).
    async fn routes(&self, peer: &Peer) -> Result<Vec<Route>, PeerError> {
        let now_ms = self.now_ms();
        let earlier = peer.routes();
        let age = |found: &FoundRoutes| now_ms.abs_diff(found.found_ms);
        if let Some(found) = earlier.as_ref().filter(|found| age(found) < FRESH_MS) {
            return Ok(found.routes.clone());
        }
        let (resolver, guard) = (&*self.parts.resolver, self.parts.settings.guard);
        match discover(resolver, guard, peer.server(), |most| self.draw(most)).await {
            Ok(routes) => {
                tracing::debug!(server = %peer.server(), ?routes, "found by DNS");
                tell_found(peer.server(), &routes);
                peer.set_routes(routes.clone(), now_ms);
                Ok(routes)
            }
            Err(error @ (DiscoveryError::Dns(_) | DiscoveryError::TimedOut)) => {
                let last = earlier.filter(|found| age(found) < STALE_MS);
                tracing::debug!(server = %peer.server(), %error, used = last.is_some(), "DNS fails");
                last.map(|found| found.routes)
                    .ok_or_else(|| peer.unreachable(&error.to_string()))
            }
            Err(error) => Err(peer.unreachable(&error.to_string())),
        }
    }
}

/// Tells where DNS leads, for those who watch.
fn tell_found(server: &ServerName, routes: &[Route]) {
    for route in routes {
        let addresses: Vec<_> = route.addresses().map(|a| a.to_string()).collect();
        tracing::debug!(target: HOP_TARGET, hop = "server_found",
            "{server} found by DNS at {} ({})", route.base(0), addresses.join(", "));
    }
}

/// What a proxy says when the server behind it is away; the next target may be well.
fn is_word_of_a_proxy(response: &Response<Bytes>) -> bool {
    let away = matches!(response.status().as_u16(), 502..=504);
    let kind = response.headers().get(CONTENT_TYPE);
    away && kind.is_none_or(|kind| kind != "application/problem+json")
}

/// One try at one route.
const TRY_TIME_MAX: Duration = Duration::from_secs(20);
/// How long found routes are used.
const FRESH_MS: u64 = 60_000;
/// How long they are used when look-ups fail.
const STALE_MS: u64 = 3_600_000;
