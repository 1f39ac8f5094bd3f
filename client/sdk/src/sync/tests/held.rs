//! A device whose server holds its messages while the hub is away (SYNC-16, SYNC-17, OUT-3).

use holm_client_types::frame::{DeviceFrame, ServerFrame, close};
use holm_protocol::aad::{Aad, ClientMsgId};
use holm_protocol::mls_header::MlsHeader;
use holm_protocol::{Code, Problem, RoomUri};

use super::connected::{all_sent, scene, sends};
use super::line::Say;
use super::world::{Member, World};
use crate::event::DeviceEvent;
use crate::timeline::MessageState;

fn ids(heard: &[DeviceFrame]) -> Vec<ClientMsgId> {
    let id = |message: Vec<u8>| {
        let header = MlsHeader::read(&message).unwrap();
        Aad::from_bytes(header.aad).unwrap().client_msg_id
    };
    sends(heard).into_iter().map(id).collect()
}

/// Says texts, and has the server hold each of them.
async fn holds(
    world: &World,
    alice: &mut Member,
    room: &RoomUri,
    texts: &[&str],
) -> Vec<ClientMsgId> {
    let silent = texts.iter().map(|_| None);
    world.hub.lock().refuse_messages.extend(silent);
    for text in texts {
        alice.device.send(room, text).await.unwrap();
    }
    let all = |heard: &[DeviceFrame]| Some(ids(heard)).filter(|ids| ids.len() == texts.len());
    let sent = world.hub.hears(all).await;
    for id in &sent {
        world.hub.say(Say::Frame(ServerFrame::Held {
            room: room.clone(),
            client_msg_id: *id,
        }));
        let hub = super::hub::server();
        let held = |e: &DeviceEvent| {
            matches!(e, DeviceEvent::Held { client_msg_id, hub: at, .. }
                if client_msg_id == id && *at == hub)
        };
        alice.until(held).await;
    }
    let page = alice.device.timeline(room, None, 10).await;
    assert!(
        page.iter().all(|e| e.state == MessageState::Held),
        "{page:?}"
    );
    sent
}

#[tokio::test]
async fn held_messages_leave_the_window_open_and_are_sent_anew_in_order_when_refused() {
    // SYNC-17, OUT-2, OUT-3
    let (world, mut alice, bob, room) = scene().await;
    let running = alice.run();
    let sent = holds(&world, &mut alice, &room, &["1", "2", "3"]).await;
    for (n, id) in sent.iter().enumerate().skip(1) {
        let problem = match n {
            1 => Problem::new(Code::EpochTooOld, "").with_epoch(1),
            _ => Problem::new(Code::PreviousRefused, ""),
        };
        world.hub.say(Say::Frame(ServerFrame::Problem {
            room: Some(room.clone()),
            client_msg_id: Some(*id),
            problem,
        }));
    }
    all_sent(&mut alice, &room, 2).await;
    alice.device.send(&room, "4").await.unwrap();
    all_sent(&mut alice, &room, 3).await;
    bob.pull(&room).await;
    assert_eq!(bob.texts(&room).await, ["2", "3", "4"]);
    // The first is held still, and not sent again on this connection.
    let heard = ids(&world.hub.lock().heard);
    assert_eq!(heard.iter().filter(|id| **id == sent[0]).count(), 1);
    let page = alice.device.timeline(&room, None, 10).await;
    let first = page.iter().find(|e| e.text == "1").unwrap();
    assert_eq!(first.state, MessageState::Held);
    alice.device.stop();
    running.await.unwrap().unwrap();
}

#[tokio::test]
async fn after_a_lost_connection_held_messages_are_sent_again() {
    // OUT-3
    let (world, mut alice, bob, room) = scene().await;
    let running = alice.run();
    holds(&world, &mut alice, &room, &["1", "2"]).await;
    world.hub.say(Say::Close(close::RESTART));
    all_sent(&mut alice, &room, 2).await;
    bob.pull(&room).await;
    assert_eq!(bob.texts(&room).await, ["1", "2"]);
    alice.device.stop();
    running.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_held_message_that_is_sent_is_told_once() {
    // SYNC-18, OUT-1
    let (world, mut alice, _bob, room) = scene().await;
    let running = alice.run();
    let sent = holds(&world, &mut alice, &room, &["1"]).await;
    world.hub.say(Say::Frame(ServerFrame::Sent {
        room: room.clone(),
        client_msg_id: sent[0],
        seq: 2,
        time: 1_000,
    }));
    alice
        .until(|e| matches!(e, DeviceEvent::Sent { seq: 2, .. }))
        .await;
    all_sent(&mut alice, &room, 1).await;
    alice.device.stop();
    running.await.unwrap().unwrap();
}
