//! Commits on their way to their turn at the hub (ROOM-13, ROOM-14).
//!
//! What can be told at once is told at once: an earlier answer, an epoch that is over. The rest
//! takes its turn or waits for it here in the room's task, while messages go on.

use holm_protocol::aad::{Aad, ClientMsgId};
use holm_protocol::bundle::Bundle;
use holm_protocol::federation::Sent;
use holm_protocol::mls_header::MlsHeader;
use holm_protocol::{Code, Problem, RoomUri, UserUri};
use tokio::time::Instant;

use super::command::Reply;
use super::message::check_hub;
use super::task::RoomTask;
use super::turns::Offer;
use crate::homeserver::internal;

/// A commit that came in and is not answered.
#[derive(Debug)]
pub(super) struct OpenCommit {
    /// The committing user; its server answers for it.
    pub(super) user: UserUri,
    /// Commit, Welcome, GroupInfo, signature.
    pub(super) bundle: Box<Bundle>,
    /// Where the answer goes.
    pub(super) reply: Reply<Sent>,
}

impl RoomTask {
    /// A commit comes in: it is answered, judged, or waits.
    pub(super) async fn offer_commit(&mut self, commit: OpenCommit) {
        let Some(commit) = self.still_open(commit).await else {
            return;
        };
        let user = commit.user.clone();
        match self.turns.offer(&user, commit, Instant::now()) {
            Offer::Turn(commit) => self.decide_commit(commit).await,
            Offer::Waits => {}
            Offer::Full(commit, seconds) => {
                let text = "too many commits wait for their turn in the room";
                let problem = Problem::new(Code::RateLimited, text).with_retry_after(seconds);
                drop(commit.reply.send(Err(problem)));
            }
        }
    }

    /// Judges the waiting commits whose turn it is now.
    pub(super) async fn take_due_commits(&mut self) {
        while let Some(commit) = self.turns.due(Instant::now()) {
            if let Some(commit) = self.still_open(commit).await {
                self.decide_commit(commit).await;
            }
        }
    }

    /// Judges a commit. If it is taken, its epoch is over for all that wait.
    async fn decide_commit(&mut self, commit: OpenCommit) {
        let OpenCommit {
            user,
            bundle,
            reply,
        } = commit;
        let result = self.commit(&user, *bundle).await;
        let taken = result.is_ok();
        drop(reply.send(result));
        if !taken {
            return;
        }
        self.turns.taken(&user, Instant::now());
        for waiting in self.turns.release() {
            if let Some(open) = self.still_open(waiting).await {
                self.turns.put_back(open.user.clone(), open);
            }
        }
    }

    /// Answers a commit that needs no turn: a repeat, one of another epoch.
    async fn still_open(&mut self, commit: OpenCommit) -> Option<OpenCommit> {
        let answer = match self.answer_at_once(&commit.user, &commit.bundle).await {
            Ok(None) => return Some(commit),
            Ok(Some(sent)) => Ok(sent),
            Err(problem) => Err(problem),
        };
        drop(commit.reply.send(answer));
        None
    }

    /// The earlier answer to the same id, before any refusal (LOG-9); then form and epoch.
    async fn answer_at_once(
        &mut self,
        user: &UserUri,
        bundle: &Bundle,
    ) -> Result<Option<Sent>, Problem> {
        if !bundle.is_within_limit() {
            let text = "commit, Welcome and GroupInfo together have at most 1 MiB";
            return Err(Problem::new(Code::TooLarge, text));
        }
        let (header, id) = read_commit(&bundle.commit)?;
        let homeserver = self.homeserver.clone();
        let key = id.idempotency_key(user);
        let earlier = homeserver.ports.log.find(&self.room, key).await;
        if let Some((seq, time)) = earlier.map_err(|e| internal(&e))? {
            return Ok(Some(Sent {
                client_msg_id: id,
                seq,
                time,
            }));
        }
        let state = self.state().await?;
        check_hub(state, &homeserver)?;
        let here = (state.group.room().clone(), state.group.generation());
        if RoomUri::from_group_id(header.group_id) != Some(here) {
            let text = "the commit is of another group than the room's";
            return Err(Problem::new(Code::InvalidCommit, text));
        }
        let current = state.group.epoch();
        if header.epoch == current {
            return Ok(None);
        }
        let text = format!("the room is in epoch {current}, the commit is of another");
        Err(Problem::new(Code::WrongEpoch, text).with_epoch(current))
    }
}

/// The parts of a commit that are read before it is judged.
pub(super) fn read_commit(commit: &[u8]) -> Result<(MlsHeader<'_>, ClientMsgId), Problem> {
    let invalid = |why: &str| Problem::new(Code::InvalidCommit, why);
    let header = MlsHeader::read(commit).filter(MlsHeader::is_commit);
    let header = header.ok_or_else(|| invalid("a commit is an MLS PublicMessage"))?;
    let aad = Aad::from_bytes(header.aad).map_err(|e| invalid(&e.to_string()))?;
    Ok((header, aad.client_msg_id))
}
