//! A server that has made another store as much as it may: what it brings waits there, nothing
//! else does, and all of it comes once the operator allows more (FED-24, FED-25).

use std::time::Duration;

use holm::operator::{Client, PEERS, Peer};
use holm_protocol::RoomUri;
use holm_sdk::DeviceEvent;
use holm_system_tests::{Person, Scene};

const ISLET: &str = "islet.test";
const SKERRY: &str = "skerry.test";
const HOLM: &str = "holm.test";

/// Looks at a peer before a test gives up, and the pause between two.
const TRIES: usize = 1_200;
const PAUSE: Duration = Duration::from_millis(50);

/// A person of each server, and a room at each, which all are in.
struct Three {
    scene: Scene,
    alice: Person,
    bob: Person,
    carol: Person,
    /// At islet, at skerry, at holm.
    rooms: [RoomUri; 3],
}

impl Three {
    async fn begin() -> Self {
        let scene = Scene::start(&[ISLET, SKERRY, HOLM]).await;
        let mut all = [
            Person::register(&scene, ISLET, "alice").await,
            Person::register(&scene, SKERRY, "bob").await,
            Person::register(&scene, HOLM, "carol").await,
        ];
        let mut rooms = Vec::new();
        for owner in 0..all.len() {
            let room = all[owner].device.create_room().await.unwrap();
            let others = (0..all.len()).filter(|one| *one != owner);
            let users: Vec<_> = others.clone().map(|one| all[one].user.clone()).collect();
            all[owner].device.add_users(&room, &users).await.unwrap();
            for one in others {
                assert_eq!(all[one].joins().await, room);
            }
            rooms.push(room);
        }
        let [alice, bob, carol] = all;
        Self {
            scene,
            alice,
            bob,
            carol,
            rooms: rooms.try_into().unwrap(),
        }
    }

    /// What the operator of `at` sees of `domain`.
    async fn seen(&self, at: &str, domain: &str) -> Peer {
        let data = self.scene.lab.server(at).unwrap().data_dir();
        let peers = Client::of_folder(&data)
            .ask(&PEERS, &())
            .await
            .unwrap()
            .peers;
        let seen = peers.into_iter().find(|p| p.domain.as_str() == domain);
        seen.unwrap_or_else(|| panic!("{at} lists no {domain}"))
    }

    /// Islet stores so many bytes because of another server, from a restart on.
    async fn islet_allows(&self, bytes: u64) {
        let islet = self.scene.lab.server(ISLET).unwrap();
        let configured = islet.configure(|c| c.quotas.stored_bytes = bytes).await;
        configured.unwrap();
        islet.restart().await.unwrap();
    }

    /// Islet has refused events of a room of skerry's.
    async fn skerry_is_refused(&self) {
        for _ in 0..TRIES {
            if self.seen(SKERRY, ISLET).await.rooms_resting == 1 {
                return;
            }
            tokio::time::sleep(PAUSE).await;
        }
        panic!("islet takes what skerry brings, or skerry does not bring it");
    }

    async fn texts(&self, room: &RoomUri) -> Vec<String> {
        let timeline = self.alice.device.timeline(room, None, 1_000).await;
        timeline.into_iter().map(|entry| entry.text).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_over_its_disk_quota_is_refused_while_others_go_on_and_gets_all_through_once_it_is_raised()
 {
    // FED-24, FED-25, FED-15, Q06
    let mut three = Three::begin().await;
    let [at_islet, at_skerry, at_holm] = three.rooms.clone();
    // Skerry has made islet store more than holm has.
    let long = "long ".repeat(2_000);
    three.bob.device.send(&at_skerry, &long).await.unwrap();
    three.alice.hears(&long).await;
    let stored = three.seen(ISLET, SKERRY).await;
    assert!(
        !stored.over_quota && stored.stored_bytes > 10_000,
        "{stored:?}"
    );
    three.islet_allows(stored.stored_bytes).await;
    let after = three.seen(ISLET, SKERRY).await;
    assert_eq!(
        (after.stored_bytes, after.over_quota),
        (stored.stored_bytes, true)
    );
    // As hub and as follower alike.
    for text in ["one", "two", "three"] {
        three.bob.device.send(&at_skerry, text).await.unwrap();
        three.bob.device.send(&at_islet, text).await.unwrap();
    }
    for _ in 0..3 {
        let held = |event: &DeviceEvent| match event {
            DeviceEvent::Held { room, .. } => Some(room.clone()),
            DeviceEvent::Failed { problem, .. } => panic!("{problem}"),
            _ => None,
        };
        assert_eq!(three.bob.wait("held", held).await, at_islet);
    }
    three.skerry_is_refused().await;
    // Others go on, in the same room too.
    for room in [&at_holm, &at_islet] {
        three.carol.device.send(room, "we go on").await.unwrap();
        three.alice.hears("we go on").await;
        three.bob.hears("we go on").await;
    }
    assert_eq!(three.texts(&at_skerry).await, [long.as_str()]);
    assert_eq!(three.texts(&at_islet).await, ["we go on"]);
    let stored = three.seen(ISLET, SKERRY).await;
    assert_eq!(
        (stored.stored_bytes, stored.over_quota),
        (after.stored_bytes, true)
    );
    assert!(!three.seen(ISLET, HOLM).await.over_quota);
    three.islet_allows(0).await;
    for _ in 0..6 {
        let message = |event: &DeviceEvent| matches!(event, DeviceEvent::Message(_)).then_some(());
        three.alice.wait("what waited", message).await;
    }
    let texts = three.texts(&at_skerry).await;
    assert_eq!(texts, [long.as_str(), "one", "two", "three"]);
    let texts = three.texts(&at_islet).await;
    assert_eq!(texts, ["we go on", "one", "two", "three"]);
    let last = three.seen(ISLET, SKERRY).await;
    assert!(
        !last.over_quota && last.stored_bytes > after.stored_bytes,
        "{last:?}"
    );
}
