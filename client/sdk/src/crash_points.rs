//! Named places at which a device may be made to die, for the tests that show what survives.
//!
//! The device's own enum and trait: nothing of the homeserver is known here (ADR-0011, REL-1).

/// A place on the way of a message or commit through a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CrashPoint {
    /// Events of a run are staged in the open transaction.
    DeviceBeforeCommit,
    /// Events of a run are durable; nobody was told and nothing acknowledged.
    DeviceAfterCommit,
    /// Ciphertext and key state are durable; the ciphertext has not left.
    DeviceSendAfterCommit,
    /// The server said where an own message stands; that is not stored.
    DeviceSendBeforeSent,
    /// An own commit is durable as pending; it was not submitted.
    DeviceCommitBeforeSubmit,
    /// The hub took an own commit; the device has not met it in the log.
    DeviceCommitBeforeMeet,
}

/// Told when a place is reached. It may end the process, and must do nothing else.
pub trait CrashPoints: Send + Sync {
    /// The place is reached.
    fn reached(&self, point: CrashPoint);
}

/// Nothing happens at any place.
pub(crate) struct NoCrash;

impl CrashPoints for NoCrash {
    fn reached(&self, _point: CrashPoint) {}
}

impl CrashPoint {
    /// Every place.
    pub const ALL: [Self; 6] = [
        Self::DeviceBeforeCommit,
        Self::DeviceAfterCommit,
        Self::DeviceSendAfterCommit,
        Self::DeviceSendBeforeSent,
        Self::DeviceCommitBeforeSubmit,
        Self::DeviceCommitBeforeMeet,
    ];

    /// What it is called where a process is told to die there.
    pub fn name(self) -> &'static str {
        match self {
            Self::DeviceBeforeCommit => "device.before_commit",
            Self::DeviceAfterCommit => "device.after_commit",
            Self::DeviceSendAfterCommit => "device.send_after_commit",
            Self::DeviceSendBeforeSent => "device.send_before_sent",
            Self::DeviceCommitBeforeSubmit => "device.commit_before_submit",
            Self::DeviceCommitBeforeMeet => "device.commit_before_meet",
        }
    }
}
