//! How a connection ends, and what the device learns of it.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use futures::{SinkExt, StreamExt};
use holm_client_types::frame::{DeviceFrame, ServerFrame, close};
use holm_core::delivery::Outgoing;
use holm_protocol::limits::FRAME_IN_LEN_MAX;
use holm_protocol::{Code, Problem};
use tokio::io::AsyncReadExt;
use tokio::time::{Instant, timeout};
use tokio_tungstenite::tungstenite::Message;

use super::script::{Call, PIPE_LEN, Scene, room};

// SYNC-8
#[tokio::test(start_paused = true)]
async fn a_device_that_does_not_say_hello_is_closed() {
    let mut scene = Scene::opened().await;
    let begun = Instant::now();
    assert_eq!(scene.closes().await, close::NO_HELLO);
    assert_eq!(begun.elapsed(), Duration::from_secs(10));
}

// SYNC-1, SYNC-9
#[tokio::test(start_paused = true)]
async fn the_first_frame_has_to_be_hello() {
    for first in [r#"{"type":"ping"}"#, r#"{"type":"typing"}"#, "hello"] {
        let mut scene = Scene::opened().await;
        scene.says_text(first).await;
        assert_eq!(scene.hears_problem().await, (None, Code::Malformed));
        assert_eq!(scene.closes().await, close::BAD_FRAME);
    }
}

// SYNC-9, ENC-4
#[tokio::test(start_paused = true)]
async fn a_malformed_frame_is_told_and_closes() {
    let frames = [
        "",
        "{",
        "[]",
        r#"{"type":"ping","type":"ping"}"#,
        r#"{"type":"ack","room":"mimi://islet.test/r/a","delivered":"1"}"#,
        r#"{"type":"send","room":"mimi://islet.test/r/a","message":"%%%"}"#,
        r#"{"type":"hello","cursors":{}}"#,
    ];
    for frame in frames {
        let mut scene = Scene::connected().await;
        scene.says_text(frame).await;
        assert_eq!(scene.hears_problem().await, (None, Code::Malformed));
        assert_eq!(scene.closes().await, close::BAD_FRAME);
    }
}

// SYNC-11
#[tokio::test(start_paused = true)]
async fn a_binary_frame_closes() {
    let mut scene = Scene::connected().await;
    let frame = Message::binary(r#"{"type":"ping"}"#);
    scene.device.send(frame).await.unwrap();
    assert_eq!(scene.closes().await, close::NOT_TEXT);
}

fn ping_of(len: usize) -> String {
    let ping = r#"{"type":"ping"}"#;
    format!("{ping}{}", " ".repeat(len - ping.len()))
}

// LIM-7, at n
#[tokio::test(start_paused = true)]
async fn a_frame_of_exactly_the_limit_is_taken() {
    let mut scene = Scene::connected().await;
    scene.says_text(ping_of(FRAME_IN_LEN_MAX)).await;
    assert_eq!(scene.hears().await, ServerFrame::Pong);
}

// LIM-7, at n + 1; and with 3 MiB that are still on their way when the server has decided
#[tokio::test(start_paused = true)]
async fn a_frame_over_the_limit_is_told_to_a_device_that_is_still_sending() {
    for len in [FRAME_IN_LEN_MAX + 1, 3 * 1_024 * 1_024] {
        let mut scene = Scene::connected().await;
        scene.says_text(ping_of(len)).await;
        assert_eq!(scene.closed_with().await, close::TOO_LARGE);
        drop(scene.device);
        scene.server.await.unwrap();
    }
}

// SYNC-12
#[tokio::test(start_paused = true)]
async fn a_silent_device_is_asked_twice_and_then_closed() {
    let mut scene = Scene::connected().await;
    let begun = Instant::now();
    // Read below the WebSocket, nothing answers the pings.
    let mut bytes = Vec::new();
    let stream = scene.device.get_mut();
    stream.read_to_end(&mut bytes).await.unwrap();
    let [0x89, 0, 0x89, 0, 0x88, _, high, low, ..] = bytes[..] else {
        panic!("two pings and a close are expected: {bytes:?}");
    };
    assert_eq!(u16::from_be_bytes([high, low]), close::NO_HELLO);
    // It leaves the device 5 seconds to close.
    assert_eq!(begun.elapsed(), Duration::from_secs(65));
}

// SYNC-12
#[tokio::test(start_paused = true)]
async fn a_device_that_answers_pings_stays_connected() {
    let mut scene = Scene::connected().await;
    let begun = Instant::now();
    for n in 1..=4 {
        assert!(matches!(
            scene.device.next().await,
            Some(Ok(Message::Ping(_)))
        ));
        assert_eq!(begun.elapsed(), Duration::from_secs(20) * n);
        scene.device.flush().await.unwrap();
    }
    scene.says(&DeviceFrame::Ping).await;
    assert_eq!(scene.hears().await, ServerFrame::Pong);
}

// SYNC-15
#[tokio::test(start_paused = true)]
async fn a_device_that_takes_nothing_is_dropped_though_it_speaks() {
    let mut scene = Scene::connected().await;
    let event = Outgoing::Event {
        room: room("a"),
        event: Bytes::from(vec![7; 2 * PIPE_LEN]).into(),
        head: None,
    };
    scene.feed.try_send(Ok(vec![event])).unwrap();
    let begun = Instant::now();
    for _ in 0..20 {
        if scene.server.is_finished() {
            break;
        }
        let ping = Message::text(r#"{"type":"ping"}"#);
        scene.device.send(ping).await.ok();
        timeout(Duration::from_secs(5), &mut scene.server)
            .await
            .ok();
    }
    assert_eq!(begun.elapsed(), Duration::from_secs(65));
}

// SYNC-14
#[tokio::test(start_paused = true)]
async fn a_server_that_stops_says_so() {
    for scene in [Scene::opened().await, Scene::connected().await] {
        let mut scene = scene;
        scene.stop.cancel();
        assert_eq!(scene.closes().await, close::RESTART);
    }
}

// ACC-6
#[tokio::test(start_paused = true)]
async fn the_end_of_the_session_closes_with_its_code() {
    for code in [close::TOKEN, close::DEVICE, close::REPLACED] {
        let mut scene = Scene::connected().await;
        scene
            .feed
            .try_send(Ok(vec![Outgoing::Closed(code)]))
            .unwrap();
        assert_eq!(scene.closes().await, code);
    }
}

// PROB-1
#[tokio::test(start_paused = true)]
async fn a_refused_connection_is_told_before_it_closes() {
    let cases = [
        (Code::TokenRevoked, close::TOKEN),
        (Code::Forbidden, close::DEVICE),
        (Code::RateLimited, close::RATE),
        (Code::Unavailable, close::INTERNAL),
    ];
    for (code, closes_with) in cases {
        let mut scene = Scene::opened().await;
        let cursors = BTreeMap::new();
        scene.says(&DeviceFrame::Hello { cursors }).await;
        let Call::Connect(_, reply) = scene.call().await else {
            panic!("hello connects");
        };
        reply.send(Err(Problem::new(code, ""))).unwrap();
        assert_eq!(scene.hears_problem().await, (None, code));
        assert_eq!(scene.closes().await, closes_with);
    }
}

// SYNC-5
#[tokio::test(start_paused = true)]
async fn a_device_that_closes_is_answered_and_forgotten() {
    let mut scene = Scene::connected().await;
    scene.device.close(None).await.unwrap();
    let mut answered = false;
    while let Some(message) = scene.device.next().await {
        answered |= matches!(message, Ok(Message::Close(_)));
    }
    assert!(answered, "the close frame got no answer");
    scene.server.await.unwrap();
}
