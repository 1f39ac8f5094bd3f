//! What the observations say about each room, put in order once, for the judges to look things up.

mod gather;

use std::collections::{BTreeMap, HashMap};

use holm_protocol::aad::ClientMsgId;
use holm_protocol::{DeviceUri, Hash, RoomUri, ServerName};

use crate::observation::Message;

/// Everything by room.
#[derive(Default)]
pub(crate) struct Facts<'a> {
    pub(crate) rooms: BTreeMap<&'a RoomUri, Room<'a>>,
}

/// Everything about a room.
#[derive(Default)]
pub(crate) struct Room<'a> {
    pub(crate) messages: HashMap<ClientMsgId, Fate<'a>>,
    /// Each device's messages as they were sent; one sent again after a refusal stands twice.
    pub(crate) sent: BTreeMap<&'a DeviceUri, Vec<ClientMsgId>>,
    pub(crate) views: BTreeMap<&'a DeviceUri, View<'a>>,
    /// The numbers that commits have, and the epochs these end.
    pub(crate) commits: BTreeMap<u64, u64>,
    /// The epochs in which messages were encrypted, by their numbers.
    pub(crate) epochs: HashMap<u64, u64>,
    /// How long each server's copy is.
    pub(crate) ends: BTreeMap<&'a ServerName, u64>,
}

/// Everything about a message.
#[derive(Default)]
pub(crate) struct Fate<'a> {
    pub(crate) submit: Option<Submit<'a>>,
    /// Where in its device's list it was sent for good.
    pub(crate) turn: usize,
    pub(crate) refused: bool,
    /// The first acknowledgement, and when it came.
    pub(crate) accepted: Option<Answer<'a>>,
    /// An acknowledgement in another epoch than the first.
    pub(crate) other_epoch: Option<u64>,
    /// All numbers that anybody gave it, each once.
    pub(crate) places: Vec<u64>,
    /// Who shows it with another sender or content than it was sent with.
    pub(crate) altered: Vec<&'a DeviceUri>,
    /// Who shows it.
    pub(crate) shown_by: Vec<&'a DeviceUri>,
}

/// The first time a message was sent.
#[derive(Clone, Copy)]
pub(crate) struct Submit<'a> {
    pub(crate) device: &'a DeviceUri,
    pub(crate) content: &'a Hash,
    pub(crate) at_ms: u64,
}

/// An acknowledgement.
#[derive(Clone, Copy)]
pub(crate) struct Answer<'a> {
    pub(crate) device: &'a DeviceUri,
    pub(crate) seq: u64,
    pub(crate) epoch: Option<u64>,
    pub(crate) at_ms: u64,
}

/// What a device saw of a room.
#[derive(Default)]
pub(crate) struct View<'a> {
    /// After which event it came, and with which it went.
    pub(crate) windows: Vec<(u64, Option<u64>)>,
    /// What it showed as it arrived.
    pub(crate) live: Vec<Arrival<'a>>,
    /// What it shows at the end.
    pub(crate) copy: Option<&'a [Message]>,
    /// Its own messages that were acknowledged to it.
    pub(crate) own: Vec<(u64, ClientMsgId)>,
    /// What it acknowledged, and when in the recording.
    pub(crate) cursors: Vec<(u64, usize)>,
}

/// A message that a device showed as it arrived.
#[derive(Clone, Copy)]
pub(crate) struct Arrival<'a> {
    pub(crate) message: &'a Message,
    pub(crate) at_ms: u64,
    /// When in the recording.
    pub(crate) index: usize,
}

impl View<'_> {
    /// Whether the device was in the room at an event.
    pub(crate) fn covers(&self, seq: u64) -> bool {
        self.anchor(seq).is_some()
    }

    /// Whether a message is one that the device has to have in the end: also of an epoch that it
    /// was in, where that is known.
    pub(crate) fn is_owed(&self, seq: u64, room: &Room<'_>) -> bool {
        let Some(anchor) = self.anchor(seq) else {
            return false;
        };
        let before_entry = room.commits.get(&anchor);
        let encrypted = room.epochs.get(&seq);
        encrypted
            .zip(before_entry)
            .is_none_or(|(encrypted, before)| encrypted > before)
    }

    /// Where the window begins that an event lies in.
    fn anchor(&self, seq: u64) -> Option<u64> {
        let within = |(anchor, last): &&(u64, Option<u64>)| {
            seq > *anchor && last.is_none_or(|last| seq <= last)
        };
        self.windows.iter().find(within).map(|window| window.0)
    }

    fn join(&mut self, anchor: u64) {
        if self.windows.iter().all(|window| window.0 != anchor) {
            self.windows.push((anchor, None));
        }
    }

    /// Ends the window that was open then; a removal may be recorded before its join.
    fn remove(&mut self, last: u64) {
        let open = |window: &&mut (u64, Option<u64>)| window.0 < last && window.1.is_none();
        let newest = self.windows.iter_mut().filter(open).max_by_key(|w| w.0);
        if let Some(window) = newest {
            window.1 = Some(last);
        }
    }
}

impl Fate<'_> {
    fn place(&mut self, seq: u64) {
        if !self.places.contains(&seq) {
            self.places.push(seq);
        }
    }
}

impl Room<'_> {
    /// How many events the room's log has, as far as servers' copies tell.
    pub(crate) fn end(&self) -> Option<u64> {
        self.ends.values().copied().max()
    }
}

/// How many there are.
pub(crate) fn length<T>(all: &[T]) -> u64 {
    u64::try_from(all.len()).unwrap_or(u64::MAX)
}
