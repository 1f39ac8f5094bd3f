//! A follower that can't reach the hub while the hub reaches it: epochs pass over what it holds.

use holm::lab::{Direction, Front, Older};
use holm_client_types::room::EventsResponse;
use holm_protocol::{Event, EventKind, RoomUri};
use holm_sdk::{Content, DeviceEvent, MessageState, Piece, pieces};
use holm_system_tests::{Change, Member, Person, Scene};
use tokio::time::timeout;

use super::{FOLLOWERS, HUB, PATIENCE};

/// Alice at the hub, past the wire, and bob at a follower.
pub(super) struct PassedEpoch {
    scene: Scene,
    alice: Member,
    carol: Member,
    bob: Person,
    room: RoomUri,
    /// Number of the newest event that alice has.
    read: u64,
}

impl PassedEpoch {
    pub(super) async fn begin() -> Self {
        let scene = Scene::start_behind(&[HUB, FOLLOWERS[0]], Front::Wire).await;
        let mut alice = Member::register(&scene, HUB, "alice").await;
        let carol = Member::register(&scene, HUB, "carol").await;
        let bob = Person::register(&scene, FOLLOWERS[0], "bob").await;
        let room = alice.create_room().await;
        let mut passed = Self {
            scene,
            alice,
            carol,
            bob,
            room,
            read: 0,
        };
        let package = passed.alice.claim_one(&passed.bob.user, &passed.room).await;
        passed.commit(vec![package]).await;
        assert_eq!(passed.bob.joins().await, passed.room);
        passed
    }

    /// The hub dies, bob says texts that his server holds, and the hub comes back unreachable.
    pub(super) async fn holds(&mut self, texts: &[&str]) {
        let hub = self.scene.lab.server(HUB).unwrap();
        hub.kill().await.unwrap();
        self.says(texts).await;
        for text in texts {
            let held =
                |event: &DeviceEvent| matches!(event, DeviceEvent::Held { .. }).then_some(());
            self.bob.wait(text, held).await;
        }
        self.wire().cut_one(Direction::ToServer);
        hub.restart().await.unwrap();
    }

    /// Bob says texts.
    pub(super) async fn says(&self, texts: &[&str]) {
        for text in texts {
            self.bob.device.send(&self.room, text).await.unwrap();
        }
    }

    /// Alice moves the room on by four epochs, and bob's device takes them while his messages are
    /// held.
    pub(super) async fn epochs_pass(&mut self) {
        for _ in 0..3 {
            self.commit(Vec::new()).await;
        }
        let package = self.alice.claim_one(&self.carol.user, &self.room).await;
        self.commit(vec![package]).await;
        let participants =
            |event: &DeviceEvent| matches!(event, DeviceEvent::Participants { .. }).then_some(());
        self.bob.wait("the newest epoch", participants).await;
        let timeline = self.bob.device.timeline(&self.room, None, 100).await;
        assert!(timeline.iter().all(|e| e.state == MessageState::Held));
    }

    /// The hub can be reached again.
    pub(super) fn heals(&self) {
        self.wire().heal(Older::GoOn);
    }

    /// Waits until bob's device knows the places of so many messages; their texts in the log, as
    /// alice reads them.
    pub(super) async fn log(&mut self, count: usize) -> Vec<String> {
        for n in 0..count {
            let sent =
                |event: &DeviceEvent| matches!(event, DeviceEvent::Sent { .. }).then_some(());
            self.bob
                .wait(&format!("the place of message {n}"), sent)
                .await;
        }
        let room = self.room.as_str().replace(':', "%3A").replace('/', "%2F");
        let path = format!(
            "/client/v1/rooms/{room}/events?after={}&limit=256",
            self.read
        );
        let page: EventsResponse = self.alice.get(&path).await.good();
        let mut texts = Vec::new();
        for bytes in page.events {
            let event = Event::from_bytes(bytes.as_slice()).unwrap();
            assert_eq!(event.header.kind, EventKind::MESSAGE);
            let content = self.alice.receive(event.body.as_slice()).unwrap().unwrap();
            let content = Content::from_bytes(&content).unwrap();
            let [Piece::Text(text)] = &pieces(&content.body)[..] else {
                panic!("one text: {content:?}");
            };
            texts.push(text.source.clone());
        }
        texts
    }

    async fn commit(&mut self, adds: Vec<Vec<u8>>) {
        let bundle = self.alice.commit(&Change {
            adds,
            ..Change::default()
        });
        let submitted = timeout(PATIENCE, self.alice.submit(&self.room, &bundle));
        submitted.await.expect("the hub answers").expect_good();
        self.alice.merge();
        self.read += 1;
    }

    fn wire(&self) -> &holm::lab::Wire {
        self.scene.lab.wire(HUB).unwrap()
    }
}
