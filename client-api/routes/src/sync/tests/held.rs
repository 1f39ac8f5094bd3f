//! Messages that the server holds while the hub is away (SYNC-16, SYNC-17).

use holm_client_types::frame::{DeviceFrame, ServerFrame};
use holm_core::delivery::Outgoing;
use holm_protocol::aad::ClientMsgId;
use holm_protocol::federation::Sent;
use holm_protocol::{Code, Problem};

use super::script::{Call, Scene, id_of, message, room};

fn id(n: u8) -> ClientMsgId {
    ClientMsgId([n; 16])
}

fn refused(n: u8, code: Code) -> Outgoing {
    Outgoing::Refused {
        room: room("a"),
        client_msg_id: id(n),
        problem: Problem::new(code, "refused late"),
    }
}

/// A connection on which messages 1 and 2 of room a are held.
async fn holding() -> Scene {
    let mut scene = Scene::connected().await;
    for n in 1..=2 {
        scene.sends(&room("a"), message(n)).await;
        scene.send_call().await.hold();
        let held = ServerFrame::Held {
            room: room("a"),
            client_msg_id: id(n),
        };
        assert_eq!(scene.hears().await, held);
    }
    scene
}

// SYNC-16, SYNC-18
#[tokio::test(start_paused = true)]
async fn what_became_of_a_held_message_is_told_later() {
    let mut scene = holding().await;
    let sent = Sent {
        client_msg_id: id(1),
        seq: 7,
        time: 1_000,
    };
    let room = room("a");
    let batch = vec![Outgoing::Sent { room, sent }, refused(2, Code::Forbidden)];
    scene.feed.try_send(Ok(batch)).unwrap();
    assert!(matches!(
        scene.hears().await,
        ServerFrame::Sent { seq: 7, .. }
    ));
    let lost = (Some(id(2)), Code::Forbidden);
    assert_eq!(scene.hears_problem().await, lost);
    // It does not come again, so nothing is held up by it.
    scene.sends(&super::script::room("a"), message(3)).await;
    scene.send_call().await.hold();
}

// SYNC-17
#[tokio::test(start_paused = true)]
async fn a_held_message_that_is_refused_shuts_its_room_until_it_comes_again() {
    let mut scene = holding().await;
    let refusals = vec![
        refused(1, Code::EpochTooOld),
        refused(2, Code::PreviousRefused),
    ];
    scene.feed.try_send(Ok(refusals)).unwrap();
    assert!(scene.is_quiet().await);
    // On its way before the device could know.
    scene.sends(&room("a"), message(3)).await;
    scene.sends(&room("a"), message(1)).await;
    let call = scene.send_call().await;
    assert_eq!(call.messages.iter().map(id_of).collect::<Vec<_>>(), [id(1)]);
    call.accept(1);
    let told = [
        (1, Code::EpochTooOld),
        (2, Code::PreviousRefused),
        (3, Code::PreviousRefused),
    ];
    for (n, code) in told {
        assert_eq!(scene.hears_problem().await, (Some(id(n)), code));
    }
}

// SYNC-17
#[tokio::test(start_paused = true)]
async fn what_waits_in_the_lane_behind_a_refused_held_message_is_refused_too() {
    let mut scene = holding().await;
    scene.sends(&room("a"), message(3)).await;
    let running = scene.send_call().await;
    scene.sends(&room("a"), message(4)).await;
    scene.says(&DeviceFrame::Ping).await;
    assert_eq!(scene.hears().await, ServerFrame::Pong);
    scene
        .feed
        .try_send(Ok(vec![refused(1, Code::EpochTooOld)]))
        .unwrap();
    for (n, code) in [(1, Code::EpochTooOld), (4, Code::PreviousRefused)] {
        assert_eq!(scene.hears_problem().await, (Some(id(n)), code));
    }
    running.refuse(Code::PreviousRefused);
    let behind = (Some(id(3)), Code::PreviousRefused);
    assert_eq!(scene.hears_problem().await, behind);
}

// SYNC-17
#[tokio::test(start_paused = true)]
async fn core_opens_a_room_once_the_refusal_was_read_and_no_earlier_call_runs() {
    let mut scene = holding().await;
    scene.sends(&room("a"), message(3)).await;
    let running = scene.send_call().await;
    scene
        .feed
        .try_send(Ok(vec![refused(1, Code::EpochTooOld)]))
        .unwrap();
    assert_eq!(
        scene.hears_problem().await,
        (Some(id(1)), Code::EpochTooOld)
    );
    // Reading on is what answers the ping behind the refusal.
    scene.says(&DeviceFrame::Ping).await;
    assert_eq!(scene.hears().await, ServerFrame::Pong);
    assert!(scene.is_quiet().await);
    running.accept(9);
    match scene.call().await {
        Call::Reopen(opened) => assert_eq!(opened, room("a")),
        _ => panic!("a reopening is expected"),
    }
}
