//! What flows after hello.

use std::collections::BTreeMap;

use bytes::Bytes;
use holm_client_types::frame::{DeviceFrame, ServerFrame};
use holm_core::delivery::Outgoing;
use holm_protocol::{Base64Url, Code, Hash, Problem};

use super::script::{Call, FEED_MAX, PIPE_LEN, Scene, room};

// SYNC-1
#[tokio::test(start_paused = true)]
async fn hello_connects_with_the_devices_cursors() {
    let mut scene = Scene::opened().await;
    let cursors = BTreeMap::from([(room("a"), 7)]);
    scene
        .says(&DeviceFrame::Hello {
            cursors: cursors.clone(),
        })
        .await;
    let Call::Connect(given, reply) = scene.call().await else {
        panic!("hello connects");
    };
    assert_eq!(given, cursors);
    reply.send(Ok(())).unwrap();
    scene.feed.try_send(Ok(vec![Outgoing::CaughtUp])).unwrap();
    assert_eq!(scene.hears().await, ServerFrame::CaughtUp);
}

// SYNC-2, SYNC-3, ORD-5
#[tokio::test(start_paused = true)]
async fn what_the_homeserver_hands_over_arrives_in_order() {
    let mut scene = Scene::connected().await;
    let bytes = Bytes::from_static(b"bytes");
    let interim = Hash::sha256(b"before");
    let batch = vec![
        Outgoing::Welcome {
            room: room("a"),
            event: bytes.clone(),
            welcome: bytes.clone(),
            interim,
        },
        Outgoing::Event {
            room: room("a"),
            event: bytes.clone().into(),
            head: Some(bytes.clone()),
        },
        Outgoing::Order {
            room: room("a"),
            order: bytes.clone(),
        },
    ];
    scene.feed.try_send(Ok(batch)).unwrap();
    scene.feed.try_send(Ok(vec![Outgoing::CaughtUp])).unwrap();
    let bytes = Base64Url(bytes);
    let expected = [
        ServerFrame::Welcome {
            room: room("a"),
            event: bytes.clone(),
            welcome: bytes.clone(),
            interim,
        },
        ServerFrame::Event {
            room: room("a"),
            event: bytes.clone(),
            head: Some(bytes.clone()),
        },
        ServerFrame::Order {
            room: room("a"),
            order: bytes,
        },
        ServerFrame::CaughtUp,
    ];
    for frame in expected {
        assert_eq!(scene.hears().await, frame);
    }
}

// SYNC-6
#[tokio::test(start_paused = true)]
async fn acknowledgements_that_wait_for_a_write_are_merged() {
    let mut scene = Scene::connected().await;
    let ack = |name: &str, delivered, read| DeviceFrame::Ack {
        room: room(name),
        delivered,
        read,
    };
    scene.says(&ack("a", 1, 0)).await;
    let Call::Acknowledge(_, 1, 0, first) = scene.call().await else {
        panic!("the first is written at once");
    };
    for frame in [
        ack("a", 2, 1),
        ack("a", 5, 3),
        ack("b", 1, 1),
        ack("a", 4, 2),
    ] {
        scene.says(&frame).await;
    }
    scene.says(&DeviceFrame::Ping).await;
    assert_eq!(scene.hears().await, ServerFrame::Pong);
    first.send(Ok(())).unwrap();
    for expected in [(room("a"), 5, 3), (room("b"), 1, 1)] {
        let Call::Acknowledge(room, delivered, read, reply) = scene.call().await else {
            panic!("an acknowledgement is expected");
        };
        assert_eq!((room, delivered, read), expected);
        reply.send(Ok(())).unwrap();
    }
    assert!(scene.is_quiet().await);
}

// SYNC-6
#[tokio::test(start_paused = true)]
async fn a_refused_acknowledgement_is_told_with_its_room() {
    let mut scene = Scene::connected().await;
    scene
        .says(&DeviceFrame::Ack {
            room: room("a"),
            delivered: 9,
            read: 0,
        })
        .await;
    let Call::Acknowledge(_, 9, 0, reply) = scene.call().await else {
        panic!("an acknowledgement is expected");
    };
    let problem = Problem::new(Code::BadRequest, "beyond the newest event");
    reply.send(Err(problem.clone())).unwrap();
    let expected = ServerFrame::Problem {
        room: Some(room("a")),
        client_msg_id: None,
        problem,
    };
    assert_eq!(scene.hears().await, expected);
}

// SYNC-10
#[tokio::test(start_paused = true)]
async fn an_unknown_frame_is_answered_and_the_connection_goes_on() {
    let mut scene = Scene::connected().await;
    scene.says_text(r#"{"type":"typing","room":7}"#).await;
    assert_eq!(scene.hears_problem().await, (None, Code::UnknownFrame));
    scene.says(&DeviceFrame::Ping).await;
    assert_eq!(scene.hears().await, ServerFrame::Pong);
}

// SYNC-15
#[tokio::test(start_paused = true)]
async fn the_next_batch_is_fetched_only_when_the_last_was_taken() {
    let mut scene = Scene::connected().await;
    let large = Outgoing::Event {
        room: room("a"),
        event: Bytes::from(vec![7; 2 * PIPE_LEN]).into(),
        head: None,
    };
    for _ in 0..3 {
        scene.feed.try_send(Ok(vec![large.clone()])).unwrap();
    }
    // The device reads nothing, so the first batch fills the pipe and the others stay.
    assert!(scene.is_quiet().await);
    assert_eq!(scene.feed.capacity(), FEED_MAX - 2);
    scene
        .feed
        .try_send(Ok(vec![Outgoing::Closed(4409)]))
        .unwrap();
    for _ in 0..3 {
        assert!(matches!(scene.hears().await, ServerFrame::Event { .. }));
    }
    assert_eq!(scene.closes().await, 4409);
}
