//! How a hub acknowledges, how its place changes, and what a doctored rule leaves out.

/// When a hub tells a sender that its message is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Acknowledge {
    /// When it stands in the hub's own durable log. Devices are shown what their server has.
    AtHub,
    /// When it stands in the durable logs of a majority. Devices are shown nothing before that.
    AtMajority,
}

/// How another server becomes hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Promote {
    /// The hub's last event names the next hub (in MLS: a commit that changes the extension).
    /// Nobody follows the next hub without that event, and the next hub has it before it begins.
    ByLastEvent,
    /// A majority promises to take nothing of the former term any more, and the new hub begins
    /// with the longest log among theirs.
    ByMajority,
}

/// What is left out of a rule on purpose: the model has to find each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Flaw {
    /// The hub acknowledges what a crash can still take from its log.
    AcknowledgesBeforeDurable,
    /// The hub goes on after its last event.
    GoesOnAfterLastEvent,
    /// The next hub begins before it has the last event of the one before.
    BeginsBeforeLastEvent,
    /// A server becomes hub by its own copy alone, when the hub seems gone.
    AsksNobody,
    /// A promise is given and not kept: pushes of the former term are still taken.
    ForgetsPromise,
    /// The new hub begins with its own log, not with the longest of the majority's.
    KeepsOwnLog,
}

/// A rule, sound or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rule {
    /// When a hub acknowledges.
    pub acknowledge: Acknowledge,
    /// How its place changes.
    pub promote: Promote,
    /// What is left out.
    pub flaw: Option<Flaw>,
}

impl Rule {
    /// The hub hands its room over, by its last event.
    pub const HANDOVER: Self = Self {
        acknowledge: Acknowledge::AtHub,
        promote: Promote::ByLastEvent,
        flaw: None,
    };

    /// A majority carries every message, and so a change of hub too.
    pub const MAJORITY: Self = Self {
        acknowledge: Acknowledge::AtMajority,
        promote: Promote::ByMajority,
        flaw: None,
    };

    /// The same rule without one of its parts.
    #[must_use]
    pub const fn without(self, flaw: Flaw) -> Self {
        Self {
            flaw: Some(flaw),
            ..self
        }
    }

    pub(crate) fn lacks(self, flaw: Flaw) -> bool {
        self.flaw == Some(flaw)
    }
}
