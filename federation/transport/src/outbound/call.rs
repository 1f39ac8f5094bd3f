//! The chokepoint: one signed call to a peer, from admission to answer.
//!
//! Limits, patience, trust, signature, routes and the reading of the answer are here once, so no
//! endpoint can forget one of them (FED-1, FED-9, SIG-3).

use std::time::Duration;

use bytes::Bytes;
use holm_core::ports::PeerError;
use holm_protocol::endpoint::Endpoint;
use holm_protocol::limits::FEDERATION_BODY_LEN_MAX;
use holm_protocol::request_signature::{
    CONTENT_DIGEST, DESTINATION, ORIGIN, RequestParts, SIGNATURE, SIGNATURE_INPUT, content_digest,
    sign_request,
};
use holm_protocol::{Code, Problem, ServerName};
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{Request, Uri};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::answer;
use super::backoff::Urgency;
use super::document::Admitted;
use super::peer::{Peer, Ticket};
use super::transport::Transport;
use crate::path;

/// What is asked of a peer.
pub(super) struct Call<'a> {
    endpoint: &'a Endpoint,
    path_and_query: String,
    body: Bytes,
}

impl<'a> Call<'a> {
    /// A call with a JSON body; `parameter` fills the path's place.
    pub(super) fn post(
        endpoint: &'a Endpoint,
        parameter: Option<&str>,
        body: &impl Serialize,
    ) -> Result<Self, serde_json::Error> {
        Ok(Self {
            endpoint,
            path_and_query: path::fill(endpoint, parameter),
            body: serde_json::to_vec(body)?.into(),
        })
    }

    /// A call without parameter and body.
    pub(super) fn plain(endpoint: &'a Endpoint) -> Self {
        Self {
            endpoint,
            path_and_query: endpoint.path.to_owned(),
            body: Bytes::new(),
        }
    }

    /// A call without a body.
    pub(super) fn get(endpoint: &'a Endpoint, parameter: &str, query: &str) -> Self {
        Self {
            endpoint,
            path_and_query: format!("{}?{query}", path::fill(endpoint, Some(parameter))),
            body: Bytes::new(),
        }
    }
}

impl Transport {
    /// Makes one call and reads its answer.
    pub(super) async fn call<T: DeserializeOwned>(
        &self,
        server: &ServerName,
        call: Result<Call<'_>, serde_json::Error>,
    ) -> Result<T, PeerError> {
        let peer = self.directory.peer(server);
        let call = call.map_err(|error| peer.unreachable(&error.to_string()))?;
        check_size(server, &call)?;
        if server == self.own_name() {
            return Err(peer.unreachable("a server does not call itself"));
        }
        self.check_wanted(server)?;
        let _place = peer.place()?;
        let ticket = peer.admit(self.now_ms(), Urgency::Call)?;
        let outcome = tokio::time::timeout(CALL_TIME_MAX, self.call_admitted(&peer, &call))
            .await
            .unwrap_or_else(|_elapsed| {
                let seconds = CALL_TIME_MAX.as_secs();
                Err(peer.unreachable(&format!("no answer within {seconds} s")))
            });
        self.settle(ticket, &outcome);
        tracing::debug!(%server, endpoint = call.endpoint.path, bytes = call.body.len(),
            refused = outcome.as_ref().err().map(tracing::field::display), "called a peer");
        outcome
    }

    /// Proves who the peer is, waits for its turn, sends, reads.
    async fn call_admitted<T: DeserializeOwned>(
        &self,
        peer: &Peer,
        call: &Call<'_>,
    ) -> Result<T, PeerError> {
        self.current_document(peer, None, Admitted::Already).await?;
        // The last good document serves to verify what it signed; nothing is sent to another server.
        if let Some(refused) = peer.known().shows_another_root() {
            return Err(peer.untrusted_root(refused.text(peer.server(), self.now_ms())));
        }
        let _slot = peer.slot().await?;
        let _running = self.running.acquire().await;
        let sign = |uri| self.sign(peer.server(), call, uri);
        let response = self
            .exchange(peer, &call.path_and_query, FEDERATION_BODY_LEN_MAX, sign)
            .await?;
        answer::read(peer.server(), &response)
    }

    /// The request with its signature of this moment (SIG-3).
    fn sign(
        &self,
        server: &ServerName,
        call: &Call<'_>,
        uri: Uri,
    ) -> Result<Request<Bytes>, http::Error> {
        let identity = &self.parts.identity;
        let digest = content_digest(&call.body);
        let parts = RequestParts {
            method: call.endpoint.method,
            path: uri.path(),
            query: uri.query(),
            content_digest: &digest,
            origin: &identity.name,
            destination: server,
        };
        let (keys, now_ms) = (identity.keys(), self.now_ms());
        let (id, key) = keys.request_signer(now_ms);
        let signed = sign_request(&parts, id, key, now_ms / 1_000);
        let mut request = Request::builder()
            .method(call.endpoint.method)
            .header(ORIGIN, identity.name.as_str())
            .header(DESTINATION, server.as_str())
            .header(CONTENT_DIGEST, &digest)
            .header(SIGNATURE_INPUT, signed.signature_input)
            .header(SIGNATURE, signed.signature)
            .header(ACCEPT, "application/json, application/problem+json");
        if !call.body.is_empty() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        request.uri(uri).body(call.body.clone())
    }

    /// Nothing goes to a server that the operator does not want (FED-21).
    pub(super) fn check_wanted(&self, server: &ServerName) -> Result<(), PeerError> {
        match self.unwanted(server) {
            None => Ok(()),
            Some(why) => Err(PeerError::Refused {
                server: server.clone(),
                problem: Box::new(why.problem()),
            }),
        }
    }

    /// Tells the peer's patience how a call ended: a refusal is a word from it too.
    pub(super) fn settle<T>(&self, ticket: Ticket<'_>, outcome: &Result<T, PeerError>) {
        match outcome {
            Err(PeerError::Refused { problem, .. }) if problem.code == Code::QuotaExceeded => {
                ticket.paused(self.now_ms(), problem.retry_after);
            }
            Ok(_) | Err(PeerError::Refused { .. }) => ticket.heard(self.now_ms()),
            Err(error) => ticket.failed(self.now_ms(), error, |most| self.draw(most)),
        }
    }
}

/// Nothing is sent that the peer would have to refuse (LIM-9).
fn check_size(server: &ServerName, call: &Call<'_>) -> Result<(), PeerError> {
    let (len, max) = (call.body.len(), call.endpoint.body_len_max);
    match len > max {
        false => Ok(()),
        true => Err(PeerError::Refused {
            server: server.clone(),
            problem: Box::new(Problem::new(
                Code::TooLarge,
                format!("the request would have {len} bytes; {max} are allowed"),
            )),
        }),
    }
}

/// One call with all its tries.
const CALL_TIME_MAX: Duration = Duration::from_secs(30);
