//! A device's requests against the whole client API over a real homeserver (API-1 to API-12).
//!
//! Registering and logging in are left out: they work on passwords for a tenth of a second each.

use axum::body::Body;
use holm_client_api::{Sockets, router};
use holm_client_types::endpoint::{CLIENT, LOGIN, REGISTER};
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Uri};

use super::bodies;
use super::federation_requests::ask;
use crate::input::Input;
use crate::runtime::run;
use crate::server::{Site, token_text};

/// Requests of one input at most.
const REQUESTS_MAX: usize = 6;

/// One input as a few requests of one device.
pub fn client_requests(bytes: &[u8]) {
    run(async {
        let site = Site::hub_at(2).await;
        let router = router(site.homeserver.clone(), Sockets::new());
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
    let endpoint = input.pick(CLIENT);
    let mut path = endpoint.path.to_owned();
    for place in ["{room}", "{user}", "{server}"] {
        path = path.replace(place, &bodies::parameter(input));
    }
    match input.below(4) {
        2 => path.extend(["?after=", bodies::printable(input.run()).as_str()]),
        3 => path.push_str(&bodies::printable(input.run())),
        _ => {}
    }
    let uri: Uri = path.parse().ok()?;
    if [REGISTER.path, LOGIN.path].contains(&uri.path()) {
        return None;
    }
    let method = match input.below(16) {
        15 => Method::from_bytes(input.run()).ok()?,
        _ => endpoint.method.parse().ok()?,
    };
    let token = match input.below(16) {
        14 => HeaderValue::from_bytes(input.run()).ok(),
        15 => None,
        n => HeaderValue::try_from(format!("Bearer {}", token_text(n % 2 * 2))).ok(),
    };
    let body = match method == Method::GET {
        true => Vec::new(),
        false => bodies::client(input),
    };
    let mut request = Request::builder().method(method).uri(uri);
    if let Some(token) = token {
        request = request.header(AUTHORIZATION, token);
    }
    request
        .header(CONTENT_TYPE, "application/json")
        .body(body.into())
        .ok()
}
