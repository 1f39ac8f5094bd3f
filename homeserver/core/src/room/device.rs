//! What a device does in a room: here where this server is hub, else at the hub (RM-3, RM-5).

use bytes::Bytes;
use holm_protocol::bundle::Bundle;
use holm_protocol::document::SignedDocument;
use holm_protocol::federation::{Sent, UpdateRequest, UpdateResponse};
use holm_protocol::limits::SUBMIT_MESSAGES_MAX;
use holm_protocol::{Code, Hash, Problem, RoomUri, ServerName};
use tokio::sync::oneshot;

use super::command::{Command, Submission};
use super::registry::stopping;
use super::state::unknown;
use super::verdict::Verdict;
use crate::caller::Caller;
use crate::homeserver::{Homeserver, internal};
use crate::ports::{Membership, PeerError};

/// Events of a room for one of its devices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventPage {
    /// Events in order, each the exact bytes.
    pub events: Vec<Bytes>,
    /// The newest signed head; none for a device that was removed, since it says how the room
    /// goes on.
    pub head: Option<Bytes>,
}

/// The tree a joiner needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreePage {
    /// Number of the commit it stands after.
    pub seq: u64,
    /// An MLS ratchet tree.
    pub tree: Bytes,
    /// Interim transcript hash before that commit.
    pub interim: Hash,
}

impl Homeserver {
    /// The caller's rooms, each with its newest membership (RM-2).
    pub async fn rooms(&self, caller: &Caller) -> Result<Vec<Membership>, Problem> {
        let memberships = self.ports.rooms.memberships(&caller.device).await;
        let mut newest = memberships.map_err(|e| internal(&e))?;
        newest.reverse();
        newest.dedup_by(|a, b| a.room == b.room);
        newest.reverse();
        Ok(newest)
    }

    /// Submits a commit, here or to the room's hub (RM-3).
    pub async fn commit(
        &self,
        caller: &Caller,
        room: &RoomUri,
        bundle: Bundle,
    ) -> Result<Sent, Problem> {
        let hub = self.hub_for(caller, room).await?;
        let user = caller.user.clone();
        if hub == *self.name() {
            return self.commit_here(room, user, bundle).await;
        }
        let request = UpdateRequest::Commit {
            user,
            bundle: bundle.into(),
        };
        let handle = self.room_handle(room)?;
        let on_the_way = handle.commits.acquire().await;
        let _one_of_few = on_the_way.map_err(|_closed| stopping())?;
        match self.ports.peers.update(&hub, room, &request).await {
            Ok(UpdateResponse::Commit(sent)) => Ok(sent),
            Ok(UpdateResponse::Leave { .. }) => Err(confused(&hub)),
            Err(error) => Err(error.into_problem()),
        }
    }

    /// Submits messages in order, here or to the room's hub; one verdict each (SYNC-4, SYNC-16).
    pub async fn send(
        &self,
        caller: &Caller,
        room: &RoomUri,
        messages: Vec<Bytes>,
    ) -> Vec<Verdict> {
        let count = messages.len();
        let refuse = |problem: Problem| {
            let refused = |_| Verdict::Refused(problem.clone());
            (0..count).map(refused).collect()
        };
        if count > SUBMIT_MESSAGES_MAX {
            let text = format!("at most {SUBMIT_MESSAGES_MAX} messages at once");
            return refuse(Problem::new(Code::Limit, text));
        }
        let hub = match self.hub_for(caller, room).await {
            Ok(hub) => hub,
            Err(problem) => return refuse(problem),
        };
        let results = match hub == *self.name() {
            true => {
                let device = Some(caller.device.clone());
                let submission = |message| Submission {
                    user: caller.user.clone(),
                    device: device.clone(),
                    message,
                };
                let messages = messages.into_iter().map(submission).collect();
                let results = self.submit_here(room, messages).await;
                results.map(|results| results.into_iter().map(Verdict::from).collect())
            }
            false => self.bring(caller, room, &hub, messages).await,
        };
        results.unwrap_or_else(refuse)
    }

    /// Asks for the caller's user to be removed: an order. Returns the signed order (RM-5).
    pub async fn leave(&self, caller: &Caller, room: &RoomUri) -> Result<Bytes, Problem> {
        let hub = self.hub_for(caller, room).await?;
        let user = caller.user.clone();
        if hub == *self.name() {
            return self.leave_here(room, user).await;
        }
        let request = UpdateRequest::Leave { user };
        match self.ports.peers.update(&hub, room, &request).await {
            Ok(UpdateResponse::Leave { order }) => Ok(order.0),
            Ok(UpdateResponse::Commit(_)) => Err(confused(&hub)),
            Err(error) => Err(error.into_problem()),
        }
    }

    /// The server document of any server, for verifying heads and orders (RM-7).
    pub async fn server_document(
        &self,
        _caller: &Caller,
        server: &ServerName,
    ) -> Result<SignedDocument, Problem> {
        if server == self.name() {
            return Ok(self.own_document());
        }
        let document = self.ports.peers.document(server, None).await;
        Ok(document.map_err(PeerError::into_problem)?.signed().clone())
    }

    /// Hands a commit to this hub's room.
    pub(crate) async fn commit_here(
        &self,
        room: &RoomUri,
        user: holm_protocol::UserUri,
        bundle: Bundle,
    ) -> Result<Sent, Problem> {
        let (reply, answer) = oneshot::channel();
        self.tell_room(
            room,
            Command::Commit {
                user,
                bundle: Box::new(bundle),
                reply,
            },
        )
        .await?;
        answer.await.map_err(|_ended| stopping())?
    }

    /// Hands messages to this hub's room.
    pub(crate) async fn submit_here(
        &self,
        room: &RoomUri,
        messages: Vec<Submission>,
    ) -> Result<Vec<Result<Sent, Problem>>, Problem> {
        let (reply, answer) = oneshot::channel();
        self.tell_room(room, Command::Submit { messages, reply })
            .await?;
        answer.await.map_err(|_ended| stopping())
    }

    /// Asks this hub's room for a leave.
    pub(crate) async fn leave_here(
        &self,
        room: &RoomUri,
        user: holm_protocol::UserUri,
    ) -> Result<Bytes, Problem> {
        let (reply, answer) = oneshot::channel();
        self.tell_room(room, Command::Leave { user, reply }).await?;
        answer.await.map_err(|_ended| stopping())?
    }

    /// The hub of a room the caller is in now.
    async fn hub_for(&self, caller: &Caller, room: &RoomUri) -> Result<ServerName, Problem> {
        let roster = self.rooms.active(room).and_then(|h| h.roster.get());
        if let Some(roster) = roster.filter(|r| r.has_device(&caller.device)) {
            return Ok(roster.hub.clone());
        }
        let membership = self.ports.rooms.membership(&caller.device, room).await;
        let membership = membership.map_err(|e| internal(&e))?;
        membership
            .filter(|m| m.until.is_none())
            .ok_or_else(|| unknown(room))?;
        let record = self
            .ports
            .rooms
            .room(room)
            .await
            .map_err(|e| internal(&e))?;
        Ok(record.ok_or_else(|| unknown(room))?.hub)
    }
}

fn confused(hub: &ServerName) -> Problem {
    let text = format!("{hub} answered something else than was asked");
    Problem::new(Code::PeerRefused, text)
}
