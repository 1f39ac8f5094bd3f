//! Servers and devices that are killed while people talk: nothing lost, nothing doubled.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use holm::lab::{Front, Lab};
use serde_json::{Value, json};

use crate::conversation::Chat;
use crate::{holm, lab, program};

#[test]
fn a_replay_whose_servers_and_devices_are_killed_finds_nothing_lost_or_doubled() {
    // REL-1, OUT-1
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log.txt");
    let mut text = String::new();
    for line in 0..30 {
        let nick = ["ann", "bob", "cob", "dan", "eve"][line % 5];
        writeln!(text, "[09:00] <{nick}> line {line}").unwrap();
    }
    std::fs::write(&log, text).unwrap();
    let log = format!("--log={}", log.display());
    let kills = ["--kill=all:1", "--kill-devices=2", "--seed=3"];
    let output = holm(&[
        "replay",
        "--json",
        "--servers=3",
        &log,
        kills[0],
        kills[1],
        kills[2],
    ]);
    let told = String::from_utf8(output.stdout).unwrap();
    let why = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{told}{why}");
    let summary: Value = serde_json::from_str(told.lines().last().unwrap()).unwrap();
    let counts = [
        "deliveries",
        "lost",
        "doubled",
        "differences",
        "kills",
        "restarts",
    ];
    let counts = counts.map(|member| summary[member].as_u64().unwrap());
    assert_eq!(counts, [120, 0, 0, 0, 3, 3]);
    assert_eq!(summary["device_kills"], 2);
}

/// `holm chat` as a process.
struct Process {
    child: Child,
    input: ChildStdin,
    events: std::io::Lines<BufReader<ChildStdout>>,
}

impl Process {
    fn start(lab: &Lab, profile: &Path) -> Self {
        let mut command = Command::new(program());
        command.args(["chat", "--json", "--profile"]).arg(profile);
        command.arg("--ca").arg(lab.authority.root_file());
        command.arg("--dns").arg(lab.dns.address().to_string());
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Self {
            input: child.stdin.take().unwrap(),
            events: BufReader::new(child.stdout.take().unwrap()).lines(),
            child,
        }
    }

    fn ask(&mut self, command: &Value) {
        writeln!(self.input, "{command}").unwrap();
    }

    /// The next event of a kind.
    fn next(&mut self, kind: &str) -> Value {
        loop {
            let line = self
                .events
                .next()
                .unwrap_or_else(|| panic!("no {kind} came"));
            let event: Value = serde_json::from_str(&line.unwrap()).unwrap();
            assert_ne!(event["event"], "error", "{event}");
            if event["event"] == kind {
                return event;
            }
        }
    }

    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_process_killed_in_mid_conversation_goes_on_from_its_folder() {
    // REL-1, OUT-1
    let folder = tempfile::tempdir().unwrap();
    let lab = lab(folder.path(), &["islet.test", "skerry.test"], Front::Direct).await;
    let mut alice = Chat::start(&lab, &lab.device_dir("alice"));
    alice.register("alice@islet.test").await;
    let profile = lab.device_dir("bob");
    let mut bob = Process::start(&lab, &profile);
    let password = "a password of some length";
    bob.ask(&json!({ "command": "register", "user": "bob@skerry.test", "password": password }));
    bob.next("caught_up");
    alice.ask(json!({ "command": "create" })).await;
    alice.next("created").await;
    let add = json!({ "command": "add", "users": ["bob@skerry.test"] });
    alice.ask(add).await;
    bob.next("joined");
    for round in 0..4 {
        for part in ["one", "two", "three"] {
            let text = format!("alice {round} {part}");
            alice.ask(json!({ "command": "send", "text": text })).await;
        }
        bob.next("message");
        bob.ask(&json!({ "command": "send", "text": format!("bob {round}") }));
        bob.next("queued");
        bob.kill();
        bob = Process::start(&lab, &profile);
        bob.next("caught_up");
    }
    alice
        .ask(json!({ "command": "send", "text": "over" }))
        .await;
    while bob.next("message")["text"] != "over" {}
    let mut heard = Vec::new();
    while heard.len() < 4 {
        heard.push(alice.next("message").await["text"].clone());
    }
    assert_eq!(heard, ["bob 0", "bob 1", "bob 2", "bob 3"]);
    bob.ask(&json!({ "command": "history", "limit": 100 }));
    let history = bob.next("history");
    alice
        .ask(json!({ "command": "history", "limit": 100 }))
        .await;
    let theirs = alice.next("history").await;
    assert_eq!(texts(&history).len(), 17);
    assert_eq!(texts(&history), texts(&theirs));
    let mut once = texts(&history);
    once.sort_unstable();
    once.dedup();
    assert_eq!(once.len(), 17);
    bob.kill();
    alice.end().await;
}

fn texts(history: &Value) -> Vec<String> {
    let messages = history["messages"].as_array().unwrap();
    let texts = messages
        .iter()
        .map(|m| m["text"].as_str().unwrap().to_owned());
    texts.collect()
}
