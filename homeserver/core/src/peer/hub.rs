//! A follower brings what its users do (FED-3, FED-4), pulls (FED-7), compares heads (FED-6).

use holm_protocol::encoding::encode;
use holm_protocol::federation::{
    GroupInfoRequest, GroupInfoResponse, HeadsRequest, HeadsResponse, LogPage, RoomHead,
    SubmitRequest, SubmitResponse, SubmitResult, UpdateRequest, UpdateResponse,
};
use holm_protocol::limits::{NOTIFY_ROOMS_MAX, SUBMIT_MESSAGES_MAX};
use holm_protocol::{Code, Problem, RoomUri, ServerName, UserUri};
use tokio::sync::oneshot;

use crate::homeserver::{Homeserver, internal};
use crate::ports::{PeerCursor, first_open};
use crate::room::{Command, Submission, stopping, unknown};

impl Homeserver {
    /// A follower brings a commit or a leave of one of its users (FED-3).
    pub async fn peer_update(
        &self,
        peer: &ServerName,
        room: &RoomUri,
        request: UpdateRequest,
    ) -> Result<UpdateResponse, Problem> {
        match request {
            UpdateRequest::Commit { user, bundle } => {
                check_user(peer, &user)?;
                self.check_participant(peer, room).await?;
                let sent = self.commit_here(room, user, bundle.into()).await?;
                Ok(UpdateResponse::Commit(sent))
            }
            UpdateRequest::Leave { user } => {
                check_user(peer, &user)?;
                self.check_participant(peer, room).await?;
                let order = self.leave_here(room, user).await?;
                Ok(UpdateResponse::Leave {
                    order: order.into(),
                })
            }
        }
    }

    /// A follower brings messages of its users (FED-4).
    pub async fn peer_submit_message(
        &self,
        peer: &ServerName,
        room: &RoomUri,
        request: SubmitRequest,
    ) -> Result<SubmitResponse, Problem> {
        if request.messages.len() > SUBMIT_MESSAGES_MAX {
            let text = format!("at most {SUBMIT_MESSAGES_MAX} messages at once");
            return Err(Problem::new(Code::TooLarge, text));
        }
        request
            .messages
            .iter()
            .try_for_each(|m| check_user(peer, &m.user))?;
        self.check_participant(peer, room).await?;
        let submissions = request.messages.into_iter().map(|m| Submission {
            user: m.user,
            device: None,
            message: m.message.0,
        });
        let results = self.submit_here(room, submissions.collect()).await?;
        let result = |verdict| match verdict {
            Ok(sent) => SubmitResult::Sent(sent),
            Err(problem) => SubmitResult::Refused { problem },
        };
        Ok(SubmitResponse {
            results: results.into_iter().map(result).collect(),
        })
    }

    /// A follower pulls events after `after` (FED-7); also one whose last participant has gone,
    /// up to the event that removed it, and from its next anchor where it came back.
    pub async fn peer_events(
        &self,
        peer: &ServerName,
        room: &RoomUri,
        after: u64,
    ) -> Result<LogPage, Problem> {
        self.check_hub_of(room).await?;
        let parts = self.parts_of(peer, room).await?;
        let cursor = first_open(parts, |c| c.is_over_at(after)).ok_or_else(|| unknown(room))?;
        let after = after.max(cursor.anchor.saturating_sub(1));
        self.page_for(&PeerCursor {
            cursor: after,
            ..cursor
        })
        .await
    }

    /// A server of common rooms compares heads (FED-6). Rooms that are not common are passed
    /// over, so the answer tells nothing of them.
    pub async fn peer_heads(
        &self,
        peer: &ServerName,
        request: HeadsRequest,
    ) -> Result<HeadsResponse, Problem> {
        if request.rooms.len() > NOTIFY_ROOMS_MAX {
            let text = format!("at most {NOTIFY_ROOMS_MAX} rooms at once");
            return Err(Problem::new(Code::TooLarge, text));
        }
        let mut rooms = Vec::new();
        for asked in &request.rooms {
            rooms.extend(self.head_for(peer, asked).await?);
        }
        Ok(HeadsResponse {
            rooms,
            token: String::new(),
            more: false,
        })
    }

