//! Many rooms at a real hub, followed by a rogue that takes what it is told to take.

use std::collections::BTreeMap;
use std::time::Duration;

use holm_client_types::frame::ServerFrame;
use holm_protocol::aad::ClientMsgId;
use holm_protocol::encoding::decode;
use holm_protocol::federation::{NotifyRequest, NotifyResponse, RoomCursor};
use holm_protocol::{Code, Event, Problem, RoomUri, SignedHead};
use holm_system_tests::{Change, Member, Rogue, Scene, random};
use openmls::prelude::MlsGroup;
use tokio::sync::watch;

use crate::idempotency::{Socket, send_over_socket};

const HUB: &str = "islet.test";
/// The room that makes trouble.
pub(super) const BAD: usize = 7;
const PATIENCE: Duration = Duration::from_mins(1);

/// Rooms with a user of a rogue in each.
pub(super) struct Hall {
    scene: Scene,
    rogue: Rogue,
    alice: Member,
    rooms: Vec<(RoomUri, Option<MlsGroup>)>,
    /// How far the rogue has taken each room.
    taken: watch::Sender<BTreeMap<RoomUri, u64>>,
}

/// A page as the rogue sees it.
pub(super) struct Page<'a> {
    pub(super) room: &'a RoomUri,
    pub(super) bad: &'a RoomUri,
    pub(super) newest: u64,
}

impl Hall {
    pub(super) async fn open(count: usize) -> Self {
        let scene = Scene::start(&[HUB]).await;
        let rogue = Rogue::start(&scene, "rogue.test").await;
        let mut alice = Member::register(&scene, HUB, "alice").await;
        let mallory = Member::of_rogue(&scene, "rogue.test", "mallory");
        let mut rooms = Vec::new();
        for _ in 0..count {
            let room = alice.create_room().await;
            rooms.push((room, alice.group.take()));
        }
        let taken = watch::Sender::default();
        let mut hall = Self {
            scene,
            rogue,
            alice,
            rooms,
            taken,
        };
        hall.answer(|page| Ok(page.newest));
        for number in 0..count {
            let (room, group) = &mut hall.rooms[number];
            hall.alice.group = group.take();
            add(&mut hall.alice, room, vec![mallory.key_package()]).await;
            *group = hall.alice.group.take();
        }
        hall.takes(1, None).await;
        hall
    }

