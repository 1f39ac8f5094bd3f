//! A connected device: hello, sending, refusals, acknowledgements, coming back, ending.

use holm_client_types::frame::{DeviceFrame, ServerFrame, close};
use holm_protocol::{Code, EventKind, Problem, RoomUri};

use super::line::Say;
use super::world::{Member, World};
use crate::error::SdkError;
use crate::event::DeviceEvent;
use crate::timeline::{MessageState, RoomState};

/// A room of alice and bob, alice connected.
pub(super) async fn scene() -> (World, Member, Member, RoomUri) {
    let world = World::new();
    let (alice, bob) = (world.member("alice").await, world.member("bob").await);
    let room = world.room(&alice, &[&bob]).await;
    (world, alice, bob, room)
}

pub(super) fn sends(heard: &[DeviceFrame]) -> Vec<Vec<u8>> {
    let sent = |frame: &DeviceFrame| match frame {
        DeviceFrame::Send { message, .. } => Some(message.as_slice().to_vec()),
        _ => None,
    };
    heard.iter().filter_map(sent).collect()
}

pub(super) async fn all_sent(member: &mut Member, room: &RoomUri, count: usize) {
    loop {
        let page = member.device.timeline(room, None, 1_000).await;
        let is_sent = |e: &&_| {
            matches!(
                e,
                crate::TimelineEntry {
                    state: MessageState::Sent,
                    ..
                }
            )
        };
        if page.iter().filter(is_sent).count() == count {
            return;
        }
        member.next().await;
    }
}

#[tokio::test]
async fn a_device_says_where_it_is_sends_and_acknowledges() {
    // SYNC-1, SYNC-4, SYNC-5, SYNC-6
    let (world, mut alice, bob, room) = scene().await;
    let running = alice.run();
    for n in 0..3 {
        alice.device.send(&room, &format!("{n}")).await.unwrap();
    }
    all_sent(&mut alice, &room, 3).await;
    let delivered = |heard: &[DeviceFrame]| {
        heard.iter().find_map(|frame| match frame {
            DeviceFrame::Ack { delivered: 4, .. } => Some(()),
            _ => None,
        })
    };
    world.hub.hears(delivered).await;
    let hello = world.hub.lock().heard[0].clone();
    let DeviceFrame::Hello { cursors } = hello else {
        panic!("not a hello: {hello:?}");
    };
    assert_eq!(cursors.get(&room), Some(&1));
    bob.pull(&room).await;
    assert_eq!(bob.texts(&room).await, ["0", "1", "2"]);
    alice.device.stop();
    running.await.unwrap().unwrap();
}

