//! A room of which a rogue is hub: it numbers, signs and sends what it is told.

use holm_protocol::bundle::Bundle;
use holm_protocol::encoding::encode;
use holm_protocol::event::Position;
use holm_protocol::federation::{
    Anchor, KeyMaterialRequest, KeyMaterialResponse, LogPage, NotifyRequest, NotifyResponse,
    RoomCursor,
};
use holm_protocol::{
    Base64Url, Event, EventHeader, EventKind, Hash, Head, Problem, RoomUri, SignedHead, UserUri,
};

use crate::member::{Change, Member, escape};
use crate::rogue::Rogue;
use crate::scene::{Scene, now_ms, random};

/// A room and its log at a rogue hub.
pub struct RogueRoom {
    /// The room.
    pub room: RoomUri,
    /// Its owner, a user of the rogue.
    pub owner: Member,
    /// The newest place of the log.
    pub position: Position,
}

impl RogueRoom {
    /// Begins a room with the rogue as hub.
    ///
    /// # Panics
    /// Where MLS refuses.
    pub fn begin(scene: &Scene, rogue: &Rogue) -> Self {
        let letters: String = random::<16>()
            .iter()
            .map(|b| char::from(b'a' + b % 26))
            .collect();
        let room = RoomUri::new(&rogue.name, &letters).expect("a room name");
        let mut owner = Member::of_rogue(scene, rogue.name.as_str(), "mallory");
        owner.begin(&room, &rogue.name, rogue.root.public());
        let position = Position::origin(&room);
        Self {
            room,
            owner,
            position,
        }
    }

    /// Claims the KeyPackage of a user of a real server for a room, which may be another one.
    ///
    /// # Panics
    /// Where the server refuses.
    pub async fn claim(
        &self,
        scene: &Scene,
        rogue: &Rogue,
        user: &UserUri,
        room: &RoomUri,
    ) -> Vec<u8> {
        let request = KeyMaterialRequest {
            requester: self.owner.user.clone(),
            room: room.clone(),
            hub: rogue.name.clone(),
            claim_id: Base64Url::from(random::<16>().to_vec()),
        };
        let path = format!("/federation/v1/keyMaterial/{}", escape(user.as_str()));
        let answer = rogue.post(scene, user.domain(), &path, &request).await;
        let claimed: KeyMaterialResponse = answer.good();
        claimed.key_packages[0].key_package.as_slice().to_vec()
    }

    /// Adds a member: the anchor's page for its server.
    ///
    /// # Panics
    /// Where MLS refuses.
    pub fn add(&mut self, rogue: &Rogue, key_package: Vec<u8>) -> LogPage {
        let interim = self.interim();
        let bundle = self.owner.commit(&Change {
            adds: vec![key_package],
            ..Change::default()
        });
        self.owner.merge();
        let tree = self.tree();
        let event = self.commit_event(&bundle);
        let seq = event.header.seq;
        let mut page = self.page(rogue, &[event]);
        page.anchors = vec![Anchor {
            seq,
            welcome: bundle.welcome.expect("a Welcome").into(),
            interim,
            tree: Some(tree.into()),
        }];
        page
    }

    /// The interim transcript hash of the owner's epoch.
    ///
    /// # Panics
    /// Without a group.
    pub fn interim(&self) -> Hash {
        holm_mls::bundle::interim_hash(self.owner.group.as_ref().expect("a group").public_group())
    }

    /// The tree of the owner's epoch.
    ///
    /// # Panics
    /// Without a group.
    pub fn tree(&self) -> Vec<u8> {
        encode(
            &self
                .owner
                .group
                .as_ref()
                .expect("a group")
                .export_ratchet_tree(),
        )
    }

    /// Numbers a commit as the next event.
    pub fn commit_event(&mut self, bundle: &Bundle) -> Event {
        self.event(EventKind::COMMIT, bundle.body().to_bytes())
    }

    /// Numbers a body as the next event.
    pub fn event(&mut self, kind: EventKind, body: Vec<u8>) -> Event {
        let header = EventHeader {
            room: self.room.clone(),
            seq: self.position.seq + 1,
            time: now_ms().max(self.position.time),
            kind,
            prev: self.position.hash,
        };
        let event = Event::new(header, body);
        self.position = Position::after(&event);
        event
    }

    /// A page with these events and an honest head.
    pub fn page(&self, rogue: &Rogue, events: &[Event]) -> LogPage {
        LogPage {
            room: self.room.clone(),
            head: encode(&self.head(rogue)).into(),
            events: events.iter().map(|e| e.to_bytes().into()).collect(),
            anchors: Vec::new(),
            orders: Vec::new(),
        }
    }

    /// The newest head, signed.
    pub fn head(&self, rogue: &Rogue) -> SignedHead {
        let head = Head {
            room: self.room.clone(),
            term: 1,
            seq: self.position.seq,
            hash: self.position.hash,
            time: now_ms(),
        };
        SignedHead::sign(head, "m1", &rogue.room_key)
    }

    /// Brings a page to a real server; how far it went, and what stopped it.
    ///
    /// # Panics
    /// Where the server refuses the request as such.
    pub async fn bring(
        &self,
        scene: &Scene,
        rogue: &Rogue,
        target: &str,
        page: LogPage,
    ) -> (u64, Option<Problem>) {
        let request = NotifyRequest { rooms: vec![page] };
        let answer = rogue
            .post(scene, target, "/federation/v1/notify", &request)
            .await;
        let mut answer: NotifyResponse = answer.good();
        let RoomCursor {
            cursor, problem, ..
        } = answer.rooms.remove(0);
        (cursor, problem)
    }
}
