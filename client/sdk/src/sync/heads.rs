//! Heads: the hub's signed word held against this device's log, and against other members'.
//!
//! A head is looked at only once its signature holds, and an alarm is raised only on two
//! signatures: the newest own head vouches for every event before it through the chain (HEAD-2 to
//! HEAD-4, LOG-8).

use std::sync::Arc;

use holm_protocol::aad::Aad;
use holm_protocol::bundle::CommitBody;
use holm_protocol::document::VerifiedDocument;
use holm_protocol::encoding::encode;
use holm_protocol::event::Position;
use holm_protocol::mls_header::MlsHeader;
use holm_protocol::{Event, EventKind, Hash, RoomUri, SignedHead};

use super::events::{RUN_MAX, Work};
use crate::device::{Inner, head_holds};
use crate::error::SdkError;
use crate::replica::rooms::{self, RoomRow};

/// Heads of other members looked at in one step: one for each message of a run, so that none is
/// passed over when a device that was away catches up.
const HEARD_MAX: usize = RUN_MAX + AHEAD_MAX;
/// Heads ahead of the copy kept of a room: the nearest (HEAD-5).
const AHEAD_MAX: usize = 8;

/// A head that another member named.
struct Heard {
    head: SignedHead,
    /// Number of the event that carried it.
    carrier: Option<u64>,
    /// Its signature was found to hold before it was kept.
    kept: bool,
}

/// The heads of one step's work.
pub(super) struct Heads<'w> {
    /// The hub's document, where there is one.
    pub(super) document: Option<&'w VerifiedDocument>,
    /// A head was signed with a key the document does not list.
    pub(super) unknown_key: bool,
    /// The newest whose signature holds.
    newest: Option<SignedHead>,
    /// Those other members named.
    heard: Vec<Heard>,
    contradictions: Vec<(SignedHead, SignedHead)>,
    changed: bool,
    room: RoomUri,
}

/// What a head says, held against this device's copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    /// The same history, or a place the copy has passed and does not keep.
    Agrees,
    /// Two histories, if its signature holds.
    TwoHistories,
    /// Not yet: the copy is not there, or nothing vouches for it.
    Ahead,
}

impl Heard {
    fn kept((head, carrier): (SignedHead, Option<u64>)) -> Self {
        Self {
            head,
            carrier,
            kept: true,
        }
    }

    /// `own` is the copy's hash at the head's number, `newest` the head that vouches for all
    /// before it. No honest hub signs a head before its event is there, so none is carried by an
    /// event that is not after it (HEAD-6).
    fn told(&self, own: Option<Hash>, newest: Option<&SignedHead>, copy: &Position) -> Told {
        let seq = self.head.head.seq;
        let vouched = newest.map_or(0, |newest| newest.head.seq);
        match self.carrier.filter(|carrier| seq >= *carrier) {
            Some(carrier) if carrier <= vouched => return Told::TwoHistories,
            Some(_) => return Told::Ahead,
            None => {}
        }
        match own {
            Some(hash) if hash == self.head.head.hash => Told::Agrees,
            Some(_) if seq <= vouched => Told::TwoHistories,
            None if seq <= copy.seq => Told::Agrees,
            _ => Told::Ahead,
        }
    }
}

impl<'w> Heads<'w> {
    /// The room's heads, and those that came from the server.
    pub(super) fn new(
        row: &RoomRow,
        document: Option<&'w VerifiedDocument>,
        came: &[SignedHead],
    ) -> Self {
        let mut heads = Self {
            document,
            unknown_key: false,
            newest: row.signed_head(),
            heard: row.heads_ahead().into_iter().map(Heard::kept).collect(),
            contradictions: Vec::new(),
            changed: false,
            room: row.uri.clone(),
        };
        for head in came {
            heads.came(head);
        }
        heads
    }

    /// A head that the own server sent.
    fn came(&mut self, head: &SignedHead) {
        if !self.holds(head) {
            return;
        }
        if let Some(known) = self.newest.as_ref().filter(|known| known.contradicts(head)) {
            self.contradictions.push((known.clone(), head.clone()));
        }
        let place = |h: &SignedHead| (h.head.term, h.head.seq, h.head.time);
        if self
            .newest
            .as_ref()
            .is_none_or(|known| place(known) < place(head))
        {
            self.newest = Some(head.clone());
            self.changed = true;
        }
    }

    /// A head that another member knows; whether its signature holds is looked at only where it
    /// differs from this device's log.
    pub(super) fn heard(&mut self, head: SignedHead, carrier: Option<u64>) {
        let known = self.newest.as_ref() == Some(&head)
            || self.heard.iter().any(|known| known.head == head);
        if !known && self.heard.len() < HEARD_MAX {
            self.heard.push(Heard {
                head,
                carrier,
                kept: false,
            });
        }
    }

