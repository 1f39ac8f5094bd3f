//! Many rooms with one rogue as hub, followed by a real server.

use holm_client_types::key_package::UploadKeyPackagesRequest;
use holm_protocol::federation::{NotifyRequest, NotifyResponse};
use holm_protocol::{EventKind, Hash, Problem};
use holm_system_tests::{Member, Rogue, RogueRoom, Scene};

const ISLET: &str = "islet.test";

/// Rooms of a rogue, with alice of a real server in each.
pub(super) struct Rooms {
    scene: Scene,
    rogue: Rogue,
    all: Vec<RogueRoom>,
}

impl Rooms {
    pub(super) async fn enter(count: usize) -> Self {
        let scene = Scene::start(&[ISLET]).await;
        let rogue = Rogue::start(&scene, "rogue.test").await;
        let alice = Member::register(&scene, ISLET, "alice").await;
        let key_packages = (0..count).map(|_| alice.key_package().into()).collect();
        let upload = UploadKeyPackagesRequest { key_packages };
        alice
            .post("/client/v1/keyPackages", &upload)
            .await
            .expect_good();
        let mut rooms = Vec::new();
        for _ in 0..count {
            let mut room = RogueRoom::begin(&scene, &rogue);
            let name = room.room.clone();
            let package = room.claim(&scene, &rogue, &alice.user, &name).await;
            let page = room.add(&rogue, package);
            assert_eq!(room.bring(&scene, &rogue, ISLET, page).await, (1, None));
            rooms.push(room);
        }
        Self {
            scene,
            rogue,
            all: rooms,
        }
    }

    /// One call with one event of every room, that of `forked` from another history.
    pub(super) async fn bring(&mut self, forked: Option<usize>) -> Vec<(u64, Option<Problem>)> {
        let mut pages = Vec::new();
        for (number, room) in self.all.iter_mut().enumerate() {
            let mut event = room.event(EventKind(99), b"x".to_vec());
            if forked == Some(number) {
                event.header.prev = Hash([7; 32]);
                room.position.hash = event.hash();
            }
            pages.push(room.page(&self.rogue, &[event]));
        }
        let request = NotifyRequest { rooms: pages };
        let path = "/federation/v1/notify";
        let answer = self.rogue.post(&self.scene, ISLET, path, &request).await;
        let answer: NotifyResponse = answer.good();
        let same = answer.rooms.iter().zip(&self.all);
        assert!(same.clone().all(|(answer, room)| answer.room == room.room));
        answer
            .rooms
            .into_iter()
            .map(|r| (r.cursor, r.problem))
            .collect()
    }

    /// The operator's log names the room, the event, the reason, and what to do.
    pub(super) fn log_says_which_and_why(&self, number: usize) {
        let log = self.scene.lab.server(ISLET).unwrap().log();
        let lines: Vec<_> = log.lines().filter(|l| l.contains("set aside")).collect();
        assert_eq!(lines.len(), 1, "{log}");
        let room = self.all[number].room.as_str();
        for part in [
            room,
            "event 2 cannot be applied",
            "rogue.test",
            "take the matter up",
        ] {
            assert!(lines[0].contains(part), "{part} is missing in {}", lines[0]);
        }
    }

    /// After a restart the heads of all rooms are compared, and no page of the stopped one is
    /// asked for.
    pub(super) async fn stays_so_after_a_restart(&mut self, number: usize) {
        let server = self.scene.lab.server(ISLET).unwrap();
        server.restart().await.unwrap();
        let answer = self.bring(None).await;
        for (at, (cursor, problem)) in answer.iter().enumerate() {
            assert_eq!(problem.is_some(), at == number);
            assert_eq!(*cursor, if at == number { 1 } else { 4 });
        }
    }
}
