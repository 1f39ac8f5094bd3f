//! A follower holds what its users say while a room's hub is away: durably, within bounds, in each
//! sender's order, and hands refusals back (SYNC-16 to SYNC-18, FED-14, OUT-3; F21).

mod absent_hub;
mod passed_epoch;

use std::collections::BTreeMap;
use std::time::Duration;

use absent_hub::{AbsentHub, Mood};
use holm_protocol::Code;
use holm_protocol::aad::ClientMsgId;
use holm_protocol::limits::HELD_DEVICE_LEN_MAX;
use holm_sdk::{DeviceEvent, MessageState};
use holm_system_tests::{Person, Scene};
use passed_epoch::PassedEpoch;
use tokio::time::timeout;

const HUB: &str = "islet.test";
const FOLLOWERS: [&str; 2] = ["skerry.test", "holm.test"];
/// How long a step may take before a test gives up.
const PATIENCE: Duration = Duration::from_mins(1);

/// A room of the hub with alice there and users of both followers.
struct Apart {
    scene: Scene,
    alice: Person,
    others: Vec<Person>,
    room: holm_protocol::RoomUri,
}

impl Apart {
    async fn begin(names: &[&str]) -> Self {
        let scene = Scene::start(&[HUB, FOLLOWERS[0], FOLLOWERS[1]]).await;
        let alice = Person::register(&scene, HUB, "alice").await;
        let room = alice.device.create_room().await.unwrap();
        let mut others = Vec::new();
        for (name, domain) in names.iter().zip(FOLLOWERS.iter().cycle()) {
            others.push(Person::register(&scene, domain, name).await);
        }
        let users: Vec<_> = others.iter().map(|person| person.user.clone()).collect();
        alice.device.add_users(&room, &users).await.unwrap();
        for person in &mut others {
            assert_eq!(person.joins().await, room);
        }
        Self {
            scene,
            alice,
            others,
            room,
        }
    }

    async fn kill(&self, domain: &str) {
        self.scene.lab.server(domain).unwrap().kill().await.unwrap();
    }

    async fn restart(&self, domain: &str) {
        let server = self.scene.lab.server(domain).unwrap();
        server.restart().await.unwrap();
    }

    /// Everybody but alice says so many messages, until their servers hold all of them.
    async fn all_held(&mut self, count: usize) {
        for person in &mut self.others {
            for n in 0..count {
                let text = format!("{} {n}", person.user);
                person.device.send(&self.room, &text).await.unwrap();
            }
            for _ in 0..count {
                let held = |event: &DeviceEvent| match event {
                    DeviceEvent::Held { hub, .. } => Some(hub.to_string()),
                    DeviceEvent::Failed { problem, .. } => panic!("{problem}"),
                    _ => None,
                };
                assert_eq!(person.wait("held", held).await, HUB);
            }
            let timeline = person.device.timeline(&self.room, None, 100).await;
            let held = |e: &&holm_sdk::TimelineEntry| e.state == MessageState::Held;
            assert_eq!(timeline.iter().filter(held).count(), count);
        }
    }

    /// Alice hears every message once and each sender's in order.
    async fn alice_hears_all(&mut self, count: usize) {
        for _ in 0..count * self.others.len() {
            let message =
                |event: &DeviceEvent| matches!(event, DeviceEvent::Message(_)).then_some(());
            self.alice.wait("a message", message).await;
        }
        let mut heard: BTreeMap<_, Vec<String>> = BTreeMap::new();
        for entry in self.alice.device.timeline(&self.room, None, 1_000).await {
            heard.entry(entry.sender).or_default().push(entry.text);
        }
        let said = |person: &Person| {
            let texts = (0..count).map(|n| format!("{} {n}", person.user));
            (person.user.clone(), texts.collect::<Vec<_>>())
        };
        assert_eq!(heard, self.others.iter().map(said).collect());
    }
}

#[tokio::test]
async fn what_is_held_survives_the_follower_and_arrives_without_its_devices() {
    // SYNC-16
    let mut apart = Apart::begin(&["bob", "carol", "dave"]).await;
    apart.kill(HUB).await;
    apart.all_held(20).await;
    for person in &apart.others {
        person.device.stop();
    }
    for follower in FOLLOWERS {
        apart.kill(follower).await;
        apart.restart(follower).await;
    }
    apart.restart(HUB).await;
    apart.alice_hears_all(20).await;
}

