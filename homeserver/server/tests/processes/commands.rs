//! The commands as a shell sees them: exit codes and what is told.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::{holm, program};

#[test]
fn a_wrong_configuration_is_refused_with_exit_code_two() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("holm.toml");
    std::fs::write(&file, "[server]\ndomain = \"Islet.test\"\n").unwrap();
    let output = holm(&["serve", "--config", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.contains("line 2") && told.contains("fix:"), "{told}");
    assert_eq!(holm(&["serve"]).status.code(), Some(2));
    assert_eq!(holm(&["--help"]).status.code(), Some(0));
}

#[test]
fn the_printed_configuration_has_the_domain_asked_for() {
    let output = holm(&["config", "--domain", "islet.test"]);
    assert_eq!(output.status.code(), Some(0));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("\ndomain = \"islet.test\"\n"), "{text}");
}

#[test]
fn the_demo_shows_a_conversation_across_two_servers_and_ends() {
    let output = holm(&["demo", "--exit", "--json"]);
    let told = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{told}");
    let events: Vec<Value> = told
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    let count = |kind: &str| events.iter().filter(|e| e["event"] == kind).count();
    assert_eq!(
        (count("server"), count("message"), count("summary")),
        (2, 4, 1)
    );
    for hop in [
        "server_found",
        "root_pinned",
        "key_package_claimed",
        "commit_ordered",
        "ciphertext_relayed",
        "decrypted",
    ] {
        assert!(events.iter().any(|e| e["hop"] == hop), "no {hop} in {told}");
    }
    let folder = events[0]["data"].as_str().unwrap();
    assert!(
        !Path::new(folder).exists(),
        "the temporary folder is left behind"
    );
}

#[test]
fn a_replay_finds_every_device_with_the_same_transcript_as_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log.txt");
    std::fs::write(&log, LOG).unwrap();
    let transcripts = folder.path().join("transcripts");
    let output = holm(&[
        "replay",
        "--json",
        "--servers=2",
        "--replicas=memory",
        &format!("--log={}", log.display()),
        &format!("--transcripts={}", transcripts.display()),
    ]);
    let told = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{told}");
    let summary: Value = serde_json::from_str(told.lines().last().unwrap()).unwrap();
    let counts = [
        "users",
        "messages",
        "deliveries",
        "lost",
        "doubled",
        "differences",
    ];
    let counts = counts.map(|member| summary[member].as_u64().unwrap());
    assert_eq!(counts, [4, 6, 18, 0, 0, 0]);
    for user in ["u001", "u002", "u003", "u004"] {
        let text = std::fs::read_to_string(transcripts.join(format!("{user}.txt"))).unwrap();
        assert_eq!(text, TRANSCRIPT, "{user}");
    }
}

const LOG: &str = "\
[09:00] <ann> good morning
=== cob [n=cob@host] has joined #islet
[09:00] <Ann> I am somebody else
[09:01]  * ann waves
[09:01] <brad[] > who? me > you
[09:02] <cob>
[09:02] <ann> \u{fc}nic\u{f6}de \u{1f30a}
";

const TRANSCRIPT: &str = "\
<ann> good morning
<Ann> I am somebody else
 * ann waves
<brad[] > who? me > you
<cob> 
<ann> \u{fc}nic\u{f6}de \u{1f30a}
";

#[test]
fn a_log_that_cannot_be_read_is_usage() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log.txt");
    std::fs::write(&log, "[09:00] <ann> hi\nnot a log\n").unwrap();
    let output = holm(&["replay", "--servers=1", &format!("--log={}", log.display())]);
    assert_eq!(output.status.code(), Some(2));
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.contains("line 2"), "{told}");
}

#[test]
fn servers_do_not_outlive_a_demo_that_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let mut demo = spawn_demo(folder.path());
    let mut lines = BufReader::new(demo.stdout.take().unwrap()).lines();
    let summary = lines.find(|line| line.as_ref().unwrap().contains("\"summary\""));
    assert!(summary.is_some());
    demo.kill().unwrap();
    demo.wait().unwrap();
    for domain in ["islet.test", "skerry.test"] {
        let lock = folder
            .path()
            .join("servers")
            .join(domain)
            .join("data/keys.lock");
        // A server holds this lock to its end; waiting for it waits for the end.
        std::fs::File::open(lock).unwrap().lock().unwrap();
    }
}

fn spawn_demo(data: &Path) -> Child {
    let mut command = Command::new(program());
    command.args(["demo", "--json", "--data"]).arg(data);
    command.stdout(Stdio::piped()).spawn().unwrap()
}
