//! The core's `Peers` port: one method an endpoint, all through the same call.

use std::sync::Arc;
use std::time::Duration;

use holm_core::ports::{Answer, PeerError, Peers};
use holm_protocol::document::VerifiedDocument;
use holm_protocol::endpoint::{
    EVENTS, GROUP_INFO, HEADS, KEY_MATERIAL, NOTIFY, REFLECT, SUBMIT_MESSAGE, UPDATE,
};
use holm_protocol::federation::{
    GroupInfoRequest, GroupInfoResponse, HeadsRequest, HeadsResponse, KeyMaterialRequest,
    KeyMaterialResponse, LogPage, NotifyRequest, NotifyResponse, Reflection, SubmitRequest,
    SubmitResponse, SubmitResult, UpdateRequest, UpdateResponse,
};
use holm_protocol::{PublicKey, RoomUri, ServerName, UserUri};

use super::answer::plain;
use super::call::Call;
use super::transport::Transport;
use crate::text;

impl Transport {
    /// The root key that a server is known under, also from before this server's start.
    pub async fn known_root(&self, server: &ServerName) -> Option<PublicKey> {
        let peer = self.directory.peer(server);
        self.load(&peer).await.ok()?;
        let known = peer.known();
        known.root.map(|(root, _)| root)
    }

    /// Asks a peer what it sees of this server (FED-20).
    pub async fn reflect(&self, server: &ServerName) -> Result<Reflection, PeerError> {
        let reflection: Reflection = self.call(server, Ok(Call::plain(&REFLECT))).await?;
        Ok(Reflection {
            key_id: text::plain(&reflection.key_id),
            versions: reflection.versions.iter().map(|v| text::plain(v)).collect(),
            ..reflection
        })
    }
}

impl Peers for Transport {
    fn wait(&self, server: &ServerName) -> Duration {
        let peer = self.directory.known(server);
        peer.map_or(Duration::ZERO, |peer| peer.wait(self.now_ms()))
    }

    fn is_unwanted(&self, server: &ServerName) -> bool {
        self.unwanted(server).is_some()
    }

    fn document<'a>(
        &'a self,
        server: &'a ServerName,
        key_id: Option<&'a str>,
    ) -> Answer<'a, Arc<VerifiedDocument>> {
        Box::pin(self.server_document(server, key_id))
    }

    fn key_material<'a>(
        &'a self,
        server: &'a ServerName,
        user: &'a UserUri,
        request: &'a KeyMaterialRequest,
    ) -> Answer<'a, KeyMaterialResponse> {
        let call = Call::post(&KEY_MATERIAL, Some(user.as_str()), request);
        Box::pin(self.call(server, call))
    }

    fn update<'a>(
        &'a self,
        server: &'a ServerName,
        room: &'a RoomUri,
        request: &'a UpdateRequest,
    ) -> Answer<'a, UpdateResponse> {
        let call = Call::post(&UPDATE, Some(room.as_str()), request);
        Box::pin(self.call(server, call))
    }

    fn submit_message<'a>(
        &'a self,
        server: &'a ServerName,
        room: &'a RoomUri,
        request: &'a SubmitRequest,
    ) -> Answer<'a, SubmitResponse> {
        let call = Call::post(&SUBMIT_MESSAGE, Some(room.as_str()), request);
        Box::pin(async move {
            let mut response: SubmitResponse = self.call(server, call).await?;
            for result in &mut response.results {
                if let SubmitResult::Refused { problem } = result {
                    *problem = plain(problem);
                }
            }
            Ok(response)
        })
    }

    fn notify<'a>(
        &'a self,
        server: &'a ServerName,
        request: &'a NotifyRequest,
    ) -> Answer<'a, NotifyResponse> {
        let call = Call::post(&NOTIFY, None, request);
        Box::pin(async move {
            let mut response: NotifyResponse = self.call(server, call).await?;
            for room in &mut response.rooms {
                room.problem = room.problem.as_ref().map(plain);
            }
            Ok(response)
        })
    }

    fn heads<'a>(
        &'a self,
        server: &'a ServerName,
        request: &'a HeadsRequest,
    ) -> Answer<'a, HeadsResponse> {
        Box::pin(self.call(server, Call::post(&HEADS, None, request)))
    }

    fn events<'a>(
        &'a self,
        server: &'a ServerName,
        room: &'a RoomUri,
        after: u64,
    ) -> Answer<'a, LogPage> {
        let call = Call::get(&EVENTS, room.as_str(), &format!("after={after}"));
        Box::pin(self.call(server, Ok(call)))
    }

    fn group_info<'a>(
        &'a self,
        server: &'a ServerName,
        room: &'a RoomUri,
        request: &'a GroupInfoRequest,
    ) -> Answer<'a, GroupInfoResponse> {
        let call = Call::post(&GROUP_INFO, Some(room.as_str()), request);
        Box::pin(self.call(server, call))
    }
}
