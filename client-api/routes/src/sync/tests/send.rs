//! Sends: their order, their answers, their bounds.

use std::time::Duration;

use holm_client_types::frame::{DeviceFrame, ServerFrame};
use holm_protocol::aad::ClientMsgId;
use holm_protocol::{Code, RoomUri};
use tokio::time::timeout;

use super::script::{Scene, id_of, message, room};

fn id(n: u8) -> ClientMsgId {
    ClientMsgId([n; 16])
}

async fn hears_sent(scene: &mut Scene) -> (RoomUri, ClientMsgId, u64) {
    match scene.hears().await {
        ServerFrame::Sent {
            room,
            client_msg_id,
            seq,
            ..
        } => (room, client_msg_id, seq),
        other => panic!("sent is expected, not {other:?}"),
    }
}

// SYNC-4, SYNC-5
#[tokio::test(start_paused = true)]
async fn a_message_is_answered_with_its_place() {
    let mut scene = Scene::connected().await;
    scene.sends(&room("a"), message(1)).await;
    scene.send_call().await.accept(41);
    assert_eq!(hears_sent(&mut scene).await, (room("a"), id(1), 41));
}

// SYNC-4
#[tokio::test(start_paused = true)]
async fn what_comes_while_a_call_runs_goes_together_and_in_order() {
    let mut scene = Scene::connected().await;
    scene.sends(&room("a"), message(1)).await;
    let first = scene.send_call().await;
    for n in 2..=5 {
        scene.sends(&room("a"), message(n)).await;
    }
    scene.says(&DeviceFrame::Ping).await;
    assert_eq!(scene.hears().await, ServerFrame::Pong);
    first.accept(10);
    let second = scene.send_call().await;
    let ids: Vec<_> = second.messages.iter().map(id_of).collect();
    assert_eq!(ids, [id(2), id(3), id(4), id(5)]);
    second.accept(11);
    for n in 1..=5 {
        let seq = 9 + u64::from(n);
        assert_eq!(hears_sent(&mut scene).await, (room("a"), id(n), seq));
    }
}

// SYNC-4
#[tokio::test(start_paused = true)]
async fn a_slow_room_does_not_hold_up_another() {
    let mut scene = Scene::connected().await;
    scene.sends(&room("a"), message(1)).await;
    let slow = scene.send_call().await;
    scene.sends(&room("b"), message(2)).await;
    let quick = scene.send_call().await;
    assert_eq!(quick.room, room("b"));
    quick.accept(1);
    assert_eq!(hears_sent(&mut scene).await, (room("b"), id(2), 1));
    slow.accept(1);
    assert_eq!(hears_sent(&mut scene).await, (room("a"), id(1), 1));
}

// SYNC-4, LOG-15
#[tokio::test(start_paused = true)]
async fn what_waits_behind_a_message_that_comes_again_is_refused_too() {
    for code in [Code::EpochTooOld, Code::Unavailable, Code::RateLimited] {
        let mut scene = Scene::connected().await;
        scene.sends(&room("a"), message(1)).await;
        let first = scene.send_call().await;
        scene.sends(&room("a"), message(2)).await;
        scene.sends(&room("b"), message(3)).await;
        let other = scene.send_call().await;
        first.refuse(code);
        assert_eq!(scene.hears_problem().await, (Some(id(1)), code));
        let behind = (Some(id(2)), Code::PreviousRefused);
        assert_eq!(scene.hears_problem().await, behind);
        other.accept(1);
        assert_eq!(hears_sent(&mut scene).await, (room("b"), id(3), 1));
        assert!(scene.is_quiet().await);
    }
}

// SYNC-4
#[tokio::test(start_paused = true)]
async fn what_was_on_its_way_when_a_message_was_refused_is_refused_too() {
    let mut scene = Scene::connected().await;
    scene.sends(&room("a"), message(1)).await;
    scene.send_call().await.refuse(Code::EpochTooOld);
    assert!(scene.is_quiet().await);
    // The device has not read the refusal yet.
    scene.sends(&room("a"), message(2)).await;
    scene.sends(&room("b"), message(3)).await;
    let other = scene.send_call().await;
    assert_eq!(other.room, room("b"));
    let first = (Some(id(1)), Code::EpochTooOld);
    assert_eq!(scene.hears_problem().await, first);
    let behind = (Some(id(2)), Code::PreviousRefused);
    assert_eq!(scene.hears_problem().await, behind);
}

