//! Names, JSON and configuration.

use holm_protocol::federation::{BundleJson, SubmitRequest, SubmittedMessage, UpdateRequest};
use serde_json::{Value, json};

use super::{Seed, named};
use crate::group::{HUB, identity, story};

pub(super) fn all() -> Vec<Seed> {
    let groups = [
        named("names", names()),
        named("config", config()),
        named(
            "strict_json",
            vec![br#"{"a":[1,{"b":"c","d":null}],"e":1.5,"f":true}"#.to_vec()],
        ),
        named("problem", vec![problem()]),
        named("server_document", documents()),
        named("client_frames", frames()),
        named("client_bodies", numbered(&client_bodies())),
        named("federation_bodies", numbered(&federation_bodies())),
        named(
            "signed_request",
            vec![
                vec![0; 8],
                vec![3, 0, 0, 0, 2, 1],
                vec![1, 4, 97, 46, 98, 99],
            ],
        ),
    ];
    groups.into_iter().flatten().collect()
}

fn names() -> Vec<Vec<u8>> {
    let texts = [
        "islet.test",
        "alice@islet.test",
        "mimi://islet.test/u/alice",
        "mimi://islet.test/d/alice/k3v9",
        "mimi://xn--bcher-kva.test/r/garden",
        "mimi://islet.test/r/garden#7",
    ];
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

fn config() -> Vec<Vec<u8>> {
    let full = holm::config::Config::default().to_commented_toml();
    let short = "listen = \"[::]:443\"\n[server]\ndomain = \"islet.test\"\n[tls]\noff = true\n";
    vec![full.into_bytes(), short.into()]
}

fn problem() -> Vec<u8> {
    let problem = holm_protocol::Problem::new(holm_protocol::Code::WrongEpoch, "epoch 3");
    serde_json::to_vec(&problem.with_epoch(4)).expect("plain data")
}

fn documents() -> Vec<Vec<u8>> {
    let signed = identity(HUB).document(1_700_000_000_000);
    let inner = signed.document.as_slice().to_vec();
    vec![serde_json::to_vec(&signed).expect("plain data"), inner]
}

fn text(value: &Value) -> Vec<u8> {
    value.to_string().into_bytes()
}

/// Bodies, each behind the number of its reader.
fn numbered(bodies: &[(u8, Value)]) -> Vec<Vec<u8>> {
    let input = |(n, body): &(u8, Value)| [&[*n][..], &text(body)].concat();
    bodies.iter().map(input).collect()
}

fn frames() -> Vec<Vec<u8>> {
    let (room, id) = ("mimi://islet.test/r/garden", "AwMDAwMDAwMDAwMDAwMDAw");
    let frames = [
        json!({"type": "hello", "cursors": {room: 4}}),
        json!({"type": "send", "room": room, "message": "AAEC"}),
        json!({"type": "ack", "room": room, "delivered": 3, "read": 2}),
        json!({"type": "ping"}),
        json!({"type": "event", "room": room, "event": "AAEC", "head": "AAEC"}),
        json!({"type": "sent", "room": room, "client_msg_id": id, "seq": 1, "time": 2}),
        json!({"type": "caught_up"}),
    ];
    frames.iter().map(text).collect()
}

fn federation_bodies() -> Vec<(u8, Value)> {
    let (room, user) = ("mimi://islet.test/r/garden", "mimi://skerry.test/u/bob");
    let claim = json!({"requester": user, "room": room, "hub": HUB, "claim_id": "AAEC"});
    let commit = &story().commits[0];
    let update = UpdateRequest::Commit {
        user: commit.device.user(),
        bundle: BundleJson::from(commit.bundle.clone()),
    };
    let message = &story().messages[0];
    let submit = SubmitRequest {
        messages: vec![SubmittedMessage {
            user: message.device.user(),
            message: message.bytes.clone().into(),
        }],
    };
    let page = json!({"room": room, "head": "AAEC", "events": ["AAEC", "AwQF"]});
    vec![
        (0, claim),
        (2, serde_json::to_value(update).expect("plain data")),
        (4, serde_json::to_value(submit).expect("plain data")),
        (6, json!({"rooms": [page]})),
        (7, json!({"rooms": [{"room": room, "cursor": 3}]})),
        (
            8,
            json!({"rooms": [{"room": room, "cursor": 3, "head": "AAEC"}], "since": "x"}),
        ),
        (9, json!({"rooms": [], "token": "", "more": false})),
        (11, json!({"user": user})),
    ]
}

fn client_bodies() -> Vec<(u8, Value)> {
    let room = "mimi://islet.test/r/garden";
    let bundle = BundleJson::from(story().commits[1].bundle.clone());
    vec![
        (0, json!({"name": "alice", "password": "correct horse"})),
        (1, json!({"name": "alice", "password": "correct horse"})),
        (4, json!({"key_packages": ["AAEC"]})),
        (6, json!({"room": room, "hub": HUB, "claim_id": "AAEC"})),
        (
            8,
            json!({"room": room, "group_info": "AAEC", "tree": "AAEC"}),
        ),
        (
            9,
            json!({"rooms": [{"room": room, "anchor": 1, "delivered": 0, "read": 0}]}),
        ),
        (10, serde_json::to_value(bundle).expect("plain data")),
        (13, json!({"events": ["AAEC"], "head": "AAEC"})),
    ]
}
