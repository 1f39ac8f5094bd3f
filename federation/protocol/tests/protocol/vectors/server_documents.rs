//! `server_documents.json`.

mod successions;

use holm_protocol::document::{
    Document, DocumentError, ListedKey, SignedDocument, Trust, VerifiedDocument,
};
use holm_protocol::signing::Label;
use holm_protocol::{Base64Url, PublicKey, ServerName, Signature};
use serde_json::{Value, json};

use super::File;
use super::case::{Case, hex};
use crate::fixtures::{NOW, islet, key, skerry};

const ROOT: &str = "root of islet";

fn listed(id: &str, from: u64, until: u64) -> ListedKey {
    ListedKey {
        id: id.into(),
        key: key(&format!("{id} of islet")).public(),
        from,
        until,
    }
}

fn document() -> Document {
    Document {
        name: islet(),
        base_url: "https://islet.example".into(),
        versions: vec!["v1".into()],
        serial: 7,
        expires: NOW + 86_400_000,
        request_keys: vec![listed("q1", 0, NOW), listed("q2", NOW - 1_000, NOW + 1_000)],
        room_keys: vec![listed("r1", 0, NOW + 1_000)],
        successions: Vec::new(),
    }
}

/// A case of these bytes, signed by islet's root, at first contact.
fn of_bytes(name: &str, ids: &[&str], bytes: &str, verdict: &str) -> Value {
    let root = key(ROOT);
    json!({
        "name": name, "requirements": ids, "document": bytes, "seed": hex(root.seed()),
        "root": hex(root.public().0), "server": islet(), "now": NOW, "verdict": verdict,
        "signature": hex(root.sign(Label::DOCUMENT, &[bytes.as_bytes()]).0),
    })
}

fn of(name: &str, ids: &[&str], document: &Document, verdict: &str) -> Value {
    let bytes = serde_json::to_string(document).unwrap();
    of_bytes(name, ids, &bytes, verdict)
}

fn good(name: &str, ids: &[&str], verdict: &str) -> Value {
    of(name, ids, &document(), verdict)
}

fn with(mut case: Value, members: &Value) -> Value {
    for (member, value) in members.as_object().unwrap() {
        case[member] = value.clone();
    }
    case
}

fn keys() -> Value {
    let lookup = |list: &str, id: &str, time: u64, valid: bool| {
        let found = valid.then(|| hex(key(&format!("{id} of islet")).public().0));
        json!({ "use": list, "id": id, "time": time, "key": found })
    };
    let keys = json!([
        lookup("request", "q1", NOW - 1, true),
        lookup("request", "q1", NOW, false),
        lookup("request", "q2", NOW - 1_001, false),
        lookup("request", "q2", NOW - 1_000, true),
        lookup("request", "r1", NOW, false),
        lookup("request", "q3", NOW, false),
        lookup("room", "r1", NOW, true),
        lookup("room", "q2", NOW, false),
    ]);
    with(
        good(
            "a document and its keys",
            &["DOC-2", "DOC-3", "SIG-1"],
            "valid",
        ),
        &json!({ "keys": keys }),
    )
}

fn forms() -> Vec<Value> {
    let text = serde_json::to_string(&document()).unwrap();
    let put_in = |member: &str| text.replacen('{', &format!("{{{member},"), 1);
    let spaced = serde_json::to_string_pretty(&document()).unwrap();
    let malformed = "malformed";
    let doc = &["DOC-2"];
    vec![
        of_bytes("white space in the bytes", doc, &spaced, "valid"),
        of_bytes(
            "an unknown member",
            &["DOC-2", "ENC-4"],
            &put_in("\"later\":{\"a\":1}"),
            "valid",
        ),
        of_bytes(
            "a member twice",
            &["DOC-2", "ENC-4"],
            &put_in("\"serial\":9"),
            malformed,
        ),
        of_bytes(
            "a serial beyond 2^53 - 1",
            &["DOC-2", "ENC-6"],
            &text.replace("\"serial\":7", "\"serial\":9007199254740992"),
            malformed,
        ),
        of_bytes(
            "a negative serial",
            doc,
            &text.replace("\"serial\":7", "\"serial\":-7"),
            malformed,
        ),
        of_bytes(
            "no serial",
            doc,
            &text.replace("\"serial\":7,", ""),
            malformed,
        ),
        of_bytes(
            "a name that is no server",
            &["DOC-2", "ID-1"],
            &text.replace("\"islet.example\"", "\"Islet.example\""),
            malformed,
        ),
        of_bytes(
            "an array",
            &["DOC-2", "ENC-5"],
            &format!("[{text}]"),
            malformed,
        ),
        of_bytes("no bytes", doc, "", malformed),
        with(
            of_bytes("65536 bytes", &["LIM-18"], &text, "valid"),
            &padded(&text, 65_536),
        ),
        with(
            of_bytes("65537 bytes", &["LIM-18"], &text, malformed),
            &padded(&text, 65_537),
        ),
    ]
}

