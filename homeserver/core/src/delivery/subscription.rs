//! A connected device's place in all of its rooms, and what it gets next.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;

use holm_protocol::{DeviceUri, Problem, RoomUri};

use super::connection::{Connection, Look};
use super::{LiveEvent, Outgoing};
use crate::homeserver::{Homeserver, internal};
use crate::ports::{Membership, StoredEntry, first_open};

/// Events of one room in one go, so that a busy room does not hold up the others.
const TURN_EVENTS: usize = 64;
/// Bytes of one room in one go.
const TURN_BYTES: usize = 512 * 1_024;
/// Milliseconds between two heads of a room to a device (HEAD-3).
const HEAD_INTERVAL_MS: u64 = 1_000;

/// How far a device has been sent one room.
#[derive(Clone, Debug)]
pub(super) struct Place {
    anchor: u64,
    until: Option<u64>,
    cursor: u64,
    /// The device was let in again after `until`.
    comes_back: bool,
    head_at: u64,
}

/// A connected device's place in all of its rooms.
pub struct Subscription {
    homeserver: Homeserver,
    device: DeviceUri,
    connection: Arc<Connection>,
    places: BTreeMap<RoomUri, Place>,
    /// Rooms to look at; at most the device's own.
    pending: BTreeMap<RoomUri, Look>,
    /// The room that had the last turn.
    last: Option<RoomUri>,
    /// Rooms not yet read to the end since the connection began.
    catching_up: Option<BTreeSet<RoomUri>>,
}

impl Place {
    /// The place by a device's memberships in a room, oldest first: in the first that it has not
    /// read to its end, by its own cursor where it gave one, also past the newest event (SYNC-19).
    pub(super) fn of(memberships: Vec<Membership>, cursor: Option<u64>) -> Option<Self> {
        let newest = memberships.last()?.anchor;
        let reached = |m: &Membership| cursor.unwrap_or(m.delivered);
        let membership = first_open(memberships, |m| m.is_over_at(reached(m)))?;
        let before_anchor = membership.anchor.saturating_sub(1);
        Some(Self {
            anchor: membership.anchor,
            until: membership.until,
            cursor: reached(&membership).max(before_anchor),
            comes_back: membership.anchor < newest,
            head_at: 0,
        })
    }

    fn is_within(&self, seq: u64) -> bool {
        self.until.is_none_or(|until| seq <= until)
    }
}

impl Subscription {
    pub(super) fn new(
        homeserver: Homeserver,
        device: DeviceUri,
        connection: Arc<Connection>,
        places: BTreeMap<RoomUri, Place>,
    ) -> Self {
        let first = Look {
            membership: false,
            orders: true,
        };
        let pending = places.keys().map(|room| (room.clone(), first)).collect();
        let catching_up = Some(places.keys().cloned().collect());
        Self {
            homeserver,
            device,
            connection,
            places,
            pending,
            last: None,
            catching_up,
        }
    }

    /// Waits for the next things to send; at least one.
    pub async fn next(&mut self) -> Result<Vec<Outgoing>, Problem> {
        let connection = Arc::clone(&self.connection);
        loop {
            if let Some(code) = connection.closed() {
                return Ok(vec![Outgoing::Closed(code)]);
            }
            let answers = connection.take_answers();
            if !answers.is_empty() {
                return Ok(answers);
            }
            self.gather();
            let outgoing = self.turn().await?;
            if !outgoing.is_empty() {
                return Ok(outgoing);
            }
            if self.pending.is_empty() {
                connection.news.notified().await;
            }
        }
    }

    fn gather(&mut self) {
        for (room, look) in self.connection.take() {
            let entry = self.pending.entry(room).or_default();
            entry.membership |= look.membership;
            entry.orders |= look.orders;
        }
    }

    /// One room's turn, then the marker where everything stored has been sent.
    async fn turn(&mut self) -> Result<Vec<Outgoing>, Problem> {
        let mut outgoing = Vec::new();
        if let Some((room, look)) = self.next_room() {
            let more = self.look(&room, look, &mut outgoing).await?;
            if more {
                self.pending.entry(room).or_default();
            } else if let Some(waiting) = self.catching_up.as_mut() {
                waiting.remove(&room);
            }
        }
        if self.catching_up.as_ref().is_some_and(BTreeSet::is_empty) {
            self.catching_up = None;
            outgoing.push(Outgoing::CaughtUp);
        }
        Ok(outgoing)
    }

    /// The next room in turn: the first after the one that had the last turn.
    fn next_room(&mut self) -> Option<(RoomUri, Look)> {
        let after = self.last.take().and_then(|last| {
            let range = (Bound::Excluded(last), Bound::Unbounded);
            self.pending
                .range(range)
                .next()
                .map(|(room, _)| room.clone())
        });
        let room = after.or_else(|| self.pending.keys().next().cloned())?;
        self.last = Some(room.clone());
        self.pending.remove_entry(&room)
    }

    /// Sends what a room has for the device; whether there is more.
    async fn look(
        &mut self,
        room: &RoomUri,
        look: Look,
        outgoing: &mut Vec<Outgoing>,
    ) -> Result<bool, Problem> {
        if look.membership || !self.places.contains_key(room) {
            self.refresh(room).await?;
        }
        let Some(place) = self.places.get(room).cloned() else {
            return Ok(false);
        };
        let sent_before = outgoing.len();
        let more = match place.cursor < place.anchor {
            true => self.enter(room, outgoing).await?,
            false => self.read(room, &place, outgoing).await?,
        };
        self.attach_head(room, more, sent_before, outgoing).await;
        if look.orders && !more {
            self.orders(room, outgoing).await?;
        } else if look.orders {
            self.pending.entry(room.clone()).or_default().orders = true;
        }
        Ok(more)
    }

