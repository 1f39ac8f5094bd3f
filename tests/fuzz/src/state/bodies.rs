//! Bodies of requests: right ones of the story's, the same with parts changed, and anything.

use holm_protocol::Base64Url;
use holm_protocol::federation::{BundleJson, SubmitRequest, SubmittedMessage, UpdateRequest};
use serde_json::{Value, json};

use crate::group::{FOLLOWER, HUB, room, server, story};
use crate::input::Input;

/// A room's or user's URI as it stands in a path, or something like it.
pub(super) fn parameter(input: &mut Input<'_>) -> String {
    let escaped = |text: &str| text.replace(':', "%3A").replace('/', "%2F");
    match input.below(8) {
        0 => escaped("mimi://skerry.test/u/bob"),
        1 => escaped("mimi://islet.test/r/other"),
        2 => printable(input.run()),
        3 => escaped("mimi://islet.test/u/carol"),
        _ => escaped(room().as_str()),
    }
}

/// Bytes as characters that may stand in a path and query; the rest is escaped.
pub(super) fn printable(bytes: &[u8]) -> String {
    let text = |byte: &u8| match byte {
        b'a'..=b'z'
        | b'A'..=b'Z'
        | b'0'..=b'9'
        | b'-'
        | b'.'
        | b'_'
        | b'?'
        | b'='
        | b'&'
        | b'%'
        | b'/' => char::from(*byte).to_string(),
        other => format!("%{other:02X}"),
    };
    bytes.iter().map(text).collect()
}

/// A body of the federation API.
pub(super) fn federation(input: &mut Input<'_>) -> Vec<u8> {
    let room = room().to_string();
    let body = match input.below(8) {
        0 => json!({"requester": "mimi://skerry.test/u/bob", "room": room, "hub": HUB,
            "claim_id": Base64Url::to_text(&[input.byte(); 16])}),
        1 => update(input),
        2 => submit(input),
        3 => json!({"rooms": [{"room": room, "head": bytes(input), "events": [bytes(input)]}]}),
        4 => json!({"rooms": [{"room": room, "cursor": input.byte()}], "since": text(input)}),
        5 => json!({"user": "mimi://skerry.test/u/bob"}),
        6 => return input.run().to_vec(),
        _ => json!({}),
    };
    changed(body, input)
}

fn update(input: &mut Input<'_>) -> Value {
    let commits = &story().commits;
    let commit = &commits[input.below(commits.len())];
    let request = match input.below(4) {
        0 => UpdateRequest::Leave {
            user: commit.device.user(),
        },
        _ => UpdateRequest::Commit {
            user: commit.device.user(),
            bundle: BundleJson::from(commit.bundle.clone()),
        },
    };
    serde_json::to_value(request).expect("plain data")
}

fn submit(input: &mut Input<'_>) -> Value {
    let messages = &story().messages;
    let mut submitted = Vec::new();
    for _ in 0..=input.below(3) {
        let message = &messages[input.below(messages.len())];
        submitted.push(SubmittedMessage {
            user: message.device.user(),
            message: message.bytes.clone().into(),
        });
    }
    let request = SubmitRequest {
        messages: submitted,
    };
    serde_json::to_value(request).expect("plain data")
}

/// A body of the client API.
pub(super) fn client(input: &mut Input<'_>) -> Vec<u8> {
    let (room, commits) = (room().to_string(), &story().commits);
    let body = match input.below(8) {
        0 => json!({"room": room, "hub": HUB, "claim_id": Base64Url::to_text(&[input.byte(); 16])}),
        1 | 2 => {
            let bundle = commits[input.below(commits.len())].bundle.clone();
            serde_json::to_value(BundleJson::from(bundle)).expect("plain data")
        }
        3 => json!({"room": room, "group_info": bytes(input), "tree": bytes(input)}),
        4 => {
            let packages = story()
                .packages
                .iter()
                .map(|(_, p)| Base64Url::from(p.bytes.clone()));
            json!({"key_packages": packages.collect::<Vec<_>>()})
        }
        5 => json!({"identity": bytes(input), "mls_key": bytes(input)}),
        6 => return input.run().to_vec(),
        _ => json!({}),
    };
    changed(body, input)
}

/// A body with a few of its values replaced.
fn changed(mut body: Value, input: &mut Input<'_>) -> Vec<u8> {
    while input.below(4) == 3 {
        change(&mut body, input);
    }
    body.to_string().into_bytes()
}

fn change(value: &mut Value, input: &mut Input<'_>) {
    match value {
        Value::Object(members) if !members.is_empty() && input.below(8) != 7 => {
            let index = input.below(members.len());
            let name = members.keys().nth(index).cloned().unwrap_or_default();
            match input.below(8) {
                7 => drop(members.remove(&name)),
                _ => members
                    .get_mut(&name)
                    .into_iter()
                    .for_each(|v| change(v, input)),
            }
        }
        Value::Array(items) if !items.is_empty() && input.below(8) != 7 => {
            let index = input.below(items.len());
            change(&mut items[index], input);
        }
        other => *other = replacement(input),
    }
}

fn replacement(input: &mut Input<'_>) -> Value {
    match input.below(10) {
        0 => Value::Null,
        1 => json!([]),
        2 => json!({}),
        3 => json!(input.number()),
        4 => json!(-1),
        5 => json!(1.5),
        6 => json!(server(FOLLOWER).as_str()),
        7 => json!("mimi://islet.test/u/carol"),
        8 => bytes(input),
        _ => json!(text(input)),
    }
}

fn bytes(input: &mut Input<'_>) -> Value {
    Value::from(Base64Url::to_text(input.run()))
}

fn text(input: &mut Input<'_>) -> String {
    String::from_utf8_lossy(input.run()).into_owned()
}
