//! Many devices commit at once: one commit an epoch, everybody in the same epoch, nobody left
//! without an answer (LOG-10, ROOM-13 to ROOM-16).

use std::cell::Cell;
use std::time::Duration;

use futures::future::join_all;
use holm_client_types::room::{EventsResponse, SentResponse};
use holm_protocol::aad::ClientMsgId;
use holm_protocol::bundle::CommitBody;
use holm_protocol::mls_header::MlsHeader;
use holm_protocol::{Code, Event, EventKind, RoomUri, UserUri};
use holm_sdk::{Device, DeviceEvent, HopKind};
use holm_system_tests::{Change, Member, Person, Scene};
use tokio::time::timeout;

use crate::idempotency::send_over_socket;

const DOMAINS: [&str; 3] = ["islet.test", "skerry.test", "holm.test"];

/// How long a race may take before a test gives up.
const PATIENCE: Duration = Duration::from_mins(10);

/// People spread over the servers in one room, and on each server somebody who reads its log.
struct Field {
    room: RoomUri,
    people: Vec<Person>,
    guest: Person,
    readers: Vec<Member>,
}

impl Field {
    async fn new(scene: &Scene, count: usize) -> Self {
        let mut people = Vec::new();
        for n in 0..count {
            let domain = DOMAINS[n % DOMAINS.len()];
            people.push(Person::register(scene, domain, &format!("p{n}")).await);
        }
        let mut readers = Vec::new();
        for domain in DOMAINS {
            readers.push(Member::register(scene, domain, "reader").await);
        }
        let guest = Person::register(scene, DOMAINS[1], "guest").await;
        let room = people[0].device.create_room().await.unwrap();
        let others = people[1..].iter().map(|p| &p.user);
        let users: Vec<_> = others
            .chain(readers.iter().map(|r| &r.user))
            .cloned()
            .collect();
        people[0].device.add_users(&room, &users).await.unwrap();
        for person in &mut people[1..] {
            assert_eq!(person.joins().await, room);
        }
        Self {
            room,
            people,
            guest,
            readers,
        }
    }

    /// Everybody commits `each` times; three add the same guest in between, and one tries to remove
    /// somebody without the right to.
    async fn race(&self, each: usize) {
        let guest = &self.guest.user;
        let runs = self.people.iter().enumerate().map(|(n, person)| {
            let (device, room) = (person.device.clone(), self.room.clone());
            let (guest, owner) = (guest.clone(), self.people[0].user.clone());
            tokio::spawn(async move {
                for round in 0..each {
                    device.update_keys(&room).await.unwrap();
                    if round == each / 2 && (1..4).contains(&n) {
                        device
                            .add_users(&room, std::slice::from_ref(&guest))
                            .await
                            .unwrap();
                    }
                    if round == each / 2 && n == 4 {
                        is_told_why_not(&device, &room, &owner).await;
                    }
                }
            })
        });
        let finished = timeout(PATIENCE, join_all(runs)).await;
        for run in finished.expect("the race ends") {
            run.unwrap();
        }
    }

    /// Waits until everybody has heard the last word; how often all were told that they had lost.
    async fn settle(&mut self) -> usize {
        self.people[0]
            .device
            .send(&self.room, "done")
            .await
            .unwrap();
        let lost = Cell::new(0);
        for person in &mut self.people[1..] {
            let heard = person.wait("the last word", |event| match event {
                DeviceEvent::Message(entry) if entry.text == "done" => Some(()),
                DeviceEvent::Hop { what, .. } if *what == HopKind::CommitOvertaken => {
                    lost.set(lost.get() + 1);
                    None
                }
                _ => None,
            });
            heard.await;
        }
        lost.get()
    }

    /// The log as each server gives it, which has to be the same.
    async fn log(&self) -> Vec<Event> {
        let mut logs = Vec::new();
        for reader in &self.readers {
            logs.push(whole_log(reader, &self.room).await);
        }
        let first = logs.pop().unwrap();
        assert!(logs.iter().all(|log| *log == first), "three logs differ");
        first
    }

    /// Everybody is in the same epoch of the same group with the same people.
    async fn is_of_one_mind(&self) {
        let mut views = Vec::new();
        for person in &self.people {
            let epoch = person.device.room_epoch(&self.room).await.unwrap();
            let mut info = person.device.rooms().await.remove(0);
            info.participants.sort();
            views.push((epoch, info.participants, info.state));
        }
        let others = self.people.len() + self.readers.len();
        assert_eq!(views[0].1.len(), others);
        assert!(views.iter().all(|view| *view == views[0]), "{views:?}");
    }
}

