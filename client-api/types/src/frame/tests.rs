//! Frames are read strictly, and written as the specification names them.

use std::collections::BTreeMap;

use holm_protocol::aad::ClientMsgId;
use holm_protocol::limits::{BUNDLE_LEN_MAX, FRAME_OUT_LEN_MAX};
use holm_protocol::{Base64Url, Code, Hash, Problem, RoomUri};

use super::{DeviceFrame, Frame, FrameError, ServerFrame, read, read_device};

fn room() -> RoomUri {
    RoomUri::parse("mimi://islet.test/r/abc").unwrap()
}

fn bytes() -> Base64Url {
    Base64Url::from(vec![1, 2, 3])
}

fn device_frames() -> Vec<DeviceFrame> {
    vec![
        DeviceFrame::Hello {
            cursors: BTreeMap::from([(room(), 7)]),
        },
        DeviceFrame::Send {
            room: room(),
            message: bytes(),
        },
        DeviceFrame::Ack {
            room: room(),
            delivered: 9,
            read: 4,
        },
        DeviceFrame::Ping,
    ]
}

fn server_frames() -> Vec<ServerFrame> {
    vec![
        ServerFrame::Welcome {
            room: room(),
            event: bytes(),
            welcome: bytes(),
            interim: Hash::sha256(b"before"),
        },
        ServerFrame::Event {
            room: room(),
            event: bytes(),
            head: None,
        },
        ServerFrame::Sent {
            room: room(),
            client_msg_id: ClientMsgId([5; 16]),
            seq: 3,
            time: 1_000,
        },
        ServerFrame::Held {
            room: room(),
            client_msg_id: ClientMsgId([5; 16]),
        },
        ServerFrame::Order {
            room: room(),
            order: bytes(),
        },
        ServerFrame::CaughtUp,
        ServerFrame::Pong,
        ServerFrame::Problem {
            room: Some(room()),
            client_msg_id: None,
            problem: Problem::new(Code::EpochTooOld, "encrypt it anew"),
        },
    ]
}

fn type_of<F: serde::Serialize>(frame: &F) -> String {
    let value = serde_json::to_value(frame).unwrap();
    value["type"].as_str().unwrap().to_owned()
}

// SYNC-1, SYNC-4, SYNC-6
#[test]
fn every_device_frame_reads_back_under_its_listed_type() {
    let types: Vec<_> = device_frames().iter().map(type_of).collect();
    assert_eq!(types, DeviceFrame::TYPES);
    for frame in device_frames() {
        let text = serde_json::to_vec(&frame).unwrap();
        assert_eq!(read::<DeviceFrame>(&text).unwrap(), frame);
    }
}

// SYNC-2, SYNC-3, SYNC-5, ORD-5
#[test]
fn every_server_frame_reads_back_under_its_listed_type() {
    let types: Vec<_> = server_frames().iter().map(type_of).collect();
    assert_eq!(types, ServerFrame::TYPES);
    for frame in server_frames() {
        let text = serde_json::to_vec(&frame).unwrap();
        assert_eq!(read::<ServerFrame>(&text).unwrap(), frame);
    }
}

// SYNC-10
#[test]
fn an_unknown_type_is_told_apart_from_a_malformed_frame() {
    let unknown = read::<DeviceFrame>(br#"{"type":"typing","room":1}"#);
    assert!(matches!(unknown, Err(FrameError::UnknownType(t)) if t == "typing"));
}

// SYNC-9, ENC-4
#[test]
fn malformed_frames_are_refused() {
    let cases: &[&[u8]] = &[
        b"",
        b"[]",
        b"{}",
        br#"{"type":7}"#,
        br#"{"type":"ping","type":"ping"}"#,
        br#"{"type":"ping"} {"type":"ping"}"#,
        br#"{"type":"send","room":"mimi://islet.test/u/abc","message":"AQ"}"#,
        br#"{"type":"send","room":"mimi://islet.test/r/abc","message":"AQ=="}"#,
        br#"{"type":"ack","room":"mimi://islet.test/r/abc","delivered":-1}"#,
        br#"{"type":"hello","cursors":{"mimi://islet.test/r/a":1,"mimi://islet.test/r/a":2}}"#,
    ];
    for case in cases {
        let result = read_device(case);
        assert!(
            matches!(result, Err(FrameError::Malformed(_))),
            "{} gave {result:?}",
            String::from_utf8_lossy(case)
        );
    }
}

// ENC-4
#[test]
fn an_unknown_member_is_ignored() {
    let frame = read::<DeviceFrame>(br#"{"type":"ping","later":{"a":1}}"#).unwrap();
    assert_eq!(frame, DeviceFrame::Ping);
}

// LIM-8, LIM-6
#[test]
fn the_largest_commit_with_its_welcome_fits_a_frame() {
    // Header, hashes and signature of the event, and a signed head, have far less than this.
    let around = 4 * 1_024;
    for welcome in [0, BUNDLE_LEN_MAX / 2, BUNDLE_LEN_MAX] {
        let frame = ServerFrame::Welcome {
            room: room(),
            event: Base64Url::from(vec![7; BUNDLE_LEN_MAX - welcome + around]),
            welcome: Base64Url::from(vec![7; welcome]),
            interim: Hash([1; 32]),
        };
        assert!(serde_json::to_vec(&frame).unwrap().len() <= FRAME_OUT_LEN_MAX);
    }
}

// ENC-4
#[test]
fn the_short_way_for_messages_reads_what_the_long_one_reads() {
    let send = |more: &str| {
        let text = r#"{"type":"send","room":"mimi://islet.test/r/abc","message":"AQID""#;
        format!("{text}{more}}}")
    };
    for text in [send(""), send(r#","later":{"a":[1]}"#)] {
        let read = read::<DeviceFrame>(text.as_bytes()).unwrap();
        assert_eq!(read_device(text.as_bytes()).unwrap(), read);
    }
    let twice = [
        send(r#","later":1,"later":2"#),
        send(r#","room":"mimi://islet.test/r/b""#),
    ];
    for text in &twice {
        assert!(matches!(
            read_device(text.as_bytes()),
            Err(FrameError::Malformed(_))
        ));
    }
    let escaped = r#"{"type":"\u0073end","room":"mimi://islet.test/r/abc","message":"AQID"}"#;
    assert!(matches!(
        read_device(escaped.as_bytes()),
        Ok(DeviceFrame::Send { .. })
    ));
}
