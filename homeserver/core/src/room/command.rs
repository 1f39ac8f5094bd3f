//! What a room's task can be asked.

use bytes::Bytes;
use holm_protocol::bundle::Bundle;
use holm_protocol::federation::{GroupInfoResponse, LogPage, Sent};
use holm_protocol::order::Reason;
use holm_protocol::{DeviceUri, Problem, ServerName, UserUri};
use tokio::sync::oneshot;

use super::witness::Heard;

/// Where the answer goes.
pub(crate) type Reply<T> = oneshot::Sender<Result<T, Problem>>;

/// A message on its way into the log.
#[derive(Debug)]
pub(crate) struct Submission {
    /// The sending user; its server answers for it.
    pub(crate) user: UserUri,
    /// The sending device, where it is one of ours.
    pub(crate) device: Option<DeviceUri>,
    /// An MLS PrivateMessage, as MLSMessage.
    pub(crate) message: Bytes,
}

/// What travels beside a run of events.
#[derive(Debug)]
pub(crate) struct Newest {
    /// The newest signed head.
    pub(crate) head: Bytes,
    /// The open orders, signed.
    pub(crate) orders: Vec<Bytes>,
}

/// One request to a room's task.
#[derive(Debug)]
pub(crate) enum Command {
    /// Hub: messages of one sender, in order; one result each.
    Submit {
        /// The messages.
        messages: Vec<Submission>,
        /// One result each.
        reply: oneshot::Sender<Vec<Result<Sent, Problem>>>,
    },
    /// Hub: a commit.
    Commit {
        /// The committing user; its server answers for it.
        user: UserUri,
        /// Commit, Welcome, GroupInfo, signature.
        bundle: Box<Bundle>,
        /// Where it stands.
        reply: Reply<Sent>,
    },
    /// Hub: a user leaves.
    Leave {
        /// The user.
        user: UserUri,
        /// The signed order.
        reply: Reply<Bytes>,
    },
    /// Hub: every user of a server goes.
    OrderOut {
        /// The server.
        server: ServerName,
        /// Why.
        reason: Reason,
        /// How many users are meant.
        reply: Reply<usize>,
    },
    /// Follower: the room does not go on.
    SetAside {
        /// Why, for the operator.
        why: String,
        /// Done.
        reply: Reply<()>,
    },
    /// Follower: a run of the hub's log.
    Apply {
        /// Who brought it.
        from: ServerName,
        /// Events, head, anchors, orders.
        page: Box<LogPage>,
        /// The cursor afterwards, and what stopped it there.
        reply: oneshot::Sender<(u64, Option<Problem>)>,
    },
    /// Heads that others know, to be held against the copy.
    Hear {
        /// The heads.
        heard: Vec<Heard>,
    },
    /// The newest signed head, and the open orders.
    Newest {
        /// Both.
        reply: Reply<Newest>,
    },
    /// Whether a server has a participant now.
    HasServer {
        /// The server.
        server: ServerName,
        /// The answer.
        reply: Reply<bool>,
    },
    /// What an external join of `user` needs.
    GroupInfo {
        /// A user with a leaf.
        user: UserUri,
        /// GroupInfo, tree, interim hash.
        reply: Reply<Box<GroupInfoResponse>>,
    },
}
