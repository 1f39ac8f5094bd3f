//! What peers ask of this server, and what it owes them (spec 06).

use holm_protocol::federation::{
    GroupInfoRequest, GroupInfoResponse, HeadsRequest, HeadsResponse, LogPage, NotifyRequest,
    NotifyResponse, SubmitRequest, SubmitResponse, UpdateRequest, UpdateResponse,
};
use holm_protocol::{Problem, RoomUri, ServerName};

use crate::homeserver::Homeserver;

impl Homeserver {
    /// A follower brings a commit or a leave of one of its users (FED-3).
    pub async fn peer_update(
        &self,
        _peer: &ServerName,
        _room: &RoomUri,
        _request: UpdateRequest,
    ) -> Result<UpdateResponse, Problem> {
        unimplemented!()
    }

    /// A follower brings messages of its users (FED-4).
    pub async fn peer_submit_message(
        &self,
        _peer: &ServerName,
        _room: &RoomUri,
        _request: SubmitRequest,
    ) -> Result<SubmitResponse, Problem> {
        unimplemented!()
    }

    /// A hub brings events (FED-5).
    pub async fn peer_notify(
        &self,
        _peer: &ServerName,
        _request: NotifyRequest,
    ) -> Result<NotifyResponse, Problem> {
        unimplemented!()
    }

    /// A server of common rooms compares heads (FED-6).
    pub async fn peer_heads(
        &self,
        _peer: &ServerName,
        _request: HeadsRequest,
    ) -> Result<HeadsResponse, Problem> {
        unimplemented!()
    }

    /// A follower pulls events after `after` (FED-7).
    pub async fn peer_events(
        &self,
        _peer: &ServerName,
        _room: &RoomUri,
        _after: u64,
    ) -> Result<LogPage, Problem> {
        unimplemented!()
    }

    /// A server asks for what an external join of one of its users needs (FED-8).
    pub async fn peer_group_info(
        &self,
        _peer: &ServerName,
        _room: &RoomUri,
        _request: GroupInfoRequest,
    ) -> Result<GroupInfoResponse, Problem> {
        unimplemented!()
    }
}
