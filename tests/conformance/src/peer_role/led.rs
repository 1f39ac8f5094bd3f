//! A room of which a homeserver of the kit is hub: it numbers, signs and brings what it is told,
//! to the server under test, whose user is in it.

use std::sync::Arc;

use holm_protocol::bundle::Bundle;
use holm_protocol::encoding::encode;
use holm_protocol::event::Position;
use holm_protocol::room_extension::{Hub, RoomExtension};
use holm_protocol::{Event, EventHeader, EventKind, Head, PrivateKey, RoomUri, SignedHead};
use serde_json::{Value, json};

use super::homeserver::Homeserver;
use super::hosted::peer_device;
use super::stage::Stage;
use super::verdict::code_of;
use crate::chance::{letters, now_ms, random};
use crate::client_role::device::change::Change;
use crate::client_role::device::{Device, base64, unbase64};
use crate::client_role::fault::{Check, During, same, wrong};
use crate::client_role::wire::{Response, segment};

/// The room and its log at the kit's homeserver.
pub(crate) struct Led {
    /// The hub.
    pub(crate) peer: Homeserver,
    /// The room's owner, a user of the hub.
    pub(crate) owner: Device,
    /// A user of the server under test whose KeyPackages are claimed.
    pub(crate) guest: Device,
    /// The room.
    pub(crate) room: RoomUri,
    /// The newest place of the log.
    pub(crate) position: Position,
    /// The hub's term.
    pub(crate) term: u32,
}

impl Led {
    /// Begins a room; nobody but its owner is in it.
    pub(crate) async fn begin(stage: &Arc<Stage>) -> Check<Self> {
        let peer = stage.peer().await?;
        let hub = Hub::new(&peer.name, peer.root.public());
        Self::begin_with(stage, peer, hub).await
    }

    /// Begins a room that names this hub.
    pub(crate) async fn begin_with(stage: &Arc<Stage>, peer: Homeserver, hub: Hub) -> Check<Self> {
        let mut owner = peer_device(&peer, "mallory", "m1")?;
        let room = RoomUri::new(&peer.name, &letters(16)).during("a room name")?;
        let term = hub.term;
        let extension = RoomExtension::new(hub, owner.user.clone());
        owner.begin_with(&room, &room.group_id(0), &extension)?;
        Ok(Self {
            peer,
            owner,
            guest: stage.invitee().await?,
            position: Position::origin(&room),
            room,
            term,
        })
    }

    /// Begins a room and lets the guest in; the server under test has a copy of one event.
    pub(crate) async fn entered(stage: &Arc<Stage>) -> Check<Self> {
        let mut led = Self::begin(stage).await?;
        let page = led.anchor().await?;
        led.takes(page, 1).await.during("the anchor")?;
        Ok(led)
    }

    /// Claims the guest's KeyPackage for a room.
    pub(crate) async fn claim_for(&self, room: &RoomUri) -> Check<Vec<u8>> {
        let body = json!({
            "requester": self.owner.user, "room": room, "hub": self.peer.name,
            "claim_id": base64(&random::<16>()),
        });
        let answer = self
            .peer
            .post(&claim_path(&self.guest), &body)
            .await?
            .good();
        unbase64(&answer.during("a claim")?["key_packages"][0]["key_package"])
    }

    /// Adds the guest: the page with its anchor.
    pub(crate) async fn anchor(&mut self) -> Check<Value> {
        let room = self.room.clone();
        let package = self.claim_for(&room).await?;
        self.add(package)
    }

    /// Adds whose KeyPackage this is: the page with the anchor.
    pub(crate) fn add(&mut self, package: Vec<u8>) -> Check<Value> {
        let (bundle, interim) = self.commit(&Change::add(vec![package]))?;
        let event = self.commit_event(&bundle);
        let mut page = self.page(std::slice::from_ref(&event));
        let welcome = bundle.welcome.as_ref().map(|w| base64(w));
        page["anchors"] = json!([{
            "seq": event.header.seq,
            "welcome": welcome.unwrap_or_default(),
            "interim": interim,
            "tree": base64(&self.owner.tree()?),
        }]);
        Ok(page)
    }

    /// A commit of the owner, merged, with the interim hash before it.
    pub(crate) fn commit(&mut self, change: &Change) -> Check<(Bundle, String)> {
        let interim = self.interim()?;
        let bundle = self.owner.commit(change)?;
        self.owner.merge()?;
        Ok((bundle, interim))
    }

