//! `identifiers.json`.

use holm_protocol::name::NameError;
use holm_protocol::{DeviceUri, RoomUri, ServerName, UserUri};
use serde_json::{Value, json};

use super::File;
use super::case::{Case, hex};

fn valid(kind: &str, ids: &[&str], text: &str, parts: &Value) -> Value {
    json!({
        "name": format!("{kind} {text}"), "requirements": ids, "kind": kind, "text": text,
        "valid": true, "parts": parts,
    })
}

fn invalid(kind: &str, ids: &[&str], text: &str, (why, error): (&str, &str)) -> Value {
    json!({
        "name": format!("{kind}: {why}"), "requirements": ids, "kind": kind, "text": text,
        "valid": false, "error": error,
    })
}

fn servers() -> Vec<Value> {
    let label = "a".repeat(63);
    let longest = format!("{label}.{label}.{label}.{}", "a".repeat(61));
    let good = [
        "islet.example",
        "a.b",
        "xn--bcher-kva.example",
        "1.2.3.example",
        "a--b.example",
    ];
    let good = good.map(str::to_owned).into_iter().chain([longest.clone()]);
    let good = good.map(|text| valid("server", &["ID-1"], &text, &json!({ "domain": text })));
    let bad = [
        ("", "empty", "length"),
        (&format!("a{longest}"), "254 bytes", "length"),
        ("localhost", "a single label", "label"),
        ("islet.example.", "a trailing dot", "label"),
        (".islet.example", "a leading dot", "label"),
        ("islet..example", "an empty label", "label"),
        (
            "-islet.example",
            "a hyphen at the beginning of a label",
            "label",
        ),
        ("islet-.example", "a hyphen at the end of a label", "label"),
        (&format!("a{label}.example"), "a label of 64 bytes", "label"),
        ("127.0.0.1", "an IPv4 address", "label"),
        (
            "127.0x1",
            "what URL parsers take for an IPv4 address",
            "label",
        ),
        ("islet.1a", "a last label that begins with a digit", "label"),
        ("Islet.example", "upper case", "character"),
        ("bücher.example", "a U-label", "character"),
        ("islet.example:8443", "a port", "character"),
        ("[::1]", "an IPv6 address", "label"),
        ("is_let.example", "an underscore", "character"),
        (" islet.example", "a space before", "character"),
        ("islet.example\n", "a line break after", "character"),
    ];
    let bad = bad.map(|(text, why, error)| invalid("server", &["ID-1"], text, (why, error)));
    good.chain(bad).collect()
}

fn users() -> Vec<Value> {
    let named = |name: &str| format!("mimi://islet.example/u/{name}");
    let good = ["alice", "a", "7", "a.b_c-d", "a..b", &"u".repeat(32)].map(|name| {
        let parts = json!({ "domain": "islet.example", "user": name });
        valid("user", &["ID-2"], &named(name), &parts)
    });
    let long = "u".repeat(33);
    let bad = [
        ("", "no name", "length"),
        (long.as_str(), "a name of 33 bytes", "length"),
        (".alice", "a dot at the beginning", "label"),
        ("alice-", "a hyphen at the end", "label"),
        ("Alice", "upper case in the name", "character"),
        ("al ice", "a space in the name", "character"),
        ("al%69ce", "a percent escape", "character"),
        ("alice/phone", "a second part", "character"),
        ("alice?x", "a query", "character"),
        ("älice", "a letter beyond ASCII", "character"),
    ];
    let bad = bad.map(|(name, why, error)| invalid("user", &["ID-2"], &named(name), (why, error)));
    let shapes = [
        (
            "mimi://islet.example/d/alice/phone",
            "the URI of a device",
            "shape",
        ),
        ("mimi://islet.example/r/alice", "the URI of a room", "shape"),
        (
            "MIMI://islet.example/u/alice",
            "the scheme in upper case",
            "shape",
        ),
        ("mimi:/islet.example/u/alice", "one slash", "shape"),
        ("https://islet.example/u/alice", "another scheme", "shape"),
        (
            "alice@islet.example",
            "the address instead of the URI",
            "shape",
        ),
        (
            "mimi://Islet.example/u/alice",
            "upper case in the domain",
            "character",
        ),
        ("mimi://islet.example:443/u/alice", "a port", "character"),
        ("mimi://islet/u/alice", "a domain of one label", "label"),
        ("mimi:///u/alice", "no domain", "length"),
    ];
    let ids = &["ID-2", "ID-5"];
    let shapes = shapes.map(|(text, why, error)| invalid("user", ids, text, (why, error)));
    good.into_iter().chain(bad).chain(shapes).collect()
}