    /// The rogue answers each page with how far it has taken it, or with a problem.
    pub(super) fn answer(
        &self,
        mut verdict: impl FnMut(&Page<'_>) -> Result<u64, Problem> + Send + 'static,
    ) {
        let (taken, bad) = (self.taken.clone(), self.rooms[BAD].0.clone());
        let answers = move |_: &str, body: &[u8]| {
            let request: NotifyRequest = serde_json::from_slice(body).ok()?;
            let answer = |page: holm_protocol::federation::LogPage| {
                let newest = newest(&page);
                let page = Page {
                    room: &page.room,
                    bad: &bad,
                    newest,
                };
                let room = page.room.clone();
                match verdict(&page) {
                    Ok(cursor) => {
                        taken.send_modify(|taken| {
                            taken.insert(room.clone(), cursor);
                        });
                        RoomCursor {
                            room,
                            cursor,
                            problem: None,
                        }
                    }
                    Err(problem) => RoomCursor {
                        room,
                        cursor: 0,
                        problem: Some(problem),
                    },
                }
            };
            let rooms = request.rooms.into_iter().map(answer).collect();
            let answer = serde_json::to_string(&NotifyResponse { rooms }).ok()?;
            Some((200, answer))
        };
        self.rogue.door.lock().unwrap().answers = Some(Box::new(answers));
    }

    /// The rogue fails every call that holds the bad room, and takes all others.
    pub(super) fn fail_every_call_with_the_bad_room(&self, status: u16) {
        let (taken, bad) = (self.taken.clone(), self.rooms[BAD].0.clone());
        let answers = move |_: &str, body: &[u8]| {
            let request: NotifyRequest = serde_json::from_slice(body).ok()?;
            if request.rooms.iter().any(|page| page.room == bad) {
                let code = match status {
                    400 => Code::BadRequest,
                    413 => Code::TooLarge,
                    _ => Code::Internal,
                };
                let problem = Problem::new(code, format!("{status} whatever is asked"));
                return Some((status, serde_json::to_string(&problem).ok()?));
            }
            let take = |page: holm_protocol::federation::LogPage| {
                let cursor = newest(&page);
                taken.send_modify(|taken| {
                    taken.insert(page.room.clone(), cursor);
                });
                RoomCursor {
                    room: page.room,
                    cursor,
                    problem: None,
                }
            };
            let rooms = request.rooms.into_iter().map(take).collect();
            Some((200, serde_json::to_string(&NotifyResponse { rooms }).ok()?))
        };
        self.rogue.door.lock().unwrap().answers = Some(Box::new(answers));
    }

    /// Says something in every room, the bad one first; waits until the rogue has all but that.
    pub(super) async fn speak_everywhere_and_all_but_the_bad_arrive(&mut self) {
        let mut newest = 0;
        let order = [BAD]
            .into_iter()
            .chain((0..self.rooms.len()).filter(|n| *n != BAD));
        for number in order {
            let (room, group) = &mut self.rooms[number];
            self.alice.group = group.take();
            newest = say(&self.scene, &mut self.alice, room, "hello").await;
            *group = self.alice.group.take();
        }
        self.takes(newest, Some(BAD)).await;
    }

    async fn takes(&self, newest: u64, but: Option<usize>) {
        let mut taken = self.taken.subscribe();
        let rooms: Vec<_> = self.rooms.iter().map(|(room, _)| room).collect();
        let all = |taken: &BTreeMap<RoomUri, u64>| {
            let has = |room: &RoomUri| taken.get(room).is_some_and(|cursor| *cursor >= newest);
            let mut others = rooms.iter().enumerate().filter(|(n, _)| Some(*n) != but);
            others.all(|(_, room)| has(room))
        };
        let arrived = tokio::time::timeout(PATIENCE, taken.wait_for(all)).await;
        drop(arrived.expect("all rooms but the bad one arrive"));
    }

    /// How often the rogue was brought the bad room.
    pub(super) fn calls_with_the_bad_room(&self) -> usize {
        let bad = &self.rooms[BAD].0;
        let door = self.rogue.door.lock().unwrap();
        let calls = door
            .asked
            .iter()
            .filter(|(path, _)| path.ends_with("/notify"));
        let calls = calls.filter_map(|(_, body)| serde_json::from_slice(body).ok());
        // The first brought it its member.
        let with = |r: &NotifyRequest| {
            let bad = r.rooms.iter().find(|page| page.room == *bad);
            bad.is_some_and(|page| newest(page) > 1)
        };
        calls.filter(with).count()
    }

    /// The operator's log names the room, the event, the reason, and what to do.
    pub(super) fn log_says_which_and_why(&self, why: &str) {
        let log = self.scene.lab.server(HUB).unwrap().log();
        let lines: Vec<_> = log
            .lines()
            .filter(|l| l.contains("the room waits"))
            .collect();
        assert_eq!(lines.len(), 1, "{log}");
        let room = self.rooms[BAD].0.as_str();
        for part in [room, "seq=2", "rogue.test", why, "ask the peer's operator"] {
            assert!(lines[0].contains(part), "{part} is missing in {}", lines[0]);
        }
    }
}

/// The last event of a page, or its head where it has none.
fn newest(page: &holm_protocol::federation::LogPage) -> u64 {
    let last = page.events.last();
    let last = last.and_then(|bytes| Event::from_bytes(bytes.as_slice()).ok());
    let head = || decode::<SignedHead>(page.head.as_slice()).map_or(0, |head| head.head.seq);
    last.map_or_else(head, |event| event.header.seq)
}

/// Alice adds members to her room.
pub(super) async fn add(alice: &mut Member, room: &RoomUri, packages: Vec<Vec<u8>>) {
    let bundle = alice.commit(&Change {
        adds: packages,
        ..Change::default()
    });
    alice.submit(room, &bundle).await.expect_good();
    alice.merge();
}

/// Alice says something; its number.
pub(super) async fn say(scene: &Scene, alice: &mut Member, room: &RoomUri, text: &str) -> u64 {
    let message = alice.encrypt(ClientMsgId(random()), text);
    let sent = send_over_socket(scene, alice, room, &message).await;
    sent.unwrap().seq
}

/// An event arrives at a member's device.
pub(super) async fn arrives(scene: &Scene, member: &Member, room: &RoomUri, seq: u64) {
    let mut socket = Socket::open(scene, member).await;
    let arrives = socket.wait(|frame| match frame {
        ServerFrame::Event {
            room: of, event, ..
        } if of == room => {
            let event = Event::from_bytes(event.as_slice()).unwrap();
            (event.header.seq >= seq).then_some(())
        }
        _ => None,
    });
    let arrived = tokio::time::timeout(PATIENCE, arrives).await;
    arrived.unwrap_or_else(|_| panic!("event {seq} did not arrive"));
}
