//! Which handler serves which endpoint.
//!
//! One list makes both the router and the OpenAPI document, so an endpoint without description
//! cannot be served (API-8, API-12).

use std::sync::Arc;

use axum::Router;
use axum::handler::Handler;
use axum::middleware::from_fn;
use axum::routing::{MethodFilter, any, on};
use holm_core::Homeserver;
use holm_protocol::{Code, Problem};

use crate::api::Api;
use crate::doc::Doc;
use crate::layers;
use crate::refusal::Refusal;
use crate::sockets::Sockets;
use crate::{
    account, commit, consent, device, event, key_package, room, server_document, sync, tree,
};

/// The client API of a homeserver: everything under `/client`.
///
/// It has no fallback of its own, so that it can be merged with other routers. `sockets` ends the
/// sync connections when the server stops.
pub fn router(homeserver: Homeserver, sockets: Sockets) -> Router {
    let api = Api {
        homeserver: Arc::new(homeserver),
        sockets,
    };
    Routes::all()
        .router
        .method_not_allowed_fallback(method_not_allowed)
        .route("/client", any(not_found))
        .route("/client/", any(not_found))
        .route("/client/{*rest}", any(not_found))
        .layer(from_fn(layers::panics))
        .layer(from_fn(layers::headers))
        .with_state(api)
}

/// The endpoints' descriptions.
pub(crate) fn docs() -> Vec<Doc> {
    Routes::all().docs
}

/// Endpoints with handler and description.
#[derive(Default)]
struct Routes {
    router: Router<Api>,
    docs: Vec<Doc>,
}

impl Routes {
    fn all() -> Self {
        Self::default()
            .add(account::register::doc(), account::register::handle)
            .add(account::log_in::doc(), account::log_in::handle)
            .add(account::log_out::doc(), account::log_out::handle)
            .add(device::enroll::doc(), device::enroll::handle)
            .add(key_package::upload::doc(), key_package::upload::handle)
            .add(key_package::count::doc(), key_package::count::handle)
            .add(key_package::claim::doc(), key_package::claim::handle)
            .add(consent::read::doc(), consent::read::handle)
            .add(consent::replace::doc(), consent::replace::handle)
            .add(room::create::doc(), room::create::handle)
            .add(room::list::doc(), room::list::handle)
            .add(commit::submit::doc(), commit::submit::handle)
            .add(event::list::doc(), event::list::handle)
            .add(room::leave::doc(), room::leave::handle)
            .add(tree::read::doc(), tree::read::handle)
            .add(server_document::read::doc(), server_document::read::handle)
            .add(sync::connect::doc(), sync::connect::handle)
    }

    fn add<H: Handler<T, Api>, T: 'static>(mut self, doc: Doc, handler: H) -> Self {
        let route = on(filter(doc.endpoint.method), handler);
        self.router = self.router.route(doc.endpoint.path, route);
        self.docs.push(doc);
        self
    }
}

fn filter(method: &str) -> MethodFilter {
    match method {
        "GET" => MethodFilter::GET,
        "POST" => MethodFilter::POST,
        "PUT" => MethodFilter::PUT,
        other => unreachable!("an endpoint is declared with method {other}"),
    }
}

async fn not_found() -> Refusal {
    Refusal(Problem::new(Code::NotFound, "there is no such endpoint"))
}

async fn method_not_allowed() -> Refusal {
    Refusal(Problem::new(
        Code::MethodNotAllowed,
        "the Allow header names the methods of this endpoint",
    ))
}
