//! Signed heads are held against this server's copy; two that contradict each other raise one
//! alarm, with the proof kept (HEAD-4 to HEAD-8).
//!
//! Heads come with the hub's pages, from the other servers of the room, and in the authenticated
//! data of messages and commits. A claim raises nothing: a head is looked at only once its
//! signature holds, and the proof is verified as a stranger would before it counts.

use std::time::Duration;

use bytes::Bytes;
use holm_protocol::encoding::encode;
use holm_protocol::event::Position;
use holm_protocol::proof::ForkProof;
use holm_protocol::{Event, Hash, Problem, SignedHead};
use tokio::time::Instant;

use super::head::sign_head;
use super::task::RoomTask;
use super::witness::{Heard, Standing};
use crate::homeserver::internal;
use crate::ports::StoredFork;

/// How long a head that vouches may wait for its durable write.
const WRITE_AFTER: Duration = Duration::from_mins(1);

impl RoomTask {
    /// Holds heads against the copy. What fails is logged: nobody waits for the outcome.
    pub(super) async fn hear_all(&mut self, heard: Vec<Heard>) {
        for heard in heard {
            if let Err(problem) = self.hear(heard).await {
                tracing::debug!(room = %self.room, %problem, "a head could not be compared now");
            }
        }
        if let Err(problem) = self.settle_heads().await {
            tracing::debug!(room = %self.room, %problem, "heads could not be compared now");
        }
    }

    /// The head of a page, which was verified, and those that its events carry. Called whether all
    /// events were taken or not.
    pub(super) async fn hear_page(&mut self, head: SignedHead, carried: Vec<Heard>) {
        let position = self.state.as_ref().map_or(0, |s| s.head.position.seq);
        let own = self.hash_at(head.head.seq).await.unwrap_or_default();
        let heard = Heard::of_peer(head);
        if let Some(state) = self.state.as_mut() {
            match heard.standing(own, position) {
                Standing::Agrees if state.witness.is_newer(&heard.head) => self.vouch(heard.head),
                Standing::Agrees | Standing::Before => {}
                Standing::Differs(_) | Standing::Ahead => state.witness.wait(heard),
            }
        }
        let taken = |h: &Heard| h.carrier.is_some_and(|seq| seq <= position);
        self.hear_all(carried.into_iter().filter(taken).collect())
            .await;
    }

    /// Notes events of the copy, for quick comparison.
    pub(super) fn note_stored(&mut self, positions: &[Position]) {
        if let Some(state) = self.state.as_mut() {
            for position in positions {
                state.witness.stored(*position);
            }
        }
    }

    /// One head: it agrees and may vouch, or waits until it can be held against the copy.
    async fn hear(&mut self, heard: Heard) -> Result<(), Problem> {
        let seq = heard.head.head.seq;
        let state = self.state().await?;
        if state.witness.is_forked || seq == 0 || state.witness.waits(&heard) {
            return Ok(());
        }
        let position = state.head.position.seq;
        let own = self.hash_at(seq).await?;
        let homeserver = self.homeserver.clone();
        let state = self.state().await?;
        let standing = heard.standing(own, position);
        let is_news = match standing {
            Standing::Agrees => state.witness.is_newer(&heard.head),
            Standing::Differs(_) | Standing::Ahead => true,
            Standing::Before => false,
        };
        if !is_news
            || state
                .verified_head(&homeserver, &heard.head)
                .await
                .is_none()
        {
            return Ok(());
        }
        match standing {
            Standing::Agrees => self.vouch(heard.head),
            _ => state.witness.wait(heard),
        }
        Ok(())
    }

    /// A verified head agrees with the copy and is the newest that does.
    fn vouch(&mut self, head: SignedHead) {
        let Some(state) = self.state.as_mut() else {
            return;
        };
        let newest = state.hub_head.as_ref();
        if newest.is_none_or(|(seq, _)| *seq <= head.head.seq) {
            state.hub_head = Some((head.head.seq, Bytes::from(encode(&head))));
        }
        let moved = state.witness.vouched_seq() != Some(head.head.seq);
        state.witness.vouched = Some(head);
        if moved {
            self.homeserver.heads.changed(&self.room);
        }
    }

