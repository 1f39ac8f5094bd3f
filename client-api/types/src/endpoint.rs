//! Endpoints of the client API as data: read by router, client library, documents and tests.

use holm_protocol::endpoint::{Auth, Endpoint};
use holm_protocol::limits::{CLIENT_BODY_LEN_MAX, CLIENT_BUNDLE_BODY_LEN_MAX};
use serde::de::DeserializeOwned;

use crate::account::{EnrollRequest, LoginRequest, RegisterRequest};
use crate::consent::Consent;
use crate::key_package::{ClaimRequest, UploadKeyPackagesRequest};
use crate::room::{CommitRequest, CreateRoomRequest};

/// A request body that belongs to one endpoint, whose limit it is read under (LIM-6, LIM-10).
pub trait RequestBody: DeserializeOwned {
    /// The endpoint that takes it.
    const ENDPOINT: Endpoint;
}

const fn endpoint(method: &'static str, path: &'static str, auth: Auth) -> Endpoint {
    Endpoint {
        method,
        path,
        auth,
        body_len_max: CLIENT_BODY_LEN_MAX,
    }
}

/// Registers a user (ACC-1).
pub const REGISTER: Endpoint = endpoint("POST", "/client/v1/register", Auth::Nobody);
/// Opens a session (ACC-3).
pub const LOGIN: Endpoint = endpoint("POST", "/client/v1/login", Auth::Nobody);
/// Ends the session (ACC-6).
pub const LOGOUT: Endpoint = endpoint("POST", "/client/v1/logout", Auth::Device);
/// Enrolls the device (ACC-5).
pub const ENROLL: Endpoint = endpoint("PUT", "/client/v1/device", Auth::Device);
/// Uploads KeyPackages (KP-1).
pub const UPLOAD_KEY_PACKAGES: Endpoint = Endpoint {
    body_len_max: CLIENT_BUNDLE_BODY_LEN_MAX,
    ..endpoint("POST", "/client/v1/keyPackages", Auth::Device)
};
/// Counts KeyPackages (KP-2).
pub const COUNT_KEY_PACKAGES: Endpoint = endpoint("GET", "/client/v1/keyPackages", Auth::Device);
/// Claims KeyPackages of a user (KP-3).
pub const CLAIM_KEY_PACKAGES: Endpoint =
    endpoint("POST", "/client/v1/keyMaterial/{user}", Auth::Device);
/// Reads who may add the user (KP-6).
pub const CONSENT: Endpoint = endpoint("GET", "/client/v1/consent", Auth::Device);
/// Says who may add the user (KP-5).
pub const SET_CONSENT: Endpoint = endpoint("PUT", "/client/v1/consent", Auth::Device);
/// Creates a room (RM-1).
pub const CREATE_ROOM: Endpoint = endpoint("POST", "/client/v1/rooms", Auth::Device);
/// Lists the caller's rooms (RM-2).
pub const ROOMS: Endpoint = endpoint("GET", "/client/v1/rooms", Auth::Device);
/// Submits a commit (RM-3).
pub const COMMIT: Endpoint = Endpoint {
    body_len_max: CLIENT_BUNDLE_BODY_LEN_MAX,
    ..endpoint("POST", "/client/v1/rooms/{room}/commits", Auth::Device)
};
/// Reads events (RM-4).
pub const EVENTS: Endpoint = endpoint("GET", "/client/v1/rooms/{room}/events", Auth::Device);
/// Leaves a room (RM-5).
pub const LEAVE: Endpoint = endpoint("POST", "/client/v1/rooms/{room}/leave", Auth::Device);
/// Reads a tree (RM-6).
pub const TREE: Endpoint = endpoint("GET", "/client/v1/rooms/{room}/tree", Auth::Device);
/// Reads a server's document (RM-7).
pub const SERVER_DOCUMENT: Endpoint = endpoint("GET", "/client/v1/servers/{server}", Auth::Device);
/// The sync WebSocket (SYNC-1).
pub const SYNC: Endpoint = endpoint("GET", "/client/v1/sync", Auth::Device);

/// All endpoints of the client API.
pub const CLIENT: &[Endpoint] = &[
    REGISTER,
    LOGIN,
    LOGOUT,
    ENROLL,
    UPLOAD_KEY_PACKAGES,
    COUNT_KEY_PACKAGES,
    CLAIM_KEY_PACKAGES,
    CONSENT,
    SET_CONSENT,
    CREATE_ROOM,
    ROOMS,
    COMMIT,
    EVENTS,
    LEAVE,
    TREE,
    SERVER_DOCUMENT,
    SYNC,
];

impl RequestBody for RegisterRequest {
    const ENDPOINT: Endpoint = REGISTER;
}

impl RequestBody for LoginRequest {
    const ENDPOINT: Endpoint = LOGIN;
}

impl RequestBody for EnrollRequest {
    const ENDPOINT: Endpoint = ENROLL;
}

impl RequestBody for UploadKeyPackagesRequest {
    const ENDPOINT: Endpoint = UPLOAD_KEY_PACKAGES;
}

impl RequestBody for ClaimRequest {
    const ENDPOINT: Endpoint = CLAIM_KEY_PACKAGES;
}

impl RequestBody for Consent {
    const ENDPOINT: Endpoint = SET_CONSENT;
}

impl RequestBody for CreateRoomRequest {
    const ENDPOINT: Endpoint = CREATE_ROOM;
}

impl RequestBody for CommitRequest {
    const ENDPOINT: Endpoint = COMMIT;
}
