//! The task of one active room: takes commands in order, messages in batches.

use std::sync::Arc;
use std::time::Duration;

use holm_protocol::{Problem, RoomUri};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::command::Command;
use super::message::Batch;
use super::roster::Published;
use super::spacing::OpenCommit;
use super::state::RoomState;
use super::turns::Turns;
use crate::delivery::Tail;
use crate::homeserver::Homeserver;

/// Commands taken at once: their messages become one append.
const BATCH_LEN_MAX: usize = 64;
/// How long a room stays active without a command.
const IDLE: Duration = Duration::from_mins(5);

/// A room's task: what it shares and what it owns.
pub(super) struct RoomTask {
    pub(super) homeserver: Homeserver,
    pub(super) room: RoomUri,
    pub(super) tail: Arc<Tail>,
    pub(super) roster: Arc<Published>,
    /// Loaded at the first command, and again after anything went wrong.
    pub(super) state: Option<RoomState>,
    /// Commits that wait for their turn, where this server is hub.
    pub(super) turns: Turns<OpenCommit>,
}

impl RoomTask {
    /// Runs until the room has been idle, or the server stops.
    pub(super) async fn run(mut self, mut inbox: mpsc::Receiver<Command>) {
        let mut commands = Vec::with_capacity(BATCH_LEN_MAX);
        loop {
            let received = inbox.recv_many(&mut commands, BATCH_LEN_MAX);
            let now = Instant::now();
            let turn = self.turns.next_at(now);
            match tokio::time::timeout_at(turn.unwrap_or(now + IDLE), received).await {
                Ok(0) => return,
                Ok(_) => self.take(&mut commands).await,
                Err(_turn) if turn.is_some() => {
                    self.take_due_commits().await;
                    self.publish();
                }
                Err(_idle) => {
                    self.keep_head(true).await;
                    if self.homeserver.rooms.retire(&self.room, &inbox) {
                        return;
                    }
                }
            }
        }
    }

    async fn take(&mut self, commands: &mut Vec<Command>) {
        let mut batch = Batch::default();
        for command in commands.drain(..) {
            match command {
                Command::Submit { messages, reply } => batch.add(messages, reply),
                other => {
                    self.submit(std::mem::take(&mut batch)).await;
                    self.take_one(other).await;
                }
            }
        }
        self.submit(batch).await;
        self.take_due_commits().await;
        self.publish();
    }

    /// Lets others know whom the room has now.
    fn publish(&self) {
        match &self.state {
            Some(state) => drop(self.roster.update(state, self.homeserver.name())),
            None => self.roster.withdraw(),
        }
    }

    /// Answers go to receivers that may have gone; that is theirs to decide.
    async fn take_one(&mut self, command: Command) {
        match command {
            Command::Submit { .. } => {}
            Command::Commit {
                user,
                bundle,
                reply,
            } => {
                let commit = OpenCommit {
                    user,
                    bundle,
                    reply,
                };
                self.offer_commit(commit).await;
            }
            Command::Leave { user, reply } => drop(reply.send(self.leave(&user).await)),
            Command::OrderOut {
                server,
                reason,
                reply,
            } => drop(reply.send(self.order_out(&server, reason).await)),
            Command::SetAside { why, reply } => drop(reply.send(self.set_aside(why).await)),
            Command::Apply { from, page, reply } => {
                drop(reply.send(self.apply(&from, *page).await));
            }
            Command::Hear { heard } => self.hear_all(heard).await,
            Command::Newest { reply } => drop(reply.send(self.newest().await)),
            Command::HasServer { server, reply } => {
                drop(reply.send(self.state().await.map(|s| s.has_server(&server))));
            }
            Command::GroupInfo { user, reply } => {
                drop(reply.send(self.group_info(&user).await.map(Box::new)));
            }
        }
    }

    /// The room's state, loaded if need be.
    pub(super) async fn state(&mut self) -> Result<&mut RoomState, Problem> {
        if self.state.is_none() {
            let loaded = RoomState::load(&self.homeserver, &self.room).await?;
            self.tail.restart(loaded.head.position.seq);
            self.state = Some(loaded);
        }
        self.state.as_mut().ok_or_else(super::registry::stopping)
    }
}