#[tokio::test]
async fn refused_messages_are_sent_again_in_the_order_they_were_said() {
    // OUT-2, SYNC-13
    let (world, mut alice, bob, room) = scene().await;
    let old = Problem::new(Code::EpochTooOld, "").with_epoch(1);
    let behind = Problem::new(Code::PreviousRefused, "");
    let answers = [Some(old), Some(behind.clone()), Some(behind)];
    world.hub.lock().refuse_messages.extend(answers);
    for n in 0..4 {
        alice.device.send(&room, &format!("{n}")).await.unwrap();
    }
    let running = alice.run();
    all_sent(&mut alice, &room, 4).await;
    bob.pull(&room).await;
    // The fourth was taken at once; what stood before it came after, in its own order.
    let texts = bob.texts(&room).await;
    let rest: Vec<_> = texts.iter().filter(|t| *t != "3").collect();
    assert_eq!(rest, ["0", "1", "2"]);
    assert_eq!(texts.len(), 4);
    alice.device.stop();
    running.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_message_refused_for_good_fails_and_the_next_one_is_sent() {
    // OUT-1
    let (world, mut alice, bob, room) = scene().await;
    let answers = [
        Some(Problem::new(Code::TooLarge, "")),
        Some(Problem::new(Code::PreviousRefused, "")),
    ];
    world.hub.lock().refuse_messages.extend(answers);
    alice.device.send(&room, "never").await.unwrap();
    alice.device.send(&room, "well").await.unwrap();
    let running = alice.run();
    all_sent(&mut alice, &room, 1).await;
    bob.pull(&room).await;
    assert_eq!(bob.texts(&room).await, ["well"]);
    let page = alice.device.timeline(&room, None, 10).await;
    let failed = |e: &crate::TimelineEntry| matches!(e.state, MessageState::Failed { .. });
    assert!(page.iter().any(|e| e.text == "never" && failed(e)));
    alice.device.stop();
    running.await.unwrap().unwrap();
}

#[tokio::test]
async fn after_a_lost_connection_the_same_bytes_are_sent_again() {
    // OUT-1, SYNC-14
    let (world, mut alice, _bob, room) = scene().await;
    // The hub is silent on the first one.
    world.hub.lock().refuse_messages.push_back(None);
    alice.device.send(&room, "hello?").await.unwrap();
    let running = alice.run();
    let one = world.hub.hears(|h| sends(h).first().cloned()).await;
    world.hub.say(Say::Close(close::RESTART));
    let again = world.hub.hears(|h| sends(h).get(1).cloned()).await;
    assert_eq!(one, again);
    all_sent(&mut alice, &room, 1).await;
    alice.device.stop();
    running.await.unwrap().unwrap();
}

#[tokio::test]
async fn events_that_a_socket_leaves_out_are_pulled() {
    // SYNC-3, RM-4
    let (world, mut bob, alice, room) = scene().await;
    let running = bob.run();
    bob.until(|e| matches!(e, DeviceEvent::CaughtUp)).await;
    alice.device.send(&room, "one").await.unwrap();
    alice.device.send(&room, "two").await.unwrap();
    let mut last = None;
    for (_, bytes) in alice.sealed(&room).await {
        last = Some(world.hub.append(&room, EventKind::MESSAGE, bytes));
    }
    world.hub.say(Say::Frame(ServerFrame::Event {
        room: room.clone(),
        event: last.unwrap().to_bytes().into(),
        head: None,
    }));
    let two = |e: &DeviceEvent| matches!(e, DeviceEvent::Message(m) if m.text == "two");
    bob.until(two).await;
    assert_eq!(bob.texts(&room).await, ["one", "two"]);
    bob.device.stop();
    running.await.unwrap().unwrap();
}

#[tokio::test]
async fn one_bad_room_does_not_stop_another() {
    // LOG-6
    let (world, mut bob, alice, room) = scene().await;
    let other = world.room(&alice, &[&bob]).await;
    let running = bob.run();
    bob.until(|e| matches!(e, DeviceEvent::CaughtUp)).await;
    let mut bad = world.say(&alice, &room, "changed on the way").await;
    bad.header.prev.0[0] ^= 1;
    let good = world.say(&alice, &other, "untouched").await;
    for (room, event) in [(&room, bad), (&other, good)] {
        world.hub.say(Say::Frame(ServerFrame::Event {
            room: room.clone(),
            event: event.to_bytes().into(),
            head: None,
        }));
    }
    // Rooms that come together are taken in no order of note.
    let (mut heard, mut alarmed) = (false, false);
    while !(heard && alarmed) {
        let event = bob.next().await;
        heard |= matches!(&event, DeviceEvent::Message(m) if m.text == "untouched");
        alarmed |= matches!(&event, DeviceEvent::Alarm { room: of, .. } if *of == room);
    }
    assert!(matches!(bob.state(&room).await, RoomState::Stopped { .. }));
    assert_eq!(bob.state(&other).await, RoomState::Active);
    bob.device.stop();
    running.await.unwrap().unwrap();
}

#[tokio::test]
async fn an_ended_token_ends_the_session_and_keeps_the_messages() {
    // SYNC-7, ACC-6
    let (world, mut alice, _bob, room) = scene().await;
    let running = alice.run();
    alice.device.send(&room, "kept").await.unwrap();
    all_sent(&mut alice, &room, 1).await;
    world.hub.say(Say::Close(close::TOKEN));
    let ended = running.await.unwrap().unwrap_err();
    assert!(matches!(ended, SdkError::SessionEnded(_)), "{ended}");
    assert_eq!(alice.device.session(), None);
    assert_eq!(alice.texts(&room).await, ["kept"]);
}

#[tokio::test]
async fn a_newer_connection_of_the_device_ends_this_one_and_not_the_session() {
    // SYNC-7
    let (world, mut alice, _bob, _room) = scene().await;
    let running = alice.run();
    alice.until(|e| matches!(e, DeviceEvent::CaughtUp)).await;
    world.hub.say(Say::Close(close::REPLACED));
    let ended = running.await.unwrap().unwrap_err();
    assert!(matches!(ended, SdkError::Replaced), "{ended}");
    assert!(alice.device.session().is_some());
}