    /// Entry, re-entry or removal: the membership is read again.
    async fn refresh(&mut self, room: &RoomUri) -> Result<(), Problem> {
        let rooms = &self.homeserver.ports.rooms;
        let memberships = rooms.memberships_in(&self.device, room).await;
        let memberships = memberships.map_err(|e| internal(&e))?;
        let cursor = self.places.get(room).map(|p| p.cursor);
        match Place::of(memberships, cursor) {
            Some(place) => drop(self.places.insert(room.clone(), place)),
            None => drop(self.places.remove(room)),
        }
        Ok(())
    }

    /// The commit that let the device in, with its Welcome.
    async fn enter(
        &mut self,
        room: &RoomUri,
        outgoing: &mut Vec<Outgoing>,
    ) -> Result<bool, Problem> {
        let Some(place) = self.places.get_mut(room) else {
            return Ok(false);
        };
        let log = &self.homeserver.ports.log;
        let read = log.read(room, place.anchor - 1, 1, TURN_BYTES).await;
        let entry = read.map_err(|e| internal(&e))?.into_iter().next();
        let Some(entry) = entry.filter(|e| e.seq == place.anchor) else {
            return Ok(false);
        };
        place.cursor = place.anchor;
        outgoing.push(welcome(room, entry));
        Ok(true)
    }

    async fn read(
        &mut self,
        room: &RoomUri,
        place: &Place,
        outgoing: &mut Vec<Outgoing>,
    ) -> Result<bool, Problem> {
        let events = self.events_after(room, place.cursor).await?;
        let read = events.len();
        let events: Vec<_> = events
            .into_iter()
            .filter(|(seq, _)| place.is_within(*seq))
            .collect();
        let cut = events.len() < read;
        let last = events.last().map(|(seq, _)| *seq);
        // Where nothing is left of a former time in the room, the next begins.
        let reached = last.or(place.until.filter(|_| place.comes_back));
        let Some(reached) = reached else {
            return Ok(false);
        };
        let returned = place.comes_back && place.until == Some(reached);
        if let Some(place) = self.places.get_mut(room) {
            place.cursor = reached;
        }
        let event = |(_, event)| Outgoing::Event {
            room: room.clone(),
            event,
            head: None,
        };
        outgoing.extend(events.into_iter().map(event));
        if returned {
            self.refresh(room).await?;
        }
        // A short page from the store may be the byte limit: look once more.
        Ok(!cut || returned)
    }

    async fn events_after(
        &self,
        room: &RoomUri,
        after: u64,
    ) -> Result<Vec<(u64, LiveEvent)>, Problem> {
        let tail = self.homeserver.rooms.active(room).map(|handle| handle.tail);
        if let Some(events) = tail.and_then(|tail| tail.read(after, TURN_EVENTS)) {
            return Ok(events);
        }
        let read = self
            .homeserver
            .ports
            .log
            .read(room, after, TURN_EVENTS, TURN_BYTES)
            .await;
        let entries = read.map_err(|e| internal(&e))?;
        Ok(entries
            .into_iter()
            .map(|e| (e.seq, e.event.into()))
            .collect())
    }

    /// A head beside the last event, at most once a second a room.
    async fn attach_head(
        &mut self,
        room: &RoomUri,
        more: bool,
        from: usize,
        outgoing: &mut [Outgoing],
    ) {
        let now = self.homeserver.now_ms();
        let Some(place) = self.places.get_mut(room) else {
            return;
        };
        let due = more && place.until.is_none() && now >= place.head_at + HEAD_INTERVAL_MS;
        let Some(Outgoing::Event { head, .. }) = outgoing.get_mut(from..).and_then(<[_]>::last_mut)
        else {
            return;
        };
        if due && let Ok(newest) = self.homeserver.local_head(room).await {
            place.head_at = now;
            *head = Some(newest);
        }
    }

    async fn orders(
        &mut self,
        room: &RoomUri,
        outgoing: &mut Vec<Outgoing>,
    ) -> Result<(), Problem> {
        if self.places.get(room).is_none_or(|p| p.until.is_some()) {
            return Ok(());
        }
        let orders = self.homeserver.ports.rooms.open_orders(room).await;
        let orders = orders.map_err(|e| internal(&e))?.into_iter();
        outgoing.extend(orders.map(|o| Outgoing::Order {
            room: room.clone(),
            order: o.bytes,
        }));
        Ok(())
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.homeserver
            .delivery
            .forget(&self.device, &self.connection);
    }
}

/// A Welcome frame; a device that entered by its own external commit gets the event alone.
fn welcome(room: &RoomUri, entry: StoredEntry) -> Outgoing {
    let (room, event) = (room.clone(), entry.event);
    match entry.attachment {
        Some(a) => Outgoing::Welcome {
            room,
            event,
            welcome: a.welcome,
            interim: a.interim,
        },
        None => Outgoing::Event {
            room,
            event: event.into(),
            head: None,
        },
    }
}
