//! The way to other servers: one HTTP exchange, the typed calls above it, and what is remembered.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use holm_protocol::document::{SignedDocument, VerifiedDocument};
use holm_protocol::federation::{
    GroupInfoRequest, GroupInfoResponse, HeadsRequest, HeadsResponse, KeyMaterialRequest,
    KeyMaterialResponse, LogPage, NotifyRequest, NotifyResponse, SubmitRequest, SubmitResponse,
    UpdateRequest, UpdateResponse,
};
use holm_protocol::{Code, Problem, PublicKey, RoomUri, ServerName, UserUri};
use http::{Request, Response};
use thiserror::Error;

use super::{Future, Stored};

/// One HTTP exchange, the whole body at once; the body is bounded by the implementation.
pub trait Exchange: Send + Sync {
    /// Sends a request and reads the response.
    fn call(&self, request: Request<Bytes>) -> Future<'_, Result<Response<Bytes>, ExchangeError>>;
}

/// No response came, or none that could be taken.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct ExchangeError(pub String);

/// Why a call to a peer brought no answer.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PeerError {
    /// No way to it now: DNS, connection, TLS, time-out, 5xx.
    #[error("{server} cannot be reached: {reason}")]
    Unreachable {
        /// The peer.
        server: ServerName,
        /// What failed, for people.
        reason: String,
    },
    /// It answered that it failed (5xx), at this call.
    #[error("{server} failed: {reason}")]
    Failed {
        /// The peer.
        server: ServerName,
        /// What it said, for people.
        reason: String,
    },
    /// It could not prove who it is.
    #[error("{server} is not trusted: {reason}")]
    Untrusted {
        /// The peer.
        server: ServerName,
        /// What failed, for people.
        reason: String,
    },
    /// It answered with a problem.
    #[error("{server} refused: {problem}")]
    Refused {
        /// The peer.
        server: ServerName,
        /// Its problem.
        problem: Box<Problem>,
    },
}

impl PeerError {
    /// The problem to hand on to a device: the peer's own where it is about the thing asked.
    pub fn into_problem(self) -> Problem {
        let text = self.to_string();
        match self {
            Self::Unreachable { .. } | Self::Failed { .. } => {
                Problem::new(Code::PeerUnreachable, text).with_retry_after(5)
            }
            Self::Untrusted { .. } => Problem::new(Code::PeerUntrusted, text),
            Self::Refused { problem, .. } if problem.status < 500 && problem.status != 401 => {
                *problem
            }
            Self::Refused { .. } => Problem::new(Code::PeerRefused, text),
        }
    }
}

/// What a peer call returns.
pub type Answer<'a, T> = Future<'a, Result<T, PeerError>>;

/// Calls to other servers, each through discovery, signature, caps and backoff.
pub trait Peers: Send + Sync {
    /// How long a call to this server would be held back after failures; zero where one may go.
    fn wait(&self, server: &ServerName) -> Duration;

    /// Whether the operator wants no traffic with this server (FED-21).
    fn is_unwanted(&self, _server: &ServerName) -> bool {
        false
    }

    /// The verified server document, fetched again where it is old or lacks `key_id`.
    fn document<'a>(
        &'a self,
        server: &'a ServerName,
        key_id: Option<&'a str>,
    ) -> Answer<'a, Arc<VerifiedDocument>>;

    /// Claims KeyPackages (FED-2).
    fn key_material<'a>(
        &'a self,
        server: &'a ServerName,
        user: &'a UserUri,
        request: &'a KeyMaterialRequest,
    ) -> Answer<'a, KeyMaterialResponse>;

    /// Hands a commit or leave to the hub (FED-3).
    fn update<'a>(
        &'a self,
        server: &'a ServerName,
        room: &'a RoomUri,
        request: &'a UpdateRequest,
    ) -> Answer<'a, UpdateResponse>;

    /// Hands messages to the hub (FED-4).
    fn submit_message<'a>(
        &'a self,
        server: &'a ServerName,
        room: &'a RoomUri,
        request: &'a SubmitRequest,
    ) -> Answer<'a, SubmitResponse>;

    /// Brings events to a follower (FED-5).
    fn notify<'a>(
        &'a self,
        server: &'a ServerName,
        request: &'a NotifyRequest,
    ) -> Answer<'a, NotifyResponse>;

    /// Compares heads (FED-6).
    fn heads<'a>(
        &'a self,
        server: &'a ServerName,
        request: &'a HeadsRequest,
    ) -> Answer<'a, HeadsResponse>;

    /// Pulls what is missing after `after` (FED-7).
    fn events<'a>(
        &'a self,
        server: &'a ServerName,
        room: &'a RoomUri,
        after: u64,
    ) -> Answer<'a, LogPage>;

    /// Asks for what an external join needs (FED-8).
    fn group_info<'a>(
        &'a self,
        server: &'a ServerName,
        room: &'a RoomUri,
        request: &'a GroupInfoRequest,
    ) -> Answer<'a, GroupInfoResponse>;
}

/// What is remembered of other servers across restarts.
pub trait PeerStore: Send + Sync {
    /// The last document that held.
    fn document<'a>(&'a self, server: &'a ServerName) -> Stored<'a, Option<SignedDocument>>;

    /// Remembers a document that held.
    fn put_document<'a>(
        &'a self,
        server: &'a ServerName,
        document: &'a SignedDocument,
    ) -> Stored<'a, ()>;

    /// What is remembered of a server's root beside its document.
    fn root_memory<'a>(&'a self, server: &'a ServerName) -> Stored<'a, RootMemory>;

    /// Remembers it.
    fn put_root_memory<'a>(
        &'a self,
        server: &'a ServerName,
        memory: &'a RootMemory,
    ) -> Stored<'a, ()>;

    /// Servers whose memory says that they were replaced, by name.
    fn replaced(&self) -> Stored<'_, Vec<ServerName>>;

    /// Servers that the operator has blocked, by name.
    fn blocked(&self) -> Stored<'_, Vec<ServerName>>;

    /// Blocks a server, or no longer.
    fn set_blocked<'a>(&'a self, server: &'a ServerName, blocked: bool) -> Stored<'a, ()>;
}

/// What is remembered of whom a server is, beside its document (DISC-11, DOC-9).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RootMemory {
    /// A root that DNS pins and that is not the known one, and since when it has stood there,
    /// milliseconds since 1970.
    pub new_pin: Option<(PublicKey, u64)>,
    /// The root that the operator has accepted; it stands in place of a pin in DNS.
    pub accepted: Option<PublicKey>,
    /// Another server has taken the place of the one that was known, and what was owed to that one
    /// is not dropped yet.
    pub replaced: bool,
}
