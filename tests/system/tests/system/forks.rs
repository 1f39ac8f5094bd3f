//! A hub that signs two histories is found by its followers, and a claim raises nothing
//! (HEAD-4 to HEAD-8, FED-6).

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use holm::operator::{Client, FORKS};
use holm_protocol::aad::{Aad, ClientMsgId};
use holm_protocol::encoding::encode;
use holm_protocol::event::Position;
use holm_protocol::federation::{HeadsRequest, HeadsResponse, RoomHead};
use holm_protocol::proof::{Contradiction, ForkProof};
use holm_protocol::{Code, Event, EventKind, Hash, PrivateKey, SignedHead};
use holm_system_tests::{Member, Rogue, RogueRoom, Scene, random};

const ISLET: &str = "islet.test";
const SKERRY: &str = "skerry.test";
const FOUND_WITHIN: Duration = Duration::from_mins(1);

/// A rogue's room that two real servers follow.
struct Followed {
    scene: Scene,
    rogue: Rogue,
    room: RogueRoom,
}

async fn follow() -> Followed {
    let scene = Scene::start(&[ISLET, SKERRY]).await;
    let rogue = Rogue::start(&scene, "rogue.test").await;
    let mut room = RogueRoom::begin(&scene, &rogue);
    let uri = room.room.clone();
    for (domain, name) in [(ISLET, "alice"), (SKERRY, "bob")] {
        let member = Member::register(&scene, domain, name).await;
        let package = room.claim(&scene, &rogue, &member.user, &uri).await;
        let page = room.add(&rogue, package);
        let seq = room.position.seq;
        let events = page.events.clone();
        assert_eq!(room.bring(&scene, &rogue, domain, page).await, (seq, None));
        if domain == SKERRY {
            let mut page = room.page(&rogue, &[]);
            page.events = events;
            assert_eq!(room.bring(&scene, &rogue, ISLET, page).await, (2, None));
        }
    }
    Followed { scene, rogue, room }
}

impl Followed {
    /// Brings events to one follower, as the newest of the history that begins at `from`.
    async fn tell(&mut self, domain: &str, from: Position, texts: &[&str]) -> Position {
        self.room.position = from;
        let strange = |text: &&str| self.room.event(EventKind(99), text.as_bytes().to_vec());
        let events: Vec<_> = texts.iter().map(strange).collect();
        self.bring(domain, &events).await;
        self.room.position
    }

    async fn bring(&self, domain: &str, events: &[Event]) {
        let page = self.room.page(&self.rogue, events);
        let seq = self.room.position.seq;
        let brought = self.room.bring(&self.scene, &self.rogue, domain, page);
        assert_eq!(brought.await, (seq, None));
    }

    fn message(&mut self, head: SignedHead) -> Event {
        let mut aad = Aad::new(ClientMsgId(random()));
        aad.head = Some(head);
        let body = self.room.owner.encrypt_with(&aad, "hello");
        self.room.event(EventKind::MESSAGE, body)
    }

    fn proofs(&self, domain: &str) -> Vec<PathBuf> {
        let data = self.scene.lab.server(domain).unwrap().data_dir();
        let files = std::fs::read_dir(data.join("forks")).into_iter().flatten();
        let files = files.map(|entry| entry.unwrap().path());
        files
            .filter(|p| p.extension().is_some_and(|e| e == "proof"))
            .collect()
    }

