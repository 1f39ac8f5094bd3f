//! Signed heads, made lazily: a hub signs at most one a second a room, and on demand (HEAD-3).

use bytes::Bytes;
use holm_protocol::encoding::encode;
use holm_protocol::federation::GroupInfoResponse;
use holm_protocol::{Code, Head, Problem, SignedHead, UserUri};

use super::command::Newest;
use super::state::{RoomState, unknown};
use super::task::RoomTask;
use crate::homeserver::Homeserver;

impl RoomTask {
    /// The newest signed head, and the open orders.
    pub(super) async fn newest(&mut self) -> Result<Newest, Problem> {
        let head = self.head().await?;
        let orders = self.state().await?.orders.iter();
        let orders = orders.map(|o| Bytes::from(encode(o))).collect();
        Ok(Newest { head, orders })
    }

    /// Made here at the hub, else the hub's last.
    async fn head(&mut self) -> Result<Bytes, Problem> {
        let homeserver = self.homeserver.clone();
        let state = self.state().await?;
        if state.is_hub(homeserver.name()) {
            return Ok(sign_head(state, &homeserver));
        }
        state
            .hub_head
            .as_ref()
            .map(|(_, head)| head.clone())
            .ok_or_else(|| {
                let text = format!("no head of {} is known here yet", state.hub);
                Problem::new(Code::Unavailable, text).with_retry_after(1)
            })
    }

    /// What an external join of a user with a leaf needs (FED-8).
    pub(super) async fn group_info(
        &mut self,
        user: &UserUri,
    ) -> Result<GroupInfoResponse, Problem> {
        let room = self.room.clone();
        let state = self.state().await?;
        if !state.group.view().has_user(user) {
            return Err(unknown(&room));
        }
        Ok(GroupInfoResponse {
            seq: state.head.commit_seq,
            group_info: state.group.group_info().to_vec().into(),
            tree: state.group.tree().into(),
            interim: state.group.interim_hash(),
        })
    }
}

/// Signs the newest head, unless the last one signed is still the newest.
fn sign_head(state: &mut RoomState, homeserver: &Homeserver) -> Bytes {
    let position = state.head.position;
    if let Some((_, head)) = state
        .signed_head
        .as_ref()
        .filter(|(seq, _)| *seq == position.seq)
    {
        return head.clone();
    }
    let head = Head {
        room: state.group.room().clone(),
        term: state.group.view().extension.hub.term,
        seq: position.seq,
        hash: position.hash,
        time: homeserver.now_ms().max(position.time),
    };
    let keys = homeserver.identity.keys();
    let (id, key) = keys.room_signer(head.time);
    let signed = SignedHead::sign(head, id, key);
    let bytes = Bytes::from(encode(&signed));
    state.signed_head = Some((position.seq, bytes.clone()));
    bytes
}