// SYNC-4
#[tokio::test(start_paused = true)]
async fn the_refused_message_opens_the_room_for_those_behind_it() {
    let mut scene = Scene::connected().await;
    scene.sends(&room("a"), message(1)).await;
    scene.send_call().await.refuse(Code::Unavailable);
    assert!(scene.is_quiet().await);
    for n in 1..=2 {
        scene.sends(&room("a"), message(n)).await;
    }
    let mut ids = Vec::new();
    while ids.len() < 2 {
        let call = scene.send_call().await;
        ids.extend(call.messages.iter().map(id_of));
        call.accept(1);
    }
    assert_eq!(ids, [id(1), id(2)]);
}

// SYNC-4
#[tokio::test(start_paused = true)]
async fn a_device_that_knows_of_the_refusal_may_go_on_without_the_message() {
    let mut scene = Scene::connected().await;
    scene.sends(&room("a"), message(1)).await;
    scene.send_call().await.refuse(Code::Unavailable);
    let refused = (Some(id(1)), Code::Unavailable);
    assert_eq!(scene.hears_problem().await, refused);
    // Reading on is what answers the ping behind the refusal.
    scene.says(&DeviceFrame::Ping).await;
    assert_eq!(scene.hears().await, ServerFrame::Pong);
    scene.sends(&room("a"), message(2)).await;
    scene.send_call().await.accept(1);
    assert_eq!(hears_sent(&mut scene).await, (room("a"), id(2), 1));
}

// SYNC-4
#[tokio::test(start_paused = true)]
async fn what_waits_behind_a_message_that_is_lost_for_good_goes_on() {
    let mut scene = Scene::connected().await;
    scene.sends(&room("a"), message(1)).await;
    let first = scene.send_call().await;
    scene.sends(&room("a"), message(2)).await;
    scene.says(&DeviceFrame::Ping).await;
    assert_eq!(scene.hears().await, ServerFrame::Pong);
    first.refuse(Code::TooLarge);
    let refused = (Some(id(1)), Code::TooLarge);
    assert_eq!(scene.hears_problem().await, refused);
    scene.send_call().await.accept(1);
    assert_eq!(hears_sent(&mut scene).await, (room("a"), id(2), 1));
}

// SYNC-5
#[tokio::test(start_paused = true)]
async fn a_message_without_readable_id_is_refused_without_one() {
    let mut scene = Scene::connected().await;
    scene.sends(&room("a"), b"no message".to_vec()).await;
    scene.send_call().await.refuse(Code::InvalidMessage);
    let refused = (None, Code::InvalidMessage);
    assert_eq!(scene.hears_problem().await, refused);
}

// SYNC-5
#[tokio::test(start_paused = true)]
async fn a_call_without_answer_is_given_up_after_a_minute() {
    let mut scene = Scene::connected().await;
    scene.sends(&room("a"), message(1)).await;
    let call = scene.send_call().await;
    let refused = (Some(id(1)), Code::Unavailable);
    assert_eq!(scene.hears_problem().await, refused);
    assert!(call.reply.is_closed());
}

// SYNC-13
#[tokio::test(start_paused = true)]
async fn the_socket_is_not_read_past_256_unanswered_messages() {
    let mut scene = Scene::connected().await;
    for _ in 0..256 {
        scene.sends(&room("a"), message(1)).await;
    }
    scene.says(&DeviceFrame::Ping).await;
    let first = scene.send_call().await;
    let second = Duration::from_secs(1);
    assert!(timeout(second, scene.hears()).await.is_err());
    let mut answered = first.messages.len();
    first.accept(1);
    // One call answered, and the ping behind the messages is read.
    let (mut sent, mut pongs) = (0, 0);
    while sent + pongs < answered + 1 {
        match scene.hears().await {
            ServerFrame::Sent { .. } => sent += 1,
            ServerFrame::Pong => pongs += 1,
            other => panic!("nothing else is expected: {other:?}"),
        }
    }
    assert_eq!((sent, pongs), (answered, 1));
    while answered < 256 {
        let call = scene.send_call().await;
        assert!(call.messages.len() <= 64);
        answered += call.messages.len();
        call.accept(1_000);
    }
    assert_eq!(answered, 256);
}
