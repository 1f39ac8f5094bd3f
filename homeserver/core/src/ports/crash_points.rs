//! Named places at which a server may be made to die, for the tests that show what survives.
//!
//! Power may fail between any two instructions; these are the instructions between which it
//! matters. What is given here does nothing; the binary can be told to end itself at one of them
//! (ADR-0011).

/// A place on the way of an event: each is reached once for each event or page that passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CrashPoint {
    /// The hub's append is staged in the open transaction.
    AppendBeforeCommit,
    /// The hub's append is durable and nobody knows.
    AppendAfterCommit,
    /// The hub's room knows the outcome; the sender does not.
    AppendBeforeAnswer,
    /// The hub has appended; neither devices nor peers were woken.
    AppendBeforeFanOut,
    /// The hub's log has a commit; group and memberships do not.
    CommitBeforeFold,
    /// The hub has folded a commit and woken nobody.
    CommitAfterFold,
    /// The follower's copy is staged in the open transaction.
    FollowBeforeCommit,
    /// The follower's copy is durable and nobody knows.
    FollowAfterCommit,
    /// The follower has taken a page; the hub does not know its cursor.
    FollowBeforeAnswer,
    /// The follower has taken events; its devices were not woken.
    FollowBeforeFanOut,
    /// The follower's copy has a commit; group and memberships do not.
    FollowBeforeFold,
    /// The follower has folded a commit and woken nobody.
    FollowAfterFold,
    /// A follower has answered with its cursor; the hub has not stored it.
    NotifyBeforeCursor,
    /// The follower holds messages durably; the device does not know.
    HoldBeforeAnswer,
    /// The hub has answered for held messages; they are still held.
    HoldBeforeSettle,
    /// Held messages were let go of; the device does not know their answers.
    HoldAfterSettle,
}

/// Told when a place is reached. It may end the process, and must do nothing else.
pub trait CrashPoints: Send + Sync {
    /// The place is reached.
    fn reached(&self, point: CrashPoint);
}

/// Nothing happens at any place.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoCrash;

impl CrashPoints for NoCrash {
    fn reached(&self, _point: CrashPoint) {}
}

impl CrashPoint {
    /// Every place.
    pub const ALL: [Self; 16] = [
        Self::AppendBeforeCommit,
        Self::AppendAfterCommit,
        Self::AppendBeforeAnswer,
        Self::AppendBeforeFanOut,
        Self::CommitBeforeFold,
        Self::CommitAfterFold,
        Self::FollowBeforeCommit,
        Self::FollowAfterCommit,
        Self::FollowBeforeAnswer,
        Self::FollowBeforeFanOut,
        Self::FollowBeforeFold,
        Self::FollowAfterFold,
        Self::NotifyBeforeCursor,
        Self::HoldBeforeAnswer,
        Self::HoldBeforeSettle,
        Self::HoldAfterSettle,
    ];

    /// What it is called where a process is told to die there.
    pub fn name(self) -> &'static str {
        match self {
            Self::AppendBeforeCommit => "append.before_commit",
            Self::AppendAfterCommit => "append.after_commit",
            Self::AppendBeforeAnswer => "append.before_answer",
            Self::AppendBeforeFanOut => "append.before_fan_out",
            Self::CommitBeforeFold => "commit.before_fold",
            Self::CommitAfterFold => "commit.after_fold",
            Self::FollowBeforeCommit => "follow.before_commit",
            Self::FollowAfterCommit => "follow.after_commit",
            Self::FollowBeforeAnswer => "follow.before_answer",
            Self::FollowBeforeFanOut => "follow.before_fan_out",
            Self::FollowBeforeFold => "follow.before_fold",
            Self::FollowAfterFold => "follow.after_fold",
            Self::NotifyBeforeCursor => "notify.before_cursor",
            Self::HoldBeforeAnswer => "hold.before_answer",
            Self::HoldBeforeSettle => "hold.before_settle",
            Self::HoldAfterSettle => "hold.after_settle",
        }
    }
}
