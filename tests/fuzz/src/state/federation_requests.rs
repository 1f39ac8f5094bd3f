//! Signed requests of a peer against the whole federation API over a real hub: any path, query and
//! body, each well signed, so that everything behind the gate is met (SIG-3, FED-2 to FED-13).

use axum::Router;
use axum::body::{Body, to_bytes};
use holm_protocol::endpoint::FEDERATION;
use holm_protocol::request_signature::{
    CONTENT_DIGEST, DESTINATION, ORIGIN, RequestParts, SIGNATURE, SIGNATURE_INPUT, content_digest,
    sign_request,
};
use holm_protocol::{Problem, json};
use http::header::CONTENT_TYPE;
use http::{Method, Request, Response, Uri};
use tower::ServiceExt;

use super::bodies;
use crate::group::{FOLLOWER, HUB, identity, server};
use crate::input::Input;
use crate::runtime::{begun_ms, run};
use crate::server::Site;

/// Requests of one input at most.
const REQUESTS_MAX: usize = 6;

/// One input as a few requests of one peer.
pub fn federation_requests(bytes: &[u8]) {
    run(async {
        let site = Site::hub_at(2).await;
        let router = holm_federation::router(site.homeserver.clone(), site.transport.clone());
        let mut input = Input::new(bytes);
        for _ in 0..REQUESTS_MAX {
            if input.is_empty() {
                break;
            }
            if let Some(request) = request(&mut input) {
                ask(&router, request).await;
            }
        }
        site.events().await;
    });
}

fn request(input: &mut Input<'_>) -> Option<Request<Body>> {
    let endpoint = input.pick(FEDERATION);
    let mut path = endpoint.path.to_owned();
    for place in ["{room}", "{user}"] {
        path = path.replace(place, &bodies::parameter(input));
    }
    if input.below(4) == 3 {
        path.push_str(&bodies::printable(input.run()));
    }
    let uri: Uri = path.parse().ok()?;
    let method = match input.below(16) {
        15 => Method::from_bytes(input.run()).ok()?,
        _ => endpoint.method.parse().ok()?,
    };
    let body = match method == Method::GET {
        true => Vec::new(),
        false => bodies::federation(input),
    };
    let (origin, destination) = (identity(FOLLOWER), server(HUB));
    let digest = content_digest(&body);
    let parts = RequestParts {
        method: method.as_str(),
        path: uri.path(),
        query: uri.query(),
        content_digest: &digest,
        origin: &origin.name,
        destination: &destination,
    };
    let created = begun_ms() / 1_000;
    let keys = origin.keys();
    let (id, key) = keys.request_signer(begun_ms());
    let signed = sign_request(&parts, id, key, created);
    Request::builder()
        .method(method)
        .uri(uri)
        .header(ORIGIN, origin.name.as_str())
        .header(DESTINATION, HUB)
        .header(CONTENT_DIGEST, digest)
        .header(SIGNATURE_INPUT, signed.signature_input)
        .header(SIGNATURE, signed.signature)
        .header(CONTENT_TYPE, "application/json")
        .body(body.into())
        .ok()
}

/// Asks, and holds the answer against what every answer is: no failure of ours, and a problem
/// where it is no success.
pub(super) async fn ask(router: &Router, request: Request<Body>) -> u16 {
    let asked = format!("{} {}", request.method(), request.uri());
    let response: Response<Body> = match router.clone().oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    };
    let (parts, body) = response.into_parts();
    let status = parts.status.as_u16();
    assert!(status != 500 && status != 501, "{asked}: {status}");
    let body = to_bytes(body, usize::MAX).await.expect("a body in memory");
    if !parts.status.is_success() && status != 101 && !body.is_empty() {
        let problem: Problem = json::from_slice(&body).expect("a problem");
        assert_eq!(problem.status, status, "{asked}: {problem:?}");
    }
    status
}