fn devices() -> Vec<Value> {
    let long = format!("{}.example", "a".repeat(52));
    let longest = format!("mimi://{long}/d/alice/phone1");
    let named = |rest: &str| format!("mimi://islet.example/d/{rest}");
    let bad = [
        ("alice", "no device", "shape"),
        ("alice/", "an empty device", "length"),
        ("alice/phone/1", "a third part", "character"),
        ("alice/my-phone", "a hyphen in the device", "character"),
        ("alice/a2345678901234567", "a device of 17 bytes", "length"),
        (".alice/phone", "a user that is none", "label"),
    ];
    let bad =
        bad.map(|(rest, why, error)| invalid("device", &["ID-3"], &named(rest), (why, error)));
    let parts =
        |domain: &str, device: &str| json!({ "domain": domain, "user": "alice", "device": device });
    let good = [
        valid(
            "device",
            &["ID-3"],
            &named("alice/k3v9x2pq"),
            &parts("islet.example", "k3v9x2pq"),
        ),
        valid(
            "device",
            &["ID-3"],
            &named("alice/a234567890123456"),
            &parts("islet.example", "a234567890123456"),
        ),
        valid(
            "device",
            &["ID-3", "ROOM-4"],
            &longest,
            &parts(&long, "phone1"),
        ),
        invalid(
            "device",
            &["ID-3", "ROOM-4"],
            &format!("{longest}2"),
            ("83 bytes", "length"),
        ),
        invalid(
            "device",
            &["ID-5"],
            "mimi://islet.example/u/alice",
            ("the URI of a user", "shape"),
        ),
    ];
    good.into_iter().chain(bad).collect()
}

fn rooms() -> Vec<Value> {
    let named = |room: &str| format!("mimi://islet.example/r/{room}");
    let good = ["harbor", "0", &"r".repeat(32)].map(|room| {
        let parts = json!({ "domain": "islet.example", "room": room });
        valid("room", &["ID-4"], &named(room), &parts)
    });
    let long = "r".repeat(33);
    let bad = [
        ("", "no id", "length"),
        (long.as_str(), "an id of 33 bytes", "length"),
        ("har-bor", "a hyphen", "character"),
        ("Harbor", "upper case", "character"),
        ("harbor#0", "a generation", "character"),
    ];
    let bad = bad.map(|(room, why, error)| invalid("room", &["ID-4"], &named(room), (why, error)));
    let other = invalid(
        "room",
        &["ID-5"],
        "mimi://islet.example/u/alice",
        ("the URI of a user", "shape"),
    );
    good.into_iter().chain(bad).chain([other]).collect()
}

fn addresses() -> Vec<Value> {
    let uri = json!({ "uri": "mimi://islet.example/u/alice" });
    vec![
        valid("address", &["ID-6"], "alice@islet.example", &uri),
        valid("address", &["ID-6"], "mimi://islet.example/u/alice", &uri),
        invalid(
            "address",
            &["ID-6"],
            "alice@islet",
            ("a domain of one label", "label"),
        ),
        invalid(
            "address",
            &["ID-6"],
            "@islet.example",
            ("no name", "length"),
        ),
        invalid(
            "address",
            &["ID-6"],
            "alice@bob@islet.example",
            ("two at signs", "character"),
        ),
        invalid(
            "address",
            &["ID-6"],
            "Alice@islet.example",
            ("upper case", "character"),
        ),
        invalid("address", &["ID-6"], "alice", ("no domain", "shape")),
    ]
}