    /// Looks at what waits again; two heads that contradict each other raise the alarm.
    async fn settle_heads(&mut self) -> Result<(), Problem> {
        let homeserver = self.homeserver.clone();
        let state = self.state().await?;
        let waiting = state.witness.take_waiting();
        if waiting.is_empty() || state.witness.is_forked {
            return Ok(());
        }
        if state.is_hub(homeserver.name()) {
            state.witness.vouched = Some(sign_head(state, &homeserver));
        }
        for heard in waiting {
            let seq = heard.head.head.seq;
            let own = self.hash_at(seq).await?;
            let state = self.state().await?;
            let vouched = state.witness.vouched_seq();
            match heard.standing(own, state.head.position.seq) {
                Standing::Agrees if state.witness.is_newer(&heard.head) => self.vouch(heard.head),
                Standing::Agrees | Standing::Before => {}
                Standing::Differs(at) if vouched >= Some(at) => self.contradicted(heard).await?,
                Standing::Differs(_) | Standing::Ahead => state.witness.wait(heard),
            }
        }
        Ok(())
    }

    /// The hash of the copy's event `seq`, where it has one.
    async fn hash_at(&mut self, seq: u64) -> Result<Option<Hash>, Problem> {
        let state = self.state().await?;
        let position = state.head.position;
        if seq == position.seq {
            return Ok(Some(position.hash));
        }
        let recent = state.witness.recent(seq);
        if recent.is_some() || seq > position.seq {
            return Ok(recent);
        }
        let log = &self.homeserver.ports.log;
        let read = log.read(&self.room, seq.saturating_sub(1), 1, 1).await;
        let entry = read.map_err(|e| internal(&e))?.into_iter().next();
        let event = entry.filter(|entry| entry.seq == seq);
        Ok(event.and_then(|e| Event::from_bytes(&e.event).ok().map(|e| e.hash())))
    }

    /// A head and the copy contradict each other, both under the hub's signature.
    async fn contradicted(&mut self, heard: Heard) -> Result<(), Problem> {
        match self.prove(&heard).await? {
            Some(proof) => self.raise_fork(&proof).await,
            None => Ok(()),
        }
    }

    /// Keeps the proof and raises the alarm, once a room and term. The copy stays as it is and
    /// goes on; the room is marked.
    pub(super) async fn raise_fork(&mut self, proof: &ForkProof) -> Result<(), Problem> {
        let proved = match proof.verify() {
            Ok(proved) => proved,
            Err(error) => {
                tracing::debug!(room = %self.room, %error, "no two histories are proved");
                return Ok(());
            }
        };
        let homeserver = self.homeserver.clone();
        let fork = StoredFork {
            room: self.room.clone(),
            hub: proof.hub.clone(),
            term: proved.first.term,
            seq: proved.first.seq.min(proved.second.seq),
            found: homeserver.now_ms(),
            proof: Bytes::from(proof.to_bytes()),
        };
        let kept = homeserver.ports.rooms.keep_fork(&fork).await;
        let is_first = kept.map_err(|e| internal(&e))?;
        let state = self.state().await?;
        state.witness.is_forked = true;
        drop(state.witness.take_waiting());
        if is_first {
            tracing::error!(
                room = %self.room, hub = %proof.hub, seq = fork.seq, term = fork.term,
                "ALARM: the hub of this room signed two histories of it, so its members do not see \
                 the same conversation; or it was restored from an old copy. This server keeps its \
                 own copy and goes on; the proof is kept. List it with `holm forks`, check it with \
                 `holm verify-proof`, tell the members, and ask the hub's operator"
            );
            homeserver.heads.found();
        }
        Ok(())
    }

    /// Writes the head that vouches, where it was not for a while or where `now` is asked for.
    pub(super) async fn keep_head(&mut self, now: bool) {
        let Some(state) = self.state.as_mut() else {
            return;
        };
        let Some(head) = state.witness.vouched.clone() else {
            return;
        };
        let due = match state.witness.written {
            Some((seq, at)) => seq != head.head.seq && (now || at.elapsed() >= WRITE_AFTER),
            None => true,
        };
        if !due || state.is_hub(self.homeserver.name()) {
            return;
        }
        state.witness.written = Some((head.head.seq, Instant::now()));
        let bytes = Bytes::from(encode(&head));
        let kept = self
            .homeserver
            .ports
            .rooms
            .put_signed_head(&self.room, &bytes);
        if let Err(error) = kept.await {
            tracing::warn!(room = %self.room, %error, "a head could not be stored; later again");
        }
    }
}