#[tokio::test]
async fn devices_that_stay_are_told_what_became_of_their_messages() {
    // SYNC-16, SYNC-18
    let mut apart = Apart::begin(&["bob", "carol"]).await;
    apart.kill(HUB).await;
    apart.all_held(5).await;
    apart.restart(HUB).await;
    for person in &mut apart.others {
        for n in 0..5 {
            let sent =
                |event: &DeviceEvent| matches!(event, DeviceEvent::Sent { .. }).then_some(());
            person
                .wait(&format!("the place of message {n}"), sent)
                .await;
        }
    }
    apart.alice_hears_all(5).await;
}

#[tokio::test]
async fn what_was_held_in_an_epoch_that_passed_is_encrypted_anew_in_order() {
    // SYNC-17, OUT-2, OUT-3
    let mut apart = Apart::begin(&["bob"]).await;
    apart.kill(HUB).await;
    apart.all_held(5).await;
    apart.kill(FOLLOWERS[0]).await;
    apart.restart(HUB).await;
    for _ in 0..4 {
        let (device, room) = (&apart.alice.device, &apart.room);
        let updated = timeout(PATIENCE, device.update_keys(room)).await;
        updated.expect("a commit goes through").unwrap();
    }
    apart.restart(FOLLOWERS[0]).await;
    apart.alice_hears_all(5).await;
}

#[tokio::test]
async fn a_connected_device_encrypts_anew_what_was_held_over_an_epoch() {
    // SYNC-17, OUT-2, OUT-3
    let mut room = PassedEpoch::begin().await;
    room.holds(&["1", "2", "3"]).await;
    room.epochs_pass().await;
    room.says(&["4", "5"]).await;
    room.heals();
    assert_eq!(room.log(5).await, ["1", "2", "3", "4", "5"]);
}

#[tokio::test]
async fn a_refused_message_takes_the_later_ones_with_it_and_all_come_again_in_order() {
    // SYNC-17, FED-14
    let mut hub = Box::pin(AbsentHub::begin()).await;
    let ids: Vec<_> = (1..=4).map(|n| ClientMsgId([n; 16])).collect();
    for id in &ids {
        assert_eq!(hub.says(*id, "early").await, Ok(()));
    }
    assert_eq!(hub.taken(), []);
    hub.is(Mood::Stale);
    for (n, id) in ids.iter().enumerate() {
        let code = if n == 0 {
            Code::EpochTooOld
        } else {
            Code::PreviousRefused
        };
        assert_eq!(hub.told().await, (*id, Err(code)));
    }
    hub.is(Mood::Away);
    for id in &ids {
        assert_eq!(hub.says(*id, "anew").await, Ok(()));
    }
    hub.is(Mood::There);
    for id in &ids {
        assert_eq!(hub.told().await, (*id, Ok(())));
    }
    assert_eq!(hub.taken(), ids);
}

#[tokio::test]
async fn an_id_that_is_held_already_is_not_held_twice() {
    // SYNC-16
    let mut hub = Box::pin(AbsentHub::begin()).await;
    let ids = [ClientMsgId([1; 16]), ClientMsgId([2; 16])];
    for id in [ids[0], ids[1], ids[0], ids[1]] {
        assert_eq!(hub.says(id, "again and again").await, Ok(()));
    }
    hub.is(Mood::There);
    for id in ids {
        assert_eq!(hub.told().await, (id, Ok(())));
    }
    assert_eq!(hub.taken(), ids);
    assert_eq!(hub.came(), 2);
}

#[tokio::test]
async fn past_the_bound_messages_stay_with_their_device_and_none_is_lost() {
    // LIM-24, SYNC-16
    let mut hub = Box::pin(AbsentHub::begin()).await;
    let text = "x".repeat(60_000);
    let mut ids = Vec::new();
    let refused = loop {
        let number = u8::try_from(ids.len()).expect("the bound is reached before");
        let id = ClientMsgId([number; 16]);
        match hub.says(id, &text).await {
            Ok(()) => ids.push(id),
            Err(code) => break (id, code),
        }
    };
    assert_eq!(refused.1, Code::Unavailable);
    let held = ids.len() * text.len();
    assert!(held > HELD_DEVICE_LEN_MAX / 10 * 9 && held <= HELD_DEVICE_LEN_MAX);
    hub.is(Mood::There);
    for id in &ids {
        assert_eq!(hub.told().await, (*id, Ok(())));
    }
    let there = hub.says_to_hub(refused.0, &text).await;
    assert_eq!(there, Ok(()));
    ids.push(refused.0);
    assert_eq!(hub.taken(), ids);
}
