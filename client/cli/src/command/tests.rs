//! Commands as lines and as JSON.

use super::*;

fn bob() -> UserUri {
    UserUri::from_address("bob@skerry.test").unwrap()
}

#[test]
fn a_line_and_a_json_object_ask_for_the_same() {
    // ID-6: people write name@server.
    for (line, json) in [
        (
            "/register bob@skerry.test",
            r#"{"command":"register","user":"bob@skerry.test"}"#,
        ),
        (
            "/add bob@skerry.test",
            r#"{"command":"add","users":["bob@skerry.test"]}"#,
        ),
        (
            "/remove  bob@skerry.test ",
            r#"{"command":"remove","user":"bob@skerry.test"}"#,
        ),
        ("/leave", r#"{"command":"leave"}"#),
        ("/rooms", r#"{"command":"rooms"}"#),
        ("/room 2", r#"{"command":"room","room":2}"#),
        (
            "/reply 7 yes, it is",
            r#"{"command":"reply","message":7,"text":"yes, it is"}"#,
        ),
        (
            "/edit #7  hello",
            r#"{"command":"edit","message":7,"text":"hello"}"#,
        ),
        ("/delete 7", r#"{"command":"delete","message":7}"#),
        (
            "/react 7 +1",
            r#"{"command":"react","message":7,"text":"+1"}"#,
        ),
        ("/react 7", r#"{"command":"react","message":7}"#),
        ("/history 3", r#"{"command":"history","limit":3}"#),
        (
            "hello there ",
            r#"{"command":"send","text":"hello there "}"#,
        ),
        ("//shrug", r#"{"command":"send","text":"/shrug"}"#),
        ("/quit", r#"{"command":"quit"}"#),
    ] {
        assert_eq!(
            Command::from_line(line).unwrap().unwrap(),
            Command::from_json(json).unwrap()
        );
    }
    let add = Command::from_json(r#"{"command":"add","users":["mimi://skerry.test/u/bob"]}"#);
    assert_eq!(
        add.unwrap(),
        Command::Add {
            room: None,
            users: vec![bob()]
        }
    );
}

#[test]
fn what_is_no_command_is_said_and_not_sent() {
    for line in [
        "/ad bob@skerry.test",
        "/add",
        "/add bob",
        "/quit now",
        "/room x",
        "/reply 7",
        "/edit hello",
        "/delete",
        "/",
    ] {
        assert!(Command::from_line(line).unwrap().is_err(), "{line}");
    }
    assert!(Command::from_line("  ").is_none());
    for json in [
        "hello",
        r#"{"command":"fly"}"#,
        r#"{"command":"leave","rom":"x"}"#,
    ] {
        assert!(Command::from_json(json).is_err(), "{json}");
    }
}

#[test]
fn a_password_is_not_printed() {
    let json = r#"{"command":"login","user":"bob@skerry.test","password":"correct horse"}"#;
    let command = Command::from_json(json).unwrap();
    assert!(!format!("{command:?}").contains("horse"));
}