    fn interim(&self) -> Check<String> {
        let group = self
            .owner
            .group
            .as_ref()
            .ok_or_else(|| wrong("no group".to_owned()))?;
        let interim = holm_mls::bundle::interim_hash(group.public_group());
        Ok(base64(&interim.0))
    }

    /// Numbers a commit as the next event.
    pub(crate) fn commit_event(&mut self, bundle: &Bundle) -> Event {
        self.event(EventKind::COMMIT, bundle.body().to_bytes())
    }

    /// Numbers a body as the next event.
    pub(crate) fn event(&mut self, kind: EventKind, body: Vec<u8>) -> Event {
        let event = self.next(kind, body);
        self.position = Position::after(&event);
        event
    }

    /// What would be the next event; the log stays as it is.
    pub(crate) fn next(&self, kind: EventKind, body: Vec<u8>) -> Event {
        let header = EventHeader {
            room: self.room.clone(),
            seq: self.position.seq + 1,
            time: now_ms().max(self.position.time),
            kind,
            prev: self.position.hash,
        };
        Event::new(header, body)
    }

    /// An event of a kind nobody knows: nothing but the chain is checked of it.
    pub(crate) fn strange(&mut self) -> Event {
        self.event(EventKind(99), b"of a later version".to_vec())
    }

    /// A page with these events and an honest head.
    pub(crate) fn page(&self, events: &[Event]) -> Value {
        let events: Vec<_> = events.iter().map(|e| base64(&e.to_bytes())).collect();
        json!({ "room": self.room, "head": self.head(), "events": events })
    }

    /// What the head says.
    pub(crate) fn unsigned_head(&self) -> Head {
        Head {
            room: self.room.clone(),
            term: self.term,
            seq: self.position.seq,
            hash: self.position.hash,
            time: now_ms(),
        }
    }

    /// The newest head, signed, as it stands in JSON.
    pub(crate) fn head(&self) -> String {
        signed(self.unsigned_head(), "m1", &self.peer.room_key)
    }

    /// Brings a page; how far the server is, and the code of what stopped it, empty where nothing
    /// did.
    pub(crate) async fn bring(&self, page: &Value) -> Check<(u64, String)> {
        let answer = notify(&self.peer, std::slice::from_ref(page))
            .await?
            .good()?;
        let room = &answer["rooms"][0];
        same("the room of the answer", &room["room"], &page["room"])?;
        let cursor = room["cursor"].as_u64();
        let cursor = cursor.ok_or_else(|| wrong(format!("no cursor: {answer}")))?;
        Ok((cursor, code_of(&room["problem"]).to_owned()))
    }

    /// A page is taken up to a number.
    pub(crate) async fn takes(&self, page: Value, cursor: u64) -> Check {
        same(
            "cursor and problem",
            &self.bring(&page).await?,
            &(cursor, String::new()),
        )
    }

    /// A page is refused with this code; the copy stays as it is.
    pub(crate) async fn refuses(&self, page: Value, cursor: u64, code: &str) -> Check {
        let wanted = (cursor, code.to_owned());
        same("cursor and problem", &self.bring(&page).await?, &wanted)
    }

    /// The next event is taken: nothing before did harm.
    pub(crate) async fn goes_on(&mut self) -> Check {
        let event = self.strange();
        let page = self.page(std::slice::from_ref(&event));
        self.takes(page, event.header.seq)
            .await
            .during("the room afterwards")
    }

    /// How many events the guest's server gives the guest.
    pub(crate) async fn stored(&self) -> Check<usize> {
        let page = self.guest.events(&self.room, "?after=0&limit=256").await?;
        let page = page.good()?;
        Ok(page["events"].as_array().map_or(0, Vec::len))
    }
}

/// The path of a claim of a device's user.
pub(crate) fn claim_path(device: &Device) -> String {
    format!(
        "/federation/v1/keyMaterial/{}",
        segment(device.user.as_str())
    )
}

/// A head signed under a key id, as it stands in JSON.
pub(crate) fn signed(head: Head, key_id: &str, key: &PrivateKey) -> String {
    base64(&encode(&SignedHead::sign(head, key_id, key)))
}

/// Brings pages as a hub does.
pub(crate) async fn notify(peer: &Homeserver, pages: &[Value]) -> Check<Response> {
    peer.post("/federation/v1/notify", &json!({ "rooms": pages }))
        .await
}
