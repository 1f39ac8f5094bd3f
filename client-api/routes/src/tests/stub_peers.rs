//! A world without other servers, but for a hub that takes every update.

use std::sync::Arc;

use holm_core::ports::{Future, PeerError, Peers};
use holm_protocol::aad::ClientMsgId;
use holm_protocol::document::VerifiedDocument;
use holm_protocol::federation::{
    GroupInfoRequest, GroupInfoResponse, HeadsRequest, HeadsResponse, KeyMaterialRequest,
    KeyMaterialResponse, LogPage, NotifyRequest, NotifyResponse, Sent, SubmitRequest,
    SubmitResponse, UpdateRequest, UpdateResponse,
};
use holm_protocol::{Base64Url, RoomUri, ServerName, UserUri};

pub(super) struct NoPeers;

type Answer<'a, T> = Future<'a, Result<T, PeerError>>;

fn away<'a, T: Send + 'a>(server: &ServerName) -> Answer<'a, T> {
    let error = PeerError::Unreachable {
        server: server.clone(),
        reason: "there is no network here".into(),
    };
    Box::pin(async { Err(error) })
}

impl Peers for NoPeers {
    fn wait(&self, _server: &ServerName) -> std::time::Duration {
        std::time::Duration::ZERO
    }

    fn document<'a>(
        &'a self,
        server: &'a ServerName,
        _key_id: Option<&'a str>,
    ) -> Answer<'a, Arc<VerifiedDocument>> {
        away(server)
    }

    fn key_material<'a>(
        &'a self,
        server: &'a ServerName,
        _user: &'a UserUri,
        _request: &'a KeyMaterialRequest,
    ) -> Answer<'a, KeyMaterialResponse> {
        away(server)
    }

    fn update<'a>(
        &'a self,
        _server: &'a ServerName,
        _room: &'a RoomUri,
        request: &'a UpdateRequest,
    ) -> Answer<'a, UpdateResponse> {
        let response = match request {
            UpdateRequest::Commit { bundle, .. } => UpdateResponse::Commit(Sent {
                client_msg_id: ClientMsgId(bundle.commit.to_array().unwrap()),
                seq: 7,
                time: 1_000,
            }),
            UpdateRequest::Leave { user } => UpdateResponse::Leave {
                order: Base64Url::from(user.as_str().as_bytes().to_vec()),
            },
        };
        Box::pin(async { Ok(response) })
    }

    fn submit_message<'a>(
        &'a self,
        server: &'a ServerName,
        _room: &'a RoomUri,
        _request: &'a SubmitRequest,
    ) -> Answer<'a, SubmitResponse> {
        away(server)
    }

    fn notify<'a>(
        &'a self,
        server: &'a ServerName,
        _request: &'a NotifyRequest,
    ) -> Answer<'a, NotifyResponse> {
        away(server)
    }

    fn heads<'a>(
        &'a self,
        server: &'a ServerName,
        _request: &'a HeadsRequest,
    ) -> Answer<'a, HeadsResponse> {
        away(server)
    }

    fn events<'a>(
        &'a self,
        server: &'a ServerName,
        _room: &'a RoomUri,
        _after: u64,
    ) -> Answer<'a, LogPage> {
        away(server)
    }

    fn group_info<'a>(
        &'a self,
        server: &'a ServerName,
        _room: &'a RoomUri,
        _request: &'a GroupInfoRequest,
    ) -> Answer<'a, GroupInfoResponse> {
        away(server)
    }
}
