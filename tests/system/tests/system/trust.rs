//! Keys and roots of servers are replaced, pins change, servers are blocked: each as a story over
//! three servers, with what their operators see (DOC-5, DOC-9 to DOC-11, DISC-11, FED-21, FED-22).

mod blocks;
mod roots;

use std::time::Duration;

use holm::operator::{Client, PEERS, Peer, RETRY_PEER, RetriedPeer, RetryPeer};
use holm_protocol::{RoomUri, ServerName};
use holm_system_tests::{Person, Scene};

/// How often, and after which pause, an operator tries.
const TRIES: usize = 100;
const PAUSE: Duration = Duration::from_millis(100);

const ISLET: &str = "islet.test";
const SKERRY: &str = "skerry.test";
const ATOLL: &str = "atoll.test";

/// Three servers, a person on each, and a room of which islet is hub.
struct Story {
    scene: Scene,
    alice: Person,
    bob: Person,
    carol: Person,
    room: RoomUri,
}

impl Story {
    async fn begin() -> Self {
        let scene = Scene::start(&[ISLET, SKERRY, ATOLL]).await;
        let alice = Person::register(&scene, ISLET, "alice").await;
        let mut bob = Person::register(&scene, SKERRY, "bob").await;
        let mut carol = Person::register(&scene, ATOLL, "carol").await;
        let room = alice.device.create_room().await.unwrap();
        let users = [bob.user.clone(), carol.user.clone()];
        alice.device.add_users(&room, &users).await.unwrap();
        assert_eq!(bob.joins().await, room);
        assert_eq!(carol.joins().await, room);
        let story = Self {
            scene,
            alice,
            bob,
            carol,
            room,
        };
        // Two followers of one room may never have spoken.
        assert_eq!(story.retry(ATOLL, SKERRY).await.error, None);
        story
    }

    /// The operator's way to a server.
    fn operator(&self, domain: &str) -> Client {
        let server = self.scene.lab.server(domain).unwrap();
        Client::of_folder(&server.data_dir())
    }

    /// The operator of `at` has `domain` tried now.
    async fn retry(&self, at: &str, domain: &str) -> RetriedPeer {
        let domain = name(domain);
        let question = RetryPeer { domain };
        self.operator(at).ask(&RETRY_PEER, &question).await.unwrap()
    }

    /// The operator of `at` has `domain` tried until `seen`: DNS answers are kept for a second.
    async fn retry_until(&self, at: &str, domain: &str, seen: impl Fn() -> bool) {
        for _ in 0..TRIES {
            assert_eq!(self.retry(at, domain).await.error, None);
            if seen() {
                return;
            }
            tokio::time::sleep(PAUSE).await;
        }
        panic!("{at} did not look at {domain} anew: {}", self.log(at));
    }

    /// What the operator of `at` sees of `domain`.
    async fn seen(&self, at: &str, domain: &str) -> Peer {
        let peers = self.operator(at).ask(&PEERS, &()).await.unwrap().peers;
        let seen = peers
            .into_iter()
            .find(|peer| peer.domain.as_str() == domain);
        seen.unwrap_or_else(|| panic!("{at} lists no {domain}"))
    }

    fn log(&self, domain: &str) -> String {
        self.scene.lab.server(domain).unwrap().log()
    }

    /// Alice's word reaches the two others.
    async fn alice_says(&mut self, text: &str) {
        self.alice.device.send(&self.room, text).await.unwrap();
        self.bob.hears(text).await;
        self.carol.hears(text).await;
    }

    /// Bob's word reaches the two others.
    async fn bob_says(&mut self, text: &str) {
        self.bob.device.send(&self.room, text).await.unwrap();
        self.alice.hears(text).await;
        self.carol.hears(text).await;
    }
}

fn name(domain: &str) -> ServerName {
    ServerName::parse(domain).unwrap()
}
