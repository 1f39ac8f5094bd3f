//! The list of targets: name, sort, and the function that takes the bytes.

use crate::{decode, state};

/// What a target is measured by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Bytes in, value or error out: millions of executions a minute.
    Decoder,
    /// A list of steps on something that remembers: fewer, and each says more.
    Stateful,
}

/// One fuzz target.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name: that of the binary below `fuzz/`, and of the corpus folder.
    pub name: &'static str,
    /// What it is measured by.
    pub kind: Kind,
    /// Takes one input; panics where a promise is broken.
    pub run: fn(&[u8]),
}

const fn decoder(name: &'static str, run: fn(&[u8])) -> Target {
    let kind = Kind::Decoder;
    Target { name, kind, run }
}

const fn stateful(name: &'static str, run: fn(&[u8])) -> Target {
    let kind = Kind::Stateful;
    Target { name, kind, run }
}

/// All targets, by name.
pub const TARGETS: &[Target] = &[
    decoder("aad", decode::binary::aad),
    decoder("certified_identity", decode::binary::certified_identity),
    decoder("chain", decode::binary::chain),
    decoder("client_bodies", decode::json::client_bodies),
    decoder("client_frames", decode::json::client_frames),
    decoder("commit_body", decode::binary::commit_body),
    decoder("config", decode::config::config),
    decoder("content", decode::content::content),
    decoder("discovery", decode::discovery::discovery),
    decoder("event", decode::binary::event),
    decoder("federation_bodies", decode::json::federation_bodies),
    decoder("group_info", decode::mls::group_info),
    decoder("group_snapshot", decode::mls::group_snapshot),
    decoder("head", decode::binary::head),
    decoder("key_package", decode::mls::key_package),
    decoder("mls_header", decode::binary::mls_header),
    decoder("names", decode::names::names),
    decoder("order", decode::binary::order),
    decoder("problem", decode::json::problem),
    decoder("room_extension", decode::binary::room_extension),
    decoder("server_document", decode::json::server_document),
    decoder("signed_request", decode::signed_request::signed_request),
    decoder("staged_commit", decode::mls::staged_commit),
    decoder("strict_json", decode::json::strict_json),
    decoder("welcome", decode::mls::welcome),
    stateful("admission", state::admission::admission),
    stateful("client_requests", state::client_requests::client_requests),
    stateful(
        "federation_requests",
        state::federation_requests::federation_requests,
    ),
    stateful("follower", state::follower::follower),
    stateful("hub_log", state::hub_log::hub_log),
    stateful("hub_room", state::hub_room::hub_room),
    stateful("sync_socket", state::sync_socket::sync_socket),
];

/// The target of a name.
pub fn target(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}

/// Takes one input for the target of this name.
///
/// # Panics
/// Where a promise is broken, or there is no such target.
pub fn run(name: &str, bytes: &[u8]) {
    let target = target(name).unwrap_or_else(|| panic!("no target {name}"));
    (target.run)(bytes);
}
