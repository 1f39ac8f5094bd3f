//! `holm chat` between two servers, driven through its JSON form as a program would.

use std::io::{BufRead, BufReader, PipeReader};
use std::path::Path;

use holm::lab::{Front, Lab};
use holm_cli::{ChatError, ChatOptions};
use serde_json::{Value, json};
use tokio::io::{AsyncWriteExt, DuplexStream};
use tokio::task::JoinHandle;

use crate::lab;

/// A chat that a test types into.
pub(crate) struct Chat {
    input: DuplexStream,
    events: tokio::sync::mpsc::Receiver<Value>,
    ended: JoinHandle<Result<(), ChatError>>,
}

impl Chat {
    pub(crate) fn start(lab: &Lab, profile: &Path) -> Self {
        let options = ChatOptions {
            profile: Some(profile.to_owned()),
            ca: Some(lab.authority.root_file().to_owned()),
            dns: Some(lab.dns.address()),
            json: true,
            ..ChatOptions::default()
        };
        let (input, theirs) = tokio::io::duplex(4_096);
        let (reader, writer) = std::io::pipe().unwrap();
        let chat = holm_cli::chat(options, tokio::io::BufReader::new(theirs), writer);
        Self {
            input,
            events: read(reader),
            ended: tokio::spawn(chat),
        }
    }

    pub(crate) async fn ask(&mut self, command: Value) {
        self.input
            .write_all(format!("{command}\n").as_bytes())
            .await
            .unwrap();
    }

    /// The next event of a kind.
    pub(crate) async fn next(&mut self, kind: &str) -> Value {
        loop {
            let event = self
                .events
                .recv()
                .await
                .unwrap_or_else(|| panic!("no {kind} came"));
            assert!(kind == "error" || event["event"] != "error", "{event}");
            if event["event"] == kind {
                return event;
            }
        }
    }

    pub(crate) async fn register(&mut self, user: &str) {
        let password = "a password of some length";
        let command = json!({ "command": "register", "user": user, "password": password });
        self.ask(command).await;
        self.next("session").await;
        self.next("caught_up").await;
    }

    pub(crate) async fn end(mut self) {
        self.ask(json!({ "command": "quit" })).await;
        self.ended.await.unwrap().unwrap();
    }
}

/// Events as they are written; the pipe ends with the chat.
fn read(reader: PipeReader) -> tokio::sync::mpsc::Receiver<Value> {
    let (sender, events) = tokio::sync::mpsc::channel(1_024);
    std::thread::spawn(move || {
        for line in BufReader::new(reader).lines() {
            let event = serde_json::from_str(&line.unwrap()).unwrap();
            if sender.blocking_send(event).is_err() {
                return;
            }
        }
    });
    events
}

#[tokio::test(flavor = "multi_thread")]
async fn two_people_on_two_servers_talk_and_one_leaves() {
    let folder = tempfile::tempdir().unwrap();
    let lab = lab(folder.path(), &["islet.test", "skerry.test"], Front::Direct).await;
    let mut alice = Chat::start(&lab, &lab.device_dir("alice"));
    let mut bob = Chat::start(&lab, &lab.device_dir("bob"));
    alice.register("alice@islet.test").await;
    bob.register("bob@skerry.test").await;
    bob.ask(json!({ "command": "name", "name": "Bob the Builder" }))
        .await;
    alice.ask(json!({ "command": "create" })).await;
    let room = alice.next("created").await["room"].clone();
    alice
        .ask(json!({ "command": "add", "users": ["bob@skerry.test"] }))
        .await;
    assert_eq!(bob.next("joined").await["room"], room);
    alice
        .ask(json!({ "command": "send", "text": "can we fix it?" }))
        .await;
    let heard = bob.next("message").await;
    assert_eq!(heard["text"], "can we fix it?");
    assert_eq!(heard["sender"], "mimi://islet.test/u/alice");
    bob.ask(json!({ "command": "send", "text": "yes we can" }))
        .await;
    assert_eq!(
        alice.next("message").await["display_name"],
        "Bob the Builder"
    );
    bob.ask(json!({ "command": "leave" })).await;
    let gone = alice.next("participants").await;
    assert_eq!(gone["removed"], json!(["mimi://skerry.test/u/bob"]));
    assert_eq!(bob.next("removed").await["room"], room);
    alice.end().await;
    bob.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_comes_back_to_its_account_rooms_and_history() {
    let folder = tempfile::tempdir().unwrap();
    let lab = lab(folder.path(), &["islet.test"], Front::Direct).await;
    let profile = lab.device_dir("alice");
    let mut alice = Chat::start(&lab, &profile);
    alice.register("alice@islet.test").await;
    alice.ask(json!({ "command": "create" })).await;
    let room = alice.next("created").await["room"].clone();
    alice
        .ask(json!({ "command": "send", "text": "note to self" }))
        .await;
    alice.end().await;
    let mut alice = Chat::start(&lab, &profile);
    assert_eq!(
        alice.next("session").await["user"],
        "mimi://islet.test/u/alice"
    );
    assert_eq!(alice.next("current").await["room"], room);
    alice.ask(json!({ "command": "history" })).await;
    let history = alice.next("history").await;
    assert_eq!(history["messages"][0]["text"], "note to self");
    assert_eq!(history["messages"][0]["state"], "sent");
    alice.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_done_is_told_and_the_chat_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let lab = lab(folder.path(), &["islet.test"], Front::Direct).await;
    let mut chat = Chat::start(&lab, &lab.device_dir("alice"));
    for (command, code) in [
        (json!({ "command": "dance" }), "usage"),
        (json!({ "command": "create" }), "client"),
        (
            json!({ "command": "register", "user": "alice@islet.test" }),
            "client",
        ),
        (
            json!({ "command": "login", "user": "alice@islet.test", "password": "no such one" }),
            "wrong_credentials",
        ),
    ] {
        chat.ask(command.clone()).await;
        assert_eq!(chat.next("error").await["code"], code, "{command}");
    }
    chat.register("alice@islet.test").await;
    chat.end().await;
}