/// A member that may not remove others learns so, whoever wins meanwhile.
async fn is_told_why_not(device: &Device, room: &RoomUri, owner: &UserUri) {
    let told = device
        .remove_user(room, owner)
        .await
        .unwrap_err()
        .to_string();
    assert!(told.contains("does not allow this removal"), "{told}");
}

async fn whole_log(reader: &Member, room: &RoomUri) -> Vec<Event> {
    let path = room.as_str().replace(':', "%3A").replace('/', "%2F");
    let mut events: Vec<Event> = Vec::new();
    loop {
        let after = events.last().map_or(0, |e| e.header.seq);
        let path = format!("/client/v1/rooms/{path}/events?after={after}&limit=256");
        let page: EventsResponse = reader.get(&path).await.good();
        if page.events.is_empty() {
            return events;
        }
        let read = |bytes: &holm_protocol::Base64Url| Event::from_bytes(bytes.as_slice()).unwrap();
        events.extend(page.events.iter().map(read));
    }
}

/// The epochs that the log's commits were made for, in order.
fn epochs(log: &[Event]) -> Vec<u64> {
    let commits = log.iter().filter(|e| e.header.kind == EventKind::COMMIT);
    let epoch = |event: &Event| {
        let body = CommitBody::from_bytes(event.body.as_slice()).unwrap();
        MlsHeader::read(body.commit.as_slice()).unwrap().epoch
    };
    commits.map(epoch).collect()
}

async fn race(count: usize, each: usize) {
    let scene = Scene::start(&DOMAINS).await;
    let mut field = Field::new(&scene, count).await;
    field.race(each).await;
    field.guest.joins().await;
    let guest = field.guest.user.clone();
    let owner = &field.people[0].device;
    owner.remove_user(&field.room, &guest).await.unwrap();
    let lost = field.settle().await;
    assert!(lost > 0, "nobody lost, so it was no race");
    field.is_of_one_mind().await;
    // One for the beginning, one that let the guest in, one that removed the guest.
    let expected = count * each + 3;
    let expected: Vec<_> = (0..u64::try_from(expected).unwrap()).collect();
    assert_eq!(epochs(&field.log().await), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn six_devices_on_three_servers_race_and_agree() {
    // LOG-10, ROOM-13, ROOM-14, ROOM-15, F51
    race(6, 4).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "long: two hundred commits at two a second"]
async fn twenty_devices_on_three_servers_race_for_two_hundred_epochs_and_agree() {
    // LOG-10, ROOM-13, ROOM-14, ROOM-15
    race(20, 10).await;
}

#[tokio::test]
async fn of_two_commits_that_wait_for_their_turn_one_is_told_that_it_lost() {
    // ROOM-13, ROOM-14, LOG-9
    let scene = Scene::start(&["islet.test"]).await;
    let mut alice = Member::register(&scene, "islet.test", "alice").await;
    let room = alice.create_room().await;
    for _ in 0..10 {
        let bundle = alice.commit(&Change::default());
        alice.submit(&room, &bundle).await.expect_good();
        alice.merge();
    }
    let message = alice.encrypt(ClientMsgId([1; 16]), "meanwhile");
    let one = alice.commit(&Change::default());
    alice.forget();
    let other = alice.commit(&Change::default());
    // The same commit twice is one commit, also while it waits.
    let (first, again, second, said) = tokio::join!(
        alice.submit(&room, &one),
        alice.submit(&room, &one),
        alice.submit(&room, &other),
        send_over_socket(&scene, &alice, &room, &message),
    );
    // Whichever came first, the message waited for no turn and the commit for no message.
    let said = said.unwrap().seq;
    assert!(matches!(said, 11 | 12), "{said}");
    let (winners, losers) = match first.status {
        200 => (vec![first, again], vec![second]),
        _ => (vec![second], vec![first, again]),
    };
    for winner in winners {
        assert_eq!(winner.good::<SentResponse>().seq, 23 - said);
    }
    for loser in losers {
        let problem = loser.problem();
        assert_eq!((problem.code, problem.epoch), (Code::WrongEpoch, Some(11)));
    }
}