/// Members of a document that is filled up with spaces.
fn padded(text: &str, len: usize) -> Value {
    let full = format!("{text}{}", " ".repeat(len - text.len()));
    let signature = key(ROOT).sign(Label::DOCUMENT, &[full.as_bytes()]);
    json!({ "spaces_after": len - text.len(), "signature": hex(signature.0) })
}

fn contents() -> Vec<Value> {
    let changed = |name: &str, ids: &[&str], verdict: &str, change: &dyn Fn(&mut Document)| {
        let mut document = document();
        change(&mut document);
        of(name, ids, &document, verdict)
    };
    let twice = |d: &mut Document| d.room_keys.push(listed("q1", 0, NOW));
    vec![
        with(
            good("of another server than was asked for", &["DOC-4"], "name"),
            &json!({ "server": skerry() }),
        ),
        changed("the last millisecond", &["DOC-7"], "valid", &|d| {
            d.expires = NOW + 1;
        }),
        changed("expired", &["DOC-7"], "expired", &|d| d.expires = NOW),
        changed("a further version", &["DOC-8"], "valid", &|d| {
            d.versions.push("v9".into());
        }),
        changed("no common version", &["DOC-8"], "version", &|d| {
            d.versions = vec!["v9".into()];
        }),
        changed("no version", &["DOC-8"], "version", &|d| d.versions.clear()),
        changed("a key id twice", &["DOC-3"], "malformed", &twice),
        changed(
            "a key id with a character that is not allowed",
            &["DOC-3"],
            "malformed",
            &|d| d.room_keys[0].id = "r#1".into(),
        ),
        changed("an empty key id", &["DOC-3"], "malformed", &|d| {
            d.room_keys[0].id.clear();
        }),
        changed("a key id of 64 bytes", &["DOC-3"], "valid", &|d| {
            d.room_keys[0].id = "k".repeat(64);
        }),
        changed("a key id of 65 bytes", &["DOC-3"], "malformed", &|d| {
            d.room_keys[0].id = "k".repeat(65);
        }),
        changed("no keys", &["DOC-3"], "valid", &|d| {
            d.room_keys.clear();
            d.request_keys.clear();
        }),
    ]
}

fn signatures() -> Vec<Value> {
    let other = hex(key("another root").public().0);
    let mut changed = good(
        "a document changed after it was signed",
        &["DOC-2"],
        "signature",
    );
    let text = changed["document"]
        .as_str()
        .unwrap()
        .replace("\"serial\":7", "\"serial\":8");
    changed["document"] = json!(text);
    let unlabeled = key(ROOT).sign_raw(serde_json::to_string(&document()).unwrap().as_bytes());
    vec![
        with(
            good("another root than signed", &["DOC-2"], "signature"),
            &json!({ "root": other }),
        ),
        changed,
        with(
            good("signed without the label", &["DOC-2", "SIG-1"], "signature"),
            &json!({ "signature": hex(unlabeled.0) }),
        ),
    ]
}