    /// The head of one room that this server and the peer have in common. Whoever of hub and
    /// follower is behind is helped to what is missing; two followers only compare.
    async fn head_for(
        &self,
        peer: &ServerName,
        asked: &RoomHead,
    ) -> Result<Option<RoomHead>, Problem> {
        let room = &asked.room;
        let standing = self.ports.rooms.standing(room).await;
        let Some(standing) = standing.map_err(|e| internal(&e))? else {
            return Ok(None);
        };
        let parts = self.parts_of(peer, room).await?;
        let is_in = parts.last().is_some_and(|c| c.until.is_none());
        let follows = standing.hub == *self.name() && is_in;
        let is_hub = standing.hub == *peer;
        let both = [peer, self.name()];
        let beside = both.iter().all(|one| standing.servers.contains(one));
        if !follows && !is_hub && !beside {
            return Ok(None);
        }
        self.hear_peer(room, asked.head.as_ref()).await?;
        let cursor = self.ports.log.head(room).await;
        let cursor = cursor
            .map_err(|e| internal(&e))?
            .map_or(0, |h| h.position.seq);
        if follows && asked.cursor < cursor {
            self.wake_peer(peer, room);
        }
        if is_hub && asked.cursor > cursor {
            self.ask_room(peer, room);
        }
        Ok(Some(RoomHead {
            room: room.clone(),
            cursor,
            head: match follows {
                true => self.local_head(room).await.ok().map(Into::into),
                false => self.known_head(room).await?.map(|h| encode(&h).into()),
            },
        }))
    }

    /// A server asks for what an external join of one of its users needs (FED-8).
    pub async fn peer_group_info(
        &self,
        peer: &ServerName,
        room: &RoomUri,
        request: GroupInfoRequest,
    ) -> Result<GroupInfoResponse, Problem> {
        check_user(peer, &request.user)?;
        self.check_participant(peer, room).await?;
        let (reply, answer) = oneshot::channel();
        self.tell_room(
            room,
            Command::GroupInfo {
                user: request.user,
                reply,
            },
        )
        .await?;
        Ok(*answer.await.map_err(|_ended| stopping())??)
    }

    /// What a peer is or was owed of a room of which this server is hub, oldest first.
    async fn parts_of(
        &self,
        peer: &ServerName,
        room: &RoomUri,
    ) -> Result<Vec<PeerCursor>, Problem> {
        let peers = self.ports.rooms.peers(room).await;
        let mut parts = peers.map_err(|e| internal(&e))?;
        parts.retain(|c| c.server == *peer);
        Ok(parts)
    }

    /// Rooms that do not exist and rooms without a participant of the peer look alike (FED-13).
    async fn check_participant(&self, peer: &ServerName, room: &RoomUri) -> Result<(), Problem> {
        let roster = self.rooms.active(room).and_then(|h| h.roster.get());
        let here = roster.filter(|r| r.hub == *self.name());
        if here.is_some_and(|r| r.servers.contains(peer)) {
            return Ok(());
        }
        self.check_hub_of(room).await?;
        let (reply, answer) = oneshot::channel();
        let server = peer.clone();
        self.tell_room(room, Command::HasServer { server, reply })
            .await?;
        match answer.await.map_err(|_ended| stopping())?? {
            true => Ok(()),
            false => Err(unknown(room)),
        }
    }

    async fn check_hub_of(&self, room: &RoomUri) -> Result<(), Problem> {
        let record = self
            .ports
            .rooms
            .room(room)
            .await
            .map_err(|e| internal(&e))?;
        match record.ok_or_else(|| unknown(room))?.hub == *self.name() {
            true => Ok(()),
            false => Err(unknown(room)),
        }
    }
}

/// No server is believed about another's users (FED-11).
fn check_user(peer: &ServerName, user: &UserUri) -> Result<(), Problem> {
    match user.domain() == peer.as_str() {
        true => Ok(()),
        false => Err(Problem::new(
            Code::NotYourUser,
            format!("{peer} does not answer for {user}"),
        )),
    }
}