    fn holds(&mut self, head: &SignedHead) -> bool {
        let Some(document) = self.document.filter(|_| head.head.room == self.room) else {
            return false;
        };
        let known = |id| document.content().room_keys.iter().any(|k| k.id == id);
        self.unknown_key |= !head.key_id().is_some_and(known);
        head_holds(document, head)
    }

    /// When the newest head was signed, milliseconds since 1970.
    pub(super) fn newest_time(&self) -> Option<u64> {
        self.newest.as_ref().map(|head| head.head.time)
    }

    /// Why an event that would be taken next contradicts the hub's signed word.
    pub(super) fn contradicted_by(&self, next: &Position) -> Option<String> {
        let head = &self.newest.as_ref()?.head;
        let differs = head.seq == next.seq && head.hash != next.hash;
        differs.then(|| format!("event {} is not the one the hub signed", next.seq))
    }
}

impl Work<'_, '_> {
    /// Holds the heads against the log as it is now, and keeps what is still ahead of it.
    pub(super) async fn settle_heads(&mut self) -> Result<(), SdkError> {
        for (one, other) in std::mem::take(&mut self.heads.contradictions) {
            self.two_histories(&one, &other).await?;
        }
        if !self.heads.changed && self.heads.heard.is_empty() {
            return Ok(());
        }
        let newest = self.heads.newest.clone();
        let mut ahead = Vec::new();
        for heard in std::mem::take(&mut self.heads.heard) {
            let seq = heard.head.head.seq;
            let own = rooms::hash_at(&mut self.step.tx, self.row.id, seq).await?;
            let told = heard.told(own, newest.as_ref(), &self.row.position);
            if told == Told::Agrees || !(heard.kept || self.heads.holds(&heard.head)) {
                continue;
            }
            match &newest {
                Some(newest) if told == Told::TwoHistories => {
                    self.two_histories(newest, &heard.head).await?;
                }
                _ => ahead.push((heard.head, heard.carrier)),
            }
        }
        ahead.sort_by_key(|(head, _)| head.head.seq);
        ahead.truncate(AHEAD_MAX);
        rooms::set_heads(&mut self.step.tx, self.row.id, newest.as_ref(), &ahead).await
    }

    async fn two_histories(
        &mut self,
        one: &SignedHead,
        other: &SignedHead,
    ) -> Result<(), SdkError> {
        let what = format!(
            "the hub signed two histories: event {} differs between members",
            other.head.seq
        );
        self.alarm(what, (Some(&encode(one)), Some(&encode(other))))
            .await
    }
}

impl Inner {
    /// The hub's document for judging `events` and `heads`. The outer `None`: the room is not
    /// this device's. The inner: it cannot be had now and nothing depends on it.
    pub(super) async fn document_for(
        &self,
        room: &RoomUri,
        events: &[Event],
        heads: &[SignedHead],
    ) -> Result<Option<Option<Arc<VerifiedDocument>>>, SdkError> {
        let hub = match self.room_hub(room).await {
            Ok(hub) => hub,
            Err(SdkError::UnknownRoom(_) | SdkError::Mls(_)) => return Ok(None),
            Err(error) => return Err(error),
        };
        match self.hub_document(&hub).await {
            Ok(document) => Ok(Some(Some(document))),
            // A commit that names orders cannot be judged without their keys.
            Err(error) if events.iter().any(names_orders) => Err(error),
            Err(error) => {
                let waiting = heads.len();
                tracing::debug!(%room, %error, waiting, "heads are not verified now");
                Ok(Some(None))
            }
        }
    }

    /// The hub may have a new key: its document is asked for anew. Whether it leads on from the
    /// root that the room names.
    pub(super) async fn look_for_new_keys(&self, room: &RoomUri) -> bool {
        let Ok(hub) = self.room_hub(room).await else {
            return false;
        };
        let Some(server) = hub.server() else {
            return false;
        };
        if let Err(error) = self.refresh_document(&server, hub.root).await {
            tracing::debug!(%server, %error, "no newer document");
        }
        self.must_follow(room)
    }
}

fn names_orders(event: &Event) -> bool {
    let read = || {
        let body = CommitBody::from_bytes(event.body.as_slice()).ok()?;
        let header = MlsHeader::read(body.commit.as_slice())?;
        Aad::from_bytes(header.aad).ok()
    };
    event.header.kind == EventKind::COMMIT && read().is_some_and(|aad| !aad.orders.is_empty())
}
