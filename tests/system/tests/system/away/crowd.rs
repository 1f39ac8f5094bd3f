//! Users of two followers in rooms of a hub, who write much.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::future::join_all;
use holm_protocol::{RoomUri, UserUri};
use holm_sdk::{DeviceEvent, MessageState};
use holm_system_tests::{Person, Scene};

pub(super) const HUB: &str = "islet.test";
pub(super) const FOLLOWERS: [&str; 2] = ["skerry.test", "holm.test"];
/// Users of followers in one room.
const ROOM_USERS: usize = 4;

/// How much is written, and for how long the server is away.
pub(super) struct Plan {
    pub(super) users: usize,
    pub(super) messages: usize,
    /// The writing is spread over this time.
    pub(super) away: Duration,
}

/// Rooms of the hub, each with an owner there and users of both followers.
pub(super) struct Crowd {
    pub(super) scene: Scene,
    rooms: Vec<Room>,
    /// Whose users say nothing.
    silent: String,
}

struct Room {
    uri: RoomUri,
    people: Vec<Person>,
    /// What was written here, by user, in order.
    written: BTreeMap<UserUri, Vec<String>>,
}

impl Crowd {
    /// Half of the users at each follower, a few in each room; those of `silent` will only listen.
    pub(super) async fn gather(plan: &Plan, silent: &str) -> Self {
        let scene = Scene::start(&[HUB, FOLLOWERS[0], FOLLOWERS[1]]).await;
        let mut rooms = Vec::new();
        for first in (0..plan.users).step_by(ROOM_USERS) {
            let numbers = first..plan.users.min(first + ROOM_USERS);
            rooms.push(Room::open(&scene, numbers).await);
        }
        Self {
            scene,
            rooms,
            silent: silent.to_owned(),
        }
    }

    /// Everybody but the silent writes, in turns, spread over the time.
    pub(super) async fn write(&mut self, plan: &Plan) {
        let silent = self.silent.clone();
        let speaks = |person: &Person| person.user.domain() != silent;
        let speakers = self.rooms.iter().flat_map(|room| &room.people);
        let rounds = plan
            .messages
            .div_ceil(speakers.filter(|p| speaks(p)).count());
        let pause = plan.away / u32::try_from(rounds).unwrap();
        for round in 0..rounds {
            for room in &mut self.rooms {
                for person in room.people.iter().filter(|p| speaks(p)) {
                    let text = format!("{} {round}", person.user);
                    person.device.send(&room.uri, &text).await.unwrap();
                    room.written
                        .entry(person.user.clone())
                        .or_default()
                        .push(text);
                }
            }
            // The time is the scenario.
            tokio::time::sleep(pause).await;
        }
    }

    /// Until every device has told of every message.
    pub(super) async fn hears_all(&mut self) {
        join_all(self.rooms.iter_mut().map(Room::hears_all)).await;
    }

    pub(super) async fn has_all_once_and_in_order(&self) {
        for room in &self.rooms {
            room.has_all_once_and_in_order().await;
        }
    }
}

impl Room {
    async fn open(scene: &Scene, numbers: std::ops::Range<usize>) -> Self {
        let owner = format!("owner{}", numbers.start);
        let owner = Person::register(scene, HUB, &owner).await;
        let room = owner.device.create_room().await.unwrap();
        let register = |number: usize| async move {
            let domain = FOLLOWERS[number % FOLLOWERS.len()];
            Person::register(scene, domain, &format!("user{number}")).await
        };
        let mut users = join_all(numbers.map(register)).await;
        let names: Vec<_> = users.iter().map(|person| person.user.clone()).collect();
        owner.device.add_users(&room, &names).await.unwrap();
        for person in &mut users {
            assert_eq!(person.joins().await, room);
        }
        users.push(owner);
        Self {
            uri: room,
            people: users,
            written: BTreeMap::new(),
        }
    }

    async fn hears_all(&mut self) {
        let all: usize = self.written.values().map(Vec::len).sum();
        let hear = self.people.iter_mut().map(|person| async move {
            for number in 0..all {
                let what = format!("message {number} of {all}");
                person
                    .wait(&what, |event| match event {
                        DeviceEvent::Message(_) | DeviceEvent::Sent { .. } => Some(()),
                        DeviceEvent::Failed { problem, .. } => panic!("{problem}"),
                        _ => None,
                    })
                    .await;
            }
        });
        join_all(hear).await;
    }

    async fn has_all_once_and_in_order(&self) {
        let mut first = None;
        for person in &self.people {
            let entries = person.device.timeline(&self.uri, None, 10_000).await;
            let sending = |e: &&holm_sdk::TimelineEntry| e.state == MessageState::Sending;
            assert_eq!(entries.iter().filter(sending).count(), 0);
            let mut heard: BTreeMap<UserUri, Vec<String>> = BTreeMap::new();
            for entry in &entries {
                heard
                    .entry(entry.sender.clone())
                    .or_default()
                    .push(entry.text.clone());
            }
            assert_eq!(heard, self.written, "at {}", person.user);
            let order: Vec<_> = entries.into_iter().map(|e| (e.seq, e.text)).collect();
            assert_eq!(first.get_or_insert_with(|| order.clone()), &order);
        }
    }
}
