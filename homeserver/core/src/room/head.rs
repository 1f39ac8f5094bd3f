//! Signed heads, made lazily: a hub signs at most one a second a room, and on demand (HEAD-3).

use bytes::Bytes;
use holm_protocol::encoding::encode;
use holm_protocol::federation::GroupInfoResponse;
use holm_protocol::{Code, Head, Problem, SignedHead, UserUri};

use super::command::Newest;
use super::state::{RoomState, unknown};
use super::task::RoomTask;
use crate::homeserver::Homeserver;

/// Milliseconds after which a head of a quiet room is signed anew, so that those who see it know
/// that they are up to date (HEAD-9).
const HEAD_FRESH_MS: u64 = 60_000;

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
            return Ok(Bytes::from(encode(&sign_head(state, &homeserver))));
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

/// Signs the newest head, unless the last one signed is still the newest and fresh (HEAD-9).
pub(super) fn sign_head(state: &mut RoomState, homeserver: &Homeserver) -> SignedHead {
    let position = state.head.position;
    let now_ms = homeserver.now_ms();
    let is_fresh = |signed: &&SignedHead| {
        let age = now_ms.saturating_sub(signed.head.time);
        signed.head.seq == position.seq && age < HEAD_FRESH_MS
    };
    if let Some(head) = state.signed_head.as_ref().filter(is_fresh) {
        return head.clone();
    }
    let head = Head {
        room: state.group.room().clone(),
        term: state.group.view().extension.hub.term,
        seq: position.seq,
        hash: position.hash,
        time: now_ms.max(position.time),
    };
    let keys = homeserver.identity.keys();
    let (id, key) = keys.room_signer(head.time);
    let signed = SignedHead::sign(head, id, key);
    state.signed_head = Some(signed.clone());
    signed
}