fn roots() -> Vec<Value> {
    let (own, other) = (
        hex(key(ROOT).public().0),
        hex(key("another root").public().0),
    );
    let trusting =
        |name: &str, ids: &[&str], verdict: &str, pin: Option<&str>, known: Option<(&str, u64)>| {
            let known = known.map(|(root, serial)| json!({ "root": root, "serial": serial }));
            with(
                good(name, ids, verdict),
                &json!({ "pin": pin, "known": known }),
            )
        };
    let (own, other) = (own.as_str(), other.as_str());
    vec![
        trusting("the pinned root", &["DOC-5"], "valid", Some(own), None),
        trusting(
            "another root than pinned",
            &["DOC-5"],
            "root",
            Some(other),
            None,
        ),
        trusting("the known root", &["DOC-5"], "valid", None, Some((own, 6))),
        trusting(
            "another root than known",
            &["DOC-5"],
            "root",
            None,
            Some((other, 6)),
        ),
        trusting(
            "pinned, and another known: a new server",
            &["DOC-5"],
            "valid",
            Some(own),
            Some((other, 99)),
        ),
        trusting(
            "known, and another pinned",
            &["DOC-5"],
            "root",
            Some(other),
            Some((own, 6)),
        ),
        trusting(
            "the serial seen before",
            &["DOC-6"],
            "valid",
            None,
            Some((own, 7)),
        ),
        trusting(
            "a lower serial than seen before",
            &["DOC-6"],
            "serial",
            None,
            Some((own, 8)),
        ),
        trusting(
            "a lower serial than seen before, pinned",
            &["DOC-6"],
            "serial",
            Some(own),
            Some((own, 8)),
        ),
    ]
}

fn file() -> File {
    File {
        name: "server_documents",
        description: "Server documents: which are believed, of whom, and which of their keys count when.",
        format: &[
            "document: the exact bytes that are signed, as text; followed by as many spaces as spaces_after says, where it is there",
            "root, signature: as they stand beside the document; signature over opaque label<V> = \"holm server document v1\" and the bytes",
            "server: the name that was asked for; now: ms",
            "pin: the root its name is pinned to; known: root and serial of the last document that held; absent or null: none",
            "verdict: valid, malformed, signature, name, expired, version, root or serial; judged in the order size, signature, form, name, expiry, version, key ids, successions, root, serial",
            "keys: look-ups in a valid document: the key of that id in request_keys or room_keys at a time (ms), or null. A key counts from `from` on and before `until`",
        ],
        shared: Value::Null,
        cases: [
            vec![keys()],
            forms(),
            contents(),
            signatures(),
            roots(),
            successions::successions(),
        ]
        .concat(),
    }
}

fn read(case: &Case<'_>) -> Result<VerifiedDocument, DocumentError> {
    let spaces = if case.has("spaces_after") {
        case.small("spaces_after")
    } else {
        0
    };
    let text = format!("{}{}", case.text("document"), " ".repeat(spaces));
    let document = SignedDocument {
        document: Base64Url::from(text.into_bytes()),
        root: PublicKey(case.array("root")),
        signature: Signature(case.array("signature")),
    };
    let known = case.has("known").then(|| case.part("known"));
    let trust = Trust {
        pin: case.has("pin").then(|| PublicKey(case.array("pin"))),
        known: known.map(|known| (PublicKey(known.array("root")), known.number("serial"))),
    };
    let server = ServerName::parse(case.text("server")).unwrap();
    document.verify(&server, &trust, case.number("now"))
}

fn error_name(error: &DocumentError) -> &'static str {
    match error {
        DocumentError::Malformed(_) => "malformed",
        DocumentError::Signature => "signature",
        DocumentError::Name(_) => "name",
        DocumentError::Root { .. } => "root",
        DocumentError::Serial { .. } => "serial",
        DocumentError::Expired(_) => "expired",
        DocumentError::Version(_) => "version",
    }
}

fn check_keys(case: &Case<'_>, document: &VerifiedDocument) {
    for lookup in case.list("keys").iter().map(Case::new) {
        let (id, time) = (lookup.text("id"), lookup.number("time"));
        let found = match lookup.text("use") {
            "request" => document.request_key(id, time),
            _ => document.room_key(id, time),
        };
        let expected = lookup.has("key").then(|| PublicKey(lookup.array("key")));
        assert_eq!(found, expected, "{id} at {time}");
    }
}

/// DOC-2, DOC-3, DOC-4, DOC-5, DOC-6, DOC-7, DOC-8, DOC-10, DOC-11, LIM-18, ENC-4, ENC-5, ENC-6, SIG-1
#[test]
fn every_case_of_server_documents_holds() {
    file().run(|case, _| {
        let read = read(case);
        let verdict = read.as_ref().map_or_else(error_name, |_| "valid");
        assert_eq!(verdict, case.text("verdict"), "{}", case.name());
        if let (Ok(document), true) = (&read, case.has("keys")) {
            check_keys(case, document);
        }
    });
}
