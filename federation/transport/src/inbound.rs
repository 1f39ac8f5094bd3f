//! The endpoints that other servers call: one file each (spec 06).
//!
//! Every signed endpoint takes a [`peer_request::PeerRequest`], which exists only once the sender
//! is proven; there is no other way to a body. Refusals are Problems on every path.

mod events;
mod group_info;
mod heads;
mod key_material;
mod notify;
mod peer_request;
mod reflect;
mod refusal;
mod server_document;
mod submit_message;
mod update;

use std::sync::Arc;

use axum::Router;
use axum::extract::FromRef;
use axum::routing::{any, get, post};
use holm_core::Homeserver;
use holm_protocol::endpoint::{
    EVENTS, GROUP_INFO, HEADS, KEY_MATERIAL, NOTIFY, REFLECT, SERVER_DOCUMENT, SUBMIT_MESSAGE,
    UPDATE,
};

use crate::outbound::Transport;

/// What the endpoints are given.
#[derive(Clone)]
struct Inbound {
    homeserver: Homeserver,
    transport: Arc<Transport>,
}

impl FromRef<Inbound> for Homeserver {
    fn from_ref(inbound: &Inbound) -> Self {
        inbound.homeserver.clone()
    }
}

impl FromRef<Inbound> for Arc<Transport> {
    fn from_ref(inbound: &Inbound) -> Self {
        Arc::clone(&inbound.transport)
    }
}

/// The federation API and `/.well-known/holm`, ready to be merged with other routers.
///
/// `transport` is the one that `homeserver` calls its peers through: it finds senders' keys, and
/// learns from every proven request that its sender is there.
pub fn router(homeserver: Homeserver, transport: Arc<Transport>) -> Router {
    Router::new()
        .route(SERVER_DOCUMENT.path, get(server_document::handler))
        .route(KEY_MATERIAL.path, post(key_material::handler))
        .route(UPDATE.path, post(update::handler))
        .route(SUBMIT_MESSAGE.path, post(submit_message::handler))
        .route(NOTIFY.path, post(notify::handler))
        .route(HEADS.path, post(heads::handler))
        .route(EVENTS.path, get(events::handler))
        .route(GROUP_INFO.path, post(group_info::handler))
        .route(REFLECT.path, get(reflect::handler))
        .route("/federation", any(refusal::not_found))
        .route("/federation/{*rest}", any(refusal::not_found))
        .method_not_allowed_fallback(refusal::method_not_allowed)
        .with_state(Inbound {
            homeserver,
            transport,
        })
}