fn group_ids() -> Vec<Value> {
    let of = |text: &str, generation: u64, valid: bool, why: &str| {
        let mut case = json!({
            "name": format!("group id: {why}"), "requirements": ["ROOM-1"], "kind": "group_id",
            "text": text, "bytes": hex(text), "valid": valid,
        });
        if valid {
            case["parts"] =
                json!({ "room": "mimi://islet.example/r/harbor", "generation": generation });
        }
        case
    };
    vec![
        of(
            "mimi://islet.example/r/harbor#0",
            0,
            true,
            "the first generation",
        ),
        of(
            "mimi://islet.example/r/harbor#4294967295",
            4_294_967_295,
            true,
            "the last generation",
        ),
        of(
            "mimi://islet.example/r/harbor#4294967296",
            0,
            false,
            "a generation past 32 bits",
        ),
        of(
            "mimi://islet.example/r/harbor#00",
            0,
            false,
            "a leading zero",
        ),
        of("mimi://islet.example/r/harbor#+1", 0, false, "a sign"),
        of("mimi://islet.example/r/harbor#", 0, false, "no generation"),
        of("mimi://islet.example/r/harbor", 0, false, "no number sign"),
        of(
            "mimi://islet.example/u/harbor#0",
            0,
            false,
            "the URI of a user",
        ),
    ]
}

fn file() -> File {
    let groups = [
        servers(),
        users(),
        devices(),
        rooms(),
        addresses(),
        group_ids(),
    ];
    File {
        name: "identifiers",
        description: "Names of servers, URIs of users, devices and rooms, addresses, MLS group ids: one spelling each, everything else refused.",
        format: &[
            "kind: server, user, device, room (a URI), address (what people type: name@domain, or a user's URI), group_id (an MLS group id)",
            "text: what is to be parsed; of a group id also as bytes",
            "valid: whether it is one of that kind",
            "parts: what it consists of; of an address the URI it stands for",
            "error: why not: length (empty or over a limit), character (one that is not allowed), label (a part of wrong form), shape (not of the URI's form)",
        ],
        shared: Value::Null,
        cases: groups.concat(),
    }
}

fn read(kind: &str, text: &str) -> Result<Value, NameError> {
    Ok(match kind {
        "server" => json!({ "domain": ServerName::parse(text)?.as_str() }),
        "user" => {
            let user = UserUri::parse(text)?;
            json!({ "domain": user.domain(), "user": user.local_name() })
        }
        "device" => {
            let device = DeviceUri::parse(text)?;
            let user = device.user();
            json!({ "domain": device.domain(), "user": user.local_name(), "device": device.device_id() })
        }
        "room" => {
            let room = RoomUri::parse(text)?;
            json!({ "domain": room.domain(), "room": room.rest() })
        }
        "address" => json!({ "uri": UserUri::from_address(text)?.as_str() }),
        other => panic!("no kind {other}"),
    })
}

fn error_name(error: &NameError) -> &'static str {
    match error {
        NameError::Length { .. } => "length",
        NameError::Character(_) => "character",
        NameError::Label(_) => "label",
        NameError::Shape(_) => "shape",
    }
}

fn check_group_id(case: &Case<'_>) {
    let read = RoomUri::from_group_id(&case.bytes("bytes"));
    assert_eq!(
        case.text("text").as_bytes(),
        case.bytes("bytes"),
        "{}",
        case.name()
    );
    assert_eq!(read.is_some(), case.flag("valid"), "{}", case.name());
    if let Some((room, generation)) = read {
        let parts = json!({ "room": room, "generation": generation });
        assert_eq!(&parts, case.value("parts"), "{}", case.name());
        assert_eq!(
            room.group_id(generation),
            case.bytes("bytes"),
            "{}",
            case.name()
        );
    }
}

/// ID-1, ID-2, ID-3, ID-4, ID-5, ID-6, ROOM-1
#[test]
fn every_case_of_identifiers_holds() {
    file().run(|case, _| {
        if case.text("kind") == "group_id" {
            return check_group_id(case);
        }
        let read = read(case.text("kind"), case.text("text"));
        match &read {
            Ok(parts) => assert_eq!(parts, case.value("parts"), "{}", case.name()),
            Err(error) => assert_eq!(error_name(error), case.text("error"), "{}", case.name()),
        }
        assert_eq!(read.is_ok(), case.flag("valid"), "{}", case.name());
    });
}
