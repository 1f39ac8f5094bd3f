//! The names of what can be wrong with a history (as Jepsen names them, where it does).

use std::fmt;

use holm_protocol::RoomUri;
use serde::Serialize;

/// What is wrong; the invariants are those of the project's fault model (I1 to I18).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A message was acknowledged and is nowhere (I1).
    Lost,
    /// One message has two places in the log, two answers, or is shown twice (I3).
    Duplicate,
    /// Something was delivered that nobody sent so, or that was refused (I2).
    Phantom,
    /// Messages of one device, or what one device shows, stand in another order (I9, I4).
    Reordered,
    /// A copy passes over something (I4).
    Gap,
    /// Two copies have different things at one place (I4).
    Divergent,
    /// A message reached some and not all who should have it, with nothing after it (I7).
    Unseen,
    /// A device has something from before its join or after its removal (I7, I17).
    OutsideWindow,
    /// A device acknowledged what it had not received (I6).
    CursorBeyondReceipt,
    /// What a device acknowledged fell (I6).
    CursorBackwards,
    /// A receipt fell, or says that more was read than delivered (I8).
    ReceiptBackwards,
    /// A KeyPackage that is for one use was handed out twice (I18).
    KeyPackageTwice,
    /// Two commits end one epoch (I5).
    TwoCommitsAnEpoch,
    /// A hub signed two heads for one place (I12).
    Fork,
    /// A message stands behind a removal and was encrypted so that the removed device can read it
    /// (I17).
    OpenAfterRemoval,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 15] = [
        Self::Lost,
        Self::Duplicate,
        Self::Phantom,
        Self::Reordered,
        Self::Gap,
        Self::Divergent,
        Self::Unseen,
        Self::OutsideWindow,
        Self::CursorBeyondReceipt,
        Self::CursorBackwards,
        Self::ReceiptBackwards,
        Self::KeyPackageTwice,
        Self::TwoCommitsAnEpoch,
        Self::Fork,
        Self::OpenAfterRemoval,
    ];

    /// The name, in words.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Lost => "lost",
            Self::Duplicate => "duplicate",
            Self::Phantom => "phantom",
            Self::Reordered => "reordered",
            Self::Gap => "gap",
            Self::Divergent => "divergent",
            Self::Unseen => "unseen",
            Self::OutsideWindow => "outside the window",
            Self::CursorBeyondReceipt => "cursor beyond receipt",
            Self::CursorBackwards => "cursor backwards",
            Self::ReceiptBackwards => "receipt backwards",
            Self::KeyPackageTwice => "KeyPackage twice",
            Self::TwoCommitsAnEpoch => "two commits an epoch",
            Self::Fork => "fork",
            Self::OpenAfterRemoval => "open after removal",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Anomaly {
    /// What it is.
    pub kind: Kind,
    /// In which room, where it is about one.
    pub room: Option<RoomUri>,
    /// At which event, where it is about one.
    pub seq: Option<u64>,
    /// What is wrong where and for whom, in a sentence.
    pub what: String,
}

impl fmt::Display for Anomaly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.kind)?;
        if let Some(room) = &self.room {
            write!(f, "{room}: ")?;
        }
        f.write_str(&self.what)
    }
}

/// Names for a sentence; of many the first few.
pub(crate) fn list<T: fmt::Display>(names: &[T]) -> String {
    let shown: Vec<String> = names.iter().take(NAMES_SHOWN).map(T::to_string).collect();
    match names.len().saturating_sub(NAMES_SHOWN) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// Names that a sentence lists.
const NAMES_SHOWN: usize = 4;