    /// The first proof that one of these servers writes.
    async fn proof(&self, domains: &[&str]) -> PathBuf {
        let found = async {
            loop {
                let mut proofs = domains.iter().flat_map(|domain| self.proofs(domain));
                if let Some(proof) = proofs.next() {
                    return proof;
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        let found = tokio::time::timeout(FOUND_WITHIN, found).await;
        found.expect("a proof within a minute")
    }

    async fn forks(&self, domain: &str) -> usize {
        let data = self.scene.lab.server(domain).unwrap().data_dir();
        Client::of_folder(&data)
            .ask(&FORKS, &())
            .await
            .unwrap()
            .forks
            .len()
    }
}

fn how(proof: &Path) -> Contradiction {
    let proof = ForkProof::from_bytes(&std::fs::read(proof).unwrap()).unwrap();
    proof.verify().unwrap().how
}

fn verify(arguments: &[&str]) -> (Option<i32>, String) {
    let program = holm::lab::server_program().unwrap();
    let output = Command::new(program)
        .arg("verify-proof")
        .args(arguments)
        .output()
        .unwrap();
    (
        output.status.code(),
        String::from_utf8(output.stdout).unwrap(),
    )
}

/// F58, M23, HEAD-5, HEAD-7, HEAD-8, FED-6
#[tokio::test]
async fn two_followers_find_the_hub_that_tells_them_two_histories_though_nobody_writes() {
    let mut f = follow().await;
    let common = f.room.position;
    f.tell(ISLET, common, &["one"]).await;
    f.tell(SKERRY, common, &["other", "and more"]).await;
    let proof = f.proof(&[ISLET, SKERRY]).await;
    assert!(matches!(
        how(&proof),
        Contradiction::SamePlace | Contradiction::OtherChain
    ));
    let found = [f.forks(ISLET).await, f.forks(SKERRY).await];
    assert!(found.contains(&1), "{found:?}");
    let file = proof.to_str().unwrap();
    let (code, text) = verify(&[file]);
    assert_eq!(code, Some(0), "{text}");
    assert!(
        text.starts_with("PROVED: rogue.test signed two histories"),
        "{text}"
    );
    let (code, text) = verify(&[file, "--json", "--root", "another"]);
    assert_eq!(code, Some(1));
    assert!(text.contains("\"event\":\"not_proved\""), "{text}");
    assert_eq!(verify(&["/dev/null"]).0, Some(2));
}

/// F58, HEAD-6, HEAD-8, LOG-8
#[tokio::test]
async fn one_message_that_crosses_between_the_sides_is_enough() {
    let mut f = follow().await;
    let common = f.room.position;
    f.tell(ISLET, common, &["one", "two", "three"]).await;
    let theirs = f.room.head(&f.rogue);
    // The other side has fewer events: the message stands there before the head it carries.
    f.room.position = common;
    let message = f.message(theirs.clone());
    f.bring(SKERRY, &[message]).await;
    assert_eq!(
        how(&f.proof(&[SKERRY]).await),
        Contradiction::CarriedTooEarly(3)
    );
    // The room goes on, and what is known is not told again.
    let again = f.message(theirs);
    f.bring(SKERRY, &[again]).await;
    assert_eq!((f.forks(SKERRY).await, f.proofs(SKERRY).len()), (1, 1));
    let log = f.scene.lab.server(SKERRY).unwrap().log();
    assert_eq!(
        log.matches("ALARM: the hub of this room signed two histories")
            .count(),
        1
    );
}

/// S17, HEAD-8, LOG-6
#[tokio::test]
async fn an_event_of_another_history_is_refused_and_kept_as_evidence() {
    let mut f = follow().await;
    let common = f.room.position;
    f.tell(ISLET, common, &["one"]).await;
    f.room.position = common;
    let other = f.room.event(EventKind(99), b"other".to_vec());
    let next = f.room.event(EventKind(99), b"next".to_vec());
    let page = f.room.page(&f.rogue, &[other, next]);
    let (cursor, problem) = f.room.bring(&f.scene, &f.rogue, ISLET, page).await;
    assert_eq!((cursor, problem.map(|p| p.code)), (3, Some(Code::Fork)));
    assert_eq!(how(&f.proof(&[ISLET]).await), Contradiction::OtherChain);
}

/// HEAD-3, HEAD-4: neither a member's nor a server's claim is worth anything without the hub's
/// signature.
#[tokio::test]
async fn a_false_claim_raises_no_alarm() {
    let mut f = follow().await;
    let mut claim = f.room.head(&f.rogue);
    claim.head.hash = Hash::sha256(b"another history");
    let by_stranger = SignedHead::sign(claim.head.clone(), "m1", &PrivateKey::from_seed(&[7; 32]));
    let unlisted = SignedHead::sign(claim.head.clone(), "m9", &f.rogue.room_key);
    for head in [claim.clone(), by_stranger, unlisted] {
        let message = f.message(head);
        f.bring(ISLET, std::slice::from_ref(&message)).await;
        f.bring(SKERRY, &[message]).await;
    }
    let request = HeadsRequest {
        rooms: vec![RoomHead {
            room: f.room.room.clone(),
            cursor: 2,
            head: Some(encode(&claim).into()),
        }],
        since: None,
    };
    let answer = f
        .rogue
        .post(&f.scene, ISLET, "/federation/v1/heads", &request);
    let answer: HeadsResponse = answer.await.good();
    assert_eq!(answer.rooms.len(), 1);
    // What follows is taken after the claims were looked at.
    let event = f.room.event(EventKind(99), b"goes on".to_vec());
    f.bring(ISLET, &[event]).await;
    assert_eq!((f.forks(ISLET).await, f.forks(SKERRY).await), (0, 0));
}
