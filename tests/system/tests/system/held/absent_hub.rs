//! A hub that is away, refuses, or is there, as a test says; and a user of a real follower who
//! speaks to it frame by frame.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use holm_client_types::frame::{DeviceFrame, ServerFrame};
use holm_protocol::aad::{Aad, ClientMsgId};
use holm_protocol::federation::{Sent, SubmitRequest, SubmitResponse, SubmitResult};
use holm_protocol::mls_header::MlsHeader;
use holm_protocol::{Code, Problem, RoomUri};
use holm_system_tests::{Member, Rogue, RogueRoom, Scene};
use tokio::time::timeout;

use crate::idempotency::Socket;

const FOLLOWER: &str = "islet.test";
/// How long anything may take before a test gives up.
const PATIENCE: Duration = Duration::from_mins(1);

/// What the hub does with messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mood {
    /// It answers 503.
    Away,
    /// It finds the first message of a batch in an epoch that is too old.
    Stale,
    /// It takes them.
    There,
}

struct Log {
    mood: Mood,
    /// Messages taken, in order, each once.
    taken: Vec<ClientMsgId>,
    /// Messages that came, repeats counted.
    came: usize,
}

/// The hub, and alice at the follower.
pub(super) struct AbsentHub {
    log: Arc<Mutex<Log>>,
    alice: Member,
    socket: Socket,
    room: RoomUri,
    _rogue: Rogue,
    _scene: Scene,
}

impl AbsentHub {
    /// Alice is in the hub's room, and the hub is away.
    pub(super) async fn begin() -> Self {
        let scene = Scene::start(&[FOLLOWER]).await;
        let rogue = Rogue::start(&scene, "rogue.test").await;
        let mut alice = Member::register(&scene, FOLLOWER, "alice").await;
        let mut hub = RogueRoom::begin(&scene, &rogue);
        let room = hub.room.clone();
        let package = hub.claim(&scene, &rogue, &alice.user, &room).await;
        let page = hub.add(&rogue, package);
        let welcome = page.anchors[0].welcome.as_slice().to_vec();
        let brought = hub.bring(&scene, &rogue, FOLLOWER, page).await;
        assert_eq!(brought, (1, None));
        alice.join(&welcome, &hub.tree());
        let log = Arc::new(Mutex::new(Log {
            mood: Mood::Away,
            taken: Vec::new(),
            came: 0,
        }));
        let shared = Arc::clone(&log);
        let answers =
            move |path: &str, body: &[u8]| Some(shared.lock().unwrap().answer(path, body));
        rogue.door.lock().unwrap().answers = Some(Box::new(answers));
        let socket = Socket::open(&scene, &alice).await;
        Self {
            log,
            alice,
            socket,
            room,
            _rogue: rogue,
            _scene: scene,
        }
    }

    pub(super) fn is(&self, mood: Mood) {
        self.log.lock().unwrap().mood = mood;
    }

    /// Messages the hub took, in order.
    pub(super) fn taken(&self) -> Vec<ClientMsgId> {
        self.log.lock().unwrap().taken.clone()
    }

    /// How many the hub was brought, repeats counted.
    pub(super) fn came(&self) -> usize {
        self.log.lock().unwrap().came
    }

    /// Alice says something while the hub is away; whether her server holds it.
    pub(super) async fn says(&mut self, id: ClientMsgId, text: &str) -> Result<(), Code> {
        self.sends(id, text).await;
        let answer = self.socket.wait(|frame| match frame {
            ServerFrame::Held { client_msg_id, .. } => Some((*client_msg_id, Ok(()))),
            ServerFrame::Sent { .. } => panic!("the hub is away"),
            other => refusal(other),
        });
        let (of, answer) = timeout(PATIENCE, answer).await.expect("held or refused");
        assert_eq!(of, id);
        answer
    }

    /// Alice says something while the hub is there; whether it has a place.
    pub(super) async fn says_to_hub(&mut self, id: ClientMsgId, text: &str) -> Result<(), Code> {
        self.sends(id, text).await;
        let (of, answer) = self.told().await;
        assert_eq!(of, id);
        answer
    }

    /// What alice is told of a message next, other than that it is held.
    pub(super) async fn told(&mut self) -> (ClientMsgId, Result<(), Code>) {
        let told = self.socket.wait(|frame| match frame {
            ServerFrame::Sent { client_msg_id, .. } => Some((*client_msg_id, Ok(()))),
            other => refusal(other),
        });
        let told = timeout(PATIENCE, told).await;
        told.expect("word of a message")
    }

    async fn sends(&mut self, id: ClientMsgId, text: &str) {
        let message = self.alice.encrypt(id, text);
        let frame = DeviceFrame::Send {
            room: self.room.clone(),
            message: message.into(),
        };
        let text = serde_json::to_string(&frame).unwrap();
        self.socket.say(&text).await;
    }
}

fn refusal(frame: &ServerFrame) -> Option<(ClientMsgId, Result<(), Code>)> {
    match frame {
        ServerFrame::Problem {
            client_msg_id: Some(id),
            problem,
            ..
        } => Some((*id, Err(problem.code))),
        _ => None,
    }
}

impl Log {
    fn answer(&mut self, path: &str, body: &[u8]) -> (u16, String) {
        if self.mood == Mood::Away || !path.starts_with("/federation/v1/submitMessage/") {
            let problem = Problem::new(Code::Unavailable, "away");
            return (503, serde_json::to_string(&problem).unwrap());
        }
        let request: SubmitRequest = serde_json::from_slice(body).unwrap();
        let messages = request.messages.iter().enumerate();
        let results = messages.map(|(n, m)| self.take(n, m.message.as_slice()));
        let results = results.collect();
        (
            200,
            serde_json::to_string(&SubmitResponse { results }).unwrap(),
        )
    }

    fn take(&mut self, n: usize, message: &[u8]) -> SubmitResult {
        let header = MlsHeader::read(message).unwrap();
        let id = Aad::from_bytes(header.aad).unwrap().client_msg_id;
        if self.mood == Mood::Stale {
            let code = if n == 0 {
                Code::EpochTooOld
            } else {
                Code::PreviousRefused
            };
            let problem = Problem::new(code, "too old").with_epoch(9);
            return SubmitResult::Refused { problem };
        }
        self.came += 1;
        if !self.taken.contains(&id) {
            self.taken.push(id);
        }
        SubmitResult::Sent(Sent {
            client_msg_id: id,
            seq: 2,
            time: 1_000,
        })
    }
}
