//! Endpoints as data: method, path, who may call, how large a body may be.
//!
//! Declared once beside the types and read by router, client, documents and tests, so none can
//! drift from the others (spec 06 §1).

use crate::limits::FEDERATION_BODY_LEN_MAX;

/// Who may call an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Auth {
    /// Anybody.
    Nobody,
    /// A device with its token.
    Device,
    /// A server, by the signature of its request.
    Server,
}

/// One endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// HTTP method.
    pub method: &'static str,
    /// Path with `{name}` places.
    pub path: &'static str,
    /// Who may call.
    pub auth: Auth,
    /// Largest request body in bytes.
    pub body_len_max: usize,
}

impl Endpoint {
    const fn server(method: &'static str, path: &'static str) -> Self {
        Self {
            method,
            path,
            auth: Auth::Server,
            body_len_max: FEDERATION_BODY_LEN_MAX,
        }
    }
}

/// The server document (DOC-1).
pub const SERVER_DOCUMENT: Endpoint = Endpoint {
    method: "GET",
    path: "/.well-known/holm",
    auth: Auth::Nobody,
    body_len_max: 0,
};
/// Claims KeyPackages of a user (FED-2).
pub const KEY_MATERIAL: Endpoint = Endpoint::server("POST", "/federation/v1/keyMaterial/{user}");
/// Follower to hub: a commit bundle, or a leave (FED-3).
pub const UPDATE: Endpoint = Endpoint::server("POST", "/federation/v1/update/{room}");
/// Follower to hub: messages in order (FED-4).
pub const SUBMIT_MESSAGE: Endpoint =
    Endpoint::server("POST", "/federation/v1/submitMessage/{room}");
/// Hub to follower: events of many rooms (FED-5).
pub const NOTIFY: Endpoint = Endpoint::server("POST", "/federation/v1/notify");
/// Between servers of a room: heads (FED-6).
pub const HEADS: Endpoint = Endpoint::server("POST", "/federation/v1/heads");
/// Follower from hub: what is missing (FED-7).
pub const EVENTS: Endpoint = Endpoint::server("GET", "/federation/v1/events/{room}");
/// GroupInfo for an external join (FED-8).
pub const GROUP_INFO: Endpoint = Endpoint::server("POST", "/federation/v1/groupInfo/{room}");

/// What the other server sees of this one (FED-20).
pub const REFLECT: Endpoint = Endpoint {
    body_len_max: 0,
    ..Endpoint::server("GET", "/federation/v1/reflect")
};

/// All federation endpoints.
pub const FEDERATION: &[Endpoint] = &[
    SERVER_DOCUMENT,
    KEY_MATERIAL,
    UPDATE,
    SUBMIT_MESSAGE,
    NOTIFY,
    HEADS,
    EVENTS,
    GROUP_INFO,
    REFLECT,
];
