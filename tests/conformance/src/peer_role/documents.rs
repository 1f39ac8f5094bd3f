//! Server documents that do not hold (DOC-1 to DOC-8, LIM-18), found when the server under test has
//! to prove who signed a request; and such as hold.

use std::sync::Arc;

use holm_protocol::PrivateKey;
use serde_json::{Value, json};

use super::door::Reply;
use super::homeserver::{Homeserver, listed, signed_document};
use super::plan::{Plan, plan};
use super::stage::Stage;
use super::verdict::refused;
use crate::chance::{now_ms, random};
use crate::client_role::device::base64;
use crate::client_role::fault::{Check, During, ensure, same};

/// Changes a correct document.
type Change = fn(&mut Value, &Homeserver);
/// Makes what stands around it.
type Around = fn(&Homeserver) -> Value;

const DAY_MS: u64 = 24 * 3_600_000;

/// All of them.
pub(crate) fn plans() -> Vec<Plan> {
    let contents = contents().into_iter().map(content);
    let surroundings = surroundings().into_iter().map(surrounding);
    let replies = replies().into_iter().map(reply);
    let stories = [
        plan(
            "document.last_good",
            "while a document cannot be had the last good one serves",
            "DISC-10 D07 F41",
            last_good,
        ),
        plan(
            "document.spurious",
            "a document that does not hold puts no other in its place",
            "DOC-2 DISC-10 S12",
            spurious,
        ),
        plan(
            "document.asked_once",
            "an unknown key makes it ask again, and not at each request",
            "DISC-10 S11",
            asked_once,
        ),
        plan(
            "document.of_the_target",
            "the target's own document is served to anybody and holds",
            "DOC-1 DOC-2 DOC-3 DOC-4 DOC-8",
            of_the_target,
        ),
        plan(
            "document.redirect",
            "a redirect is not followed",
            "DISC-7 S12 D14",
            redirect,
        ),
    ];
    contents
        .chain(surroundings)
        .chain(replies)
        .chain(stories)
        .collect()
}

/// A correct request is refused with this code, or taken where it is empty.
async fn greeted(peer: &Homeserver, code: &str) -> Check {
    let answer = peer.send(&peer.greeting()).await?;
    match code {
        "" => answer.expect_good(),
        "peer_unreachable" => refused(&answer, 503, code).map(drop),
        "peer_untrusted" => refused(&answer, 502, code).map(drop),
        _ => refused(&answer, 401, code).map(drop),
    }
}

fn content((name, what, code, change): (&'static str, &'static str, &'static str, Change)) -> Plan {
    let title = format!(
        "a document with {what}: {}",
        if code.is_empty() { "taken" } else { code }
    );
    let cites = "DOC-2 DOC-3 DOC-4 DOC-7 DOC-8 S10 S12";
    plan(
        format!("document.{name}"),
        title,
        cites,
        move |stage| async move {
            let peer = stage.peer().await?;
            let mut document = peer.document();
            change(&mut document, &peer);
            peer.show(&document);
            greeted(&peer, code).await
        },
    )
}

fn remove(document: &mut Value, member: &str) {
    document.as_object_mut().map(|object| object.remove(member));
}

const UNTRUSTED: &str = "peer_untrusted";
const UNREACHABLE: &str = "peer_unreachable";

#[expect(clippy::too_many_lines, reason = "a table")]
fn contents() -> Vec<(&'static str, &'static str, &'static str, Change)> {
    vec![
        ("no_name", "no name", UNTRUSTED, |d, _| remove(d, "name")),
        ("other_name", "another server's name", UNTRUSTED, |d, _| {
            d["name"] = json!("other.example")
        }),
        ("targets_name", "the target's name", UNTRUSTED, |d, peer| {
            d["name"] = json!(peer.target)
        }),
        (
            "name_in_capitals",
            "its name in capitals",
            UNTRUSTED,
            |d, peer| {
                d["name"] = json!(peer.name.as_str().to_uppercase());
            },
        ),
        (
            "name_with_dot",
            "a dot at the end of its name",
            UNTRUSTED,
            |d, peer| {
                d["name"] = json!(format!("{}.", peer.name));
            },
        ),
        ("no_versions", "no versions", UNTRUSTED, |d, _| {
            remove(d, "versions")
        }),
        (
            "versions_empty",
            "an empty list of versions",
            UNTRUSTED,
            |d, _| d["versions"] = json!([]),
        ),
        ("version_zero", "version 0 alone", UNTRUSTED, |d, _| {
            d["versions"] = json!(["v0"])
        }),
        (
            "version_99",
            "a version nobody knows alone",
            UNTRUSTED,
            |d, _| d["versions"] = json!(["v99"]),
        ),
        (
            "version_capital",
            "a version in capitals",
            UNTRUSTED,
            |d, _| d["versions"] = json!(["V1"]),
        ),
        (
            "version_among_others",
            "the version among others",
            "",
            |d, _| {
                d["versions"] = json!(["v0", "v99", "v1"]);
            },
        ),
        ("no_serial", "no serial", UNTRUSTED, |d, _| {
            remove(d, "serial")
        }),
        (
            "serial_text",
            "a serial written as text",
            UNTRUSTED,
            |d, _| d["serial"] = json!("1"),
        ),
        ("serial_negative", "a negative serial", UNTRUSTED, |d, _| {
            d["serial"] = json!(-1)
        }),
        ("serial_zero", "serial 0", "", |d, _| d["serial"] = json!(0)),
        ("serial_largest", "the largest serial", "", |d, _| {
            d["serial"] = json!(9_007_199_254_740_991_u64)
        }),
        (
            "serial_too_large",
            "a serial past the largest number",
            UNTRUSTED,
            |d, _| {
                d["serial"] = json!(9_007_199_254_740_992_u64);
            },
        ),
        ("no_expiry", "no expiry", UNTRUSTED, |d, _| {
            remove(d, "expires")
        }),
        ("expired", "an expiry gone by", UNTRUSTED, |d, _| {
            d["expires"] = json!(now_ms() - 1_000)
        }),
        (
            "expired_long_ago",
            "an expiry of 1970",
            UNTRUSTED,
            |d, _| d["expires"] = json!(0),
        ),
        (
            "expires_in_a_century",
            "an expiry in a hundred years",
            "",
            |d, _| {
                d["expires"] = json!(now_ms() + 36_500 * DAY_MS);
            },
        ),
        (
            "no_request_keys",
            "no list of request keys",
            UNTRUSTED,
            |d, _| remove(d, "request_keys"),
        ),
        (
            "request_keys_empty",
            "an empty list of request keys",
            "unknown_key",
            |d, _| {
                d["request_keys"] = json!([]);
            },
        ),
        ("no_room_keys", "no list of room keys", UNTRUSTED, |d, _| {
            remove(d, "room_keys")
        }),
        (
            "room_keys_empty",
            "an empty list of room keys",
            "",
            |d, _| d["room_keys"] = json!([]),
        ),
        (
            "key_twice",
            "one id for two request keys",
            UNTRUSTED,
            |d, peer| {
                let other = listed("r1", &PrivateKey::from_seed(&random()));
                d["request_keys"] = json!([listed("r1", &peer.request_key), other]);
            },
        ),
        (
            "key_twice_across",
            "one id for a request key and a room key",
            UNTRUSTED,
            |d, peer| {
                d["room_keys"] = json!([listed("r1", &peer.room_key)]);
            },
        ),
        ("key_id_empty", "a key without id", UNTRUSTED, |d, peer| {
            d["request_keys"] =
                json!([listed("r1", &peer.request_key), listed("", &peer.room_key)]);
        }),
        ("key_id_hash", "a # in a key's id", UNTRUSTED, |d, peer| {
            d["request_keys"] = json!([
                listed("r1", &peer.request_key),
                listed("a#b", &peer.room_key)
            ]);
        }),
        (
            "key_id_space",
            "a space in a key's id",
            UNTRUSTED,
            |d, peer| {
                d["request_keys"] = json!([
                    listed("r1", &peer.request_key),
                    listed("a b", &peer.room_key)
                ]);
            },
        ),
        ("key_id_64", "a key's id of 64 letters", "", |d, peer| {
            let long = "k".repeat(64);
            d["request_keys"] = json!([
                listed("r1", &peer.request_key),
                listed(&long, &peer.room_key)
            ]);
        }),
        (
            "key_id_65",
            "a key's id of 65 letters",
            UNTRUSTED,
            |d, peer| {
                let long = "k".repeat(65);
                d["request_keys"] = json!([
                    listed("r1", &peer.request_key),
                    listed(&long, &peer.room_key)
                ]);
            },
        ),
        (
            "key_expired",
            "a request key gone by",
            "unknown_key",
            |d, _| {
                d["request_keys"][0]["until"] = json!(now_ms() - 1_000);
            },
        ),
        (
            "key_not_yet",
            "a request key yet to come",
            "unknown_key",
            |d, _| {
                d["request_keys"][0]["from"] = json!(now_ms() + 3_600_000);
            },
        ),
        (
            "key_never",
            "a request key that ends before it begins",
            "unknown_key",
            |d, _| {
                d["request_keys"][0]["from"] = json!(now_ms() + 2_000);
                d["request_keys"][0]["until"] = json!(now_ms() - 2_000);
            },
        ),
        (
            "key_for_a_century",
            "a request key for a hundred years",
            "",
            |d, _| {
                d["request_keys"][0]["until"] = json!(now_ms() + 36_500 * DAY_MS);
            },
        ),
        (
            "key_other",
            "another request key under the id",
            "signature_invalid",
            |d, _| {
                d["request_keys"] = json!([listed("r1", &PrivateKey::from_seed(&random()))]);
            },
        ),
        (
            "key_short",
            "a request key of 31 bytes",
            UNTRUSTED,
            |d, _| {
                d["request_keys"][0]["key"] = json!(base64(&[7; 31]));
            },
        ),
        (
            "key_small_order",
            "a request key of small order",
            "signature_invalid",
            |d, _| {
                let mut point = [0; 32];
                point[0] = 1;
                d["request_keys"][0]["key"] = json!(base64(&point));
            },
        ),
        (
            "key_no_point",
            "a request key that is no point",
            "signature_invalid",
            |d, _| {
                d["request_keys"][0]["key"] = json!(base64(&[0xff; 32]));
            },
        ),
        (
            "key_without_times",
            "a request key without times",
            UNTRUSTED,
            |d, _| {
                remove(&mut d["request_keys"][0], "until");
            },
        ),
        (
            "keys_not_a_list",
            "request keys that are no list",
            UNTRUSTED,
            |d, _| d["request_keys"] = json!({}),
        ),
        (
            "base_url_elsewhere",
            "a base URL elsewhere, which leads nobody",
            "",
            |d, _| {
                d["base_url"] = json!("http://169.254.169.254/latest");
            },
        ),
        ("no_base_url", "no base URL", UNTRUSTED, |d, _| {
            remove(d, "base_url")
        }),
        ("unknown_members", "members nobody knows", "", |d, _| {
            d["later"] = json!([{ "a": null }])
        }),
        (
            "a_thousand_keys",
            "a thousand keys within the limit of size",
            "",
            |d, peer| {
                let more = (0..400).map(|n| listed(&format!("k{n}"), &peer.room_key));
                let keys: Vec<_> = [listed("r1", &peer.request_key)]
                    .into_iter()
                    .chain(more)
                    .collect();
                d["request_keys"] = json!(keys);
            },
        ),
    ]
}

fn surrounding(
    (name, what, code, around): (&'static str, &'static str, &'static str, Around),
) -> Plan {
    let title = format!(
        "a signed document with {what}: {}",
        if code.is_empty() { "taken" } else { code }
    );
    plan(
        format!("document.signed.{name}"),
        title,
        "DOC-2 DOC-5 SIG-1 ENC-3 LIM-18 S12",
        move |stage| async move {
            let peer = stage.peer().await?;
            peer.answer_document(Reply::json(&around(&peer)));
            greeted(&peer, code).await
        },
    )
}

fn bytes(peer: &Homeserver) -> Vec<u8> {
    peer.document().to_string().into_bytes()
}

fn surroundings() -> Vec<(&'static str, &'static str, &'static str, Around)> {
    vec![
        ("correct", "everything as it should be", "", |p| {
            signed_document(&bytes(p), &p.root)
        }),
        ("other_root", "another root's signature", UNTRUSTED, |p| {
            signed_document(&bytes(p), &p.request_key)
        }),
        (
            "root_claimed",
            "the right root named and another's signature",
            UNTRUSTED,
            |p| {
                let mut signed = signed_document(&bytes(p), &p.request_key);
                signed["root"] = json!(p.root.public());
                signed
            },
        ),
        (
            "signature_bit",
            "a turned bit in its signature",
            UNTRUSTED,
            |p| {
                let mut signature = p
                    .root
                    .sign(holm_protocol::signing::Label::DOCUMENT, &[&bytes(p)])
                    .0;
                signature[3] ^= 1;
                let mut signed = signed_document(&bytes(p), &p.root);
                signed["signature"] = json!(base64(&signature));
                signed
            },
        ),
        ("no_label", "a signature without a label", UNTRUSTED, |p| {
            let mut signed = signed_document(&bytes(p), &p.root);
            signed["signature"] = json!(base64(&p.root.sign_raw(&bytes(p)).0));
            signed
        }),
        (
            "other_label",
            "a signature under a head's label",
            UNTRUSTED,
            |p| {
                let signature = p
                    .root
                    .sign(holm_protocol::signing::Label::HEAD, &[&bytes(p)]);
                let mut signed = signed_document(&bytes(p), &p.root);
                signed["signature"] = json!(base64(&signature.0));
                signed
            },
        ),
        (
            "content_changed",
            "a serial changed after signing",
            UNTRUSTED,
            |p| {
                let mut document = p.document();
                document["serial"] = json!(2);
                let mut signed = signed_document(&bytes(p), &p.root);
                signed["document"] = json!(base64(document.to_string().as_bytes()));
                signed
            },
        ),
        ("no_signature", "no signature", UNREACHABLE, |p| {
            let mut signed = signed_document(&bytes(p), &p.root);
            remove(&mut signed, "signature");
            signed
        }),
        ("no_root", "no root", UNREACHABLE, |p| {
            let mut signed = signed_document(&bytes(p), &p.root);
            remove(&mut signed, "root");
            signed
        }),
        ("root_of_31", "a root of 31 bytes", UNREACHABLE, |p| {
            let mut signed = signed_document(&bytes(p), &p.root);
            signed["root"] = json!(base64(&[7; 31]));
            signed
        }),
        (
            "signature_of_65",
            "a signature of 65 bytes",
            UNREACHABLE,
            |p| {
                let mut signed = signed_document(&bytes(p), &p.root);
                signed["signature"] = json!(base64(&[7; 65]));
                signed
            },
        ),
        ("document_padded", "base64 with padding", UNREACHABLE, |p| {
            let mut signed = signed_document(&bytes(p), &p.root);
            let text = format!("{}=", signed["document"].as_str().unwrap_or_default());
            signed["document"] = json!(text);
            signed
        }),
        (
            "document_as_object",
            "the document as it is and not its bytes",
            UNREACHABLE,
            |p| {
                let mut signed = signed_document(&bytes(p), &p.root);
                signed["document"] = p.document();
                signed
            },
        ),
        ("document_empty", "no bytes in it", UNTRUSTED, |p| {
            signed_document(b"", &p.root)
        }),
        (
            "document_not_json",
            "bytes that are no JSON",
            UNTRUSTED,
            |p| signed_document(b"hello", &p.root),
        ),
        ("document_twice", "a member twice", UNTRUSTED, |p| {
            let text = p.document().to_string().replacen('{', "{\"serial\":9,", 1);
            signed_document(text.as_bytes(), &p.root)
        }),
        ("document_at_limit", "65,536 bytes", "", |p| {
            let mut text = bytes(p);
            text.resize(65_536, b' ');
            signed_document(&text, &p.root)
        }),
        ("document_over_limit", "65,537 bytes", UNTRUSTED, |p| {
            let mut text = bytes(p);
            text.resize(65_537, b' ');
            signed_document(&text, &p.root)
        }),
        ("more_members", "members nobody knows around it", "", |p| {
            let mut signed = signed_document(&bytes(p), &p.root);
            signed["later"] = json!({ "a": 1 });
            signed
        }),
    ]
}

fn reply((name, what, reply): (&'static str, &'static str, Reply)) -> Plan {
    let title =
        format!("a server that answers {what} when asked for its document cannot be reached");
    let reply = Arc::new(reply);
    plan(
        format!("document.answer.{name}"),
        title,
        "DOC-1 DISC-7 S12 S25",
        move |stage| {
            let reply = Arc::clone(&reply);
            async move {
                let peer = stage.peer().await?;
                peer.answer_document((*reply).clone());
                greeted(&peer, UNREACHABLE).await
            }
        },
    )
}

fn replies() -> Vec<(&'static str, &'static str, Reply)> {
    let json = "application/json";
    vec![
        ("not_found", "404", Reply::problem(404, "not_found")),
        (
            "no_content",
            "204",
            Reply::Raw(b"HTTP/1.1 204 No\r\n\r\n".to_vec()),
        ),
        ("server_error", "500", Reply::body(500, json, "{}")),
        ("unavailable", "503", Reply::problem(503, "unavailable")),
        (
            "html",
            "a page for people",
            Reply::body(200, "text/html", "<html>hello</html>"),
        ),
        ("empty", "nothing", Reply::body(200, json, "")),
        ("array", "an array", Reply::body(200, json, "[]")),
        ("null", "null", Reply::body(200, json, "null")),
        (
            "deep",
            "a hundred thousand brackets",
            Reply::body(200, json, "[".repeat(100_000)),
        ),
        (
            "ten_megabytes",
            "ten megabytes",
            Reply::body(200, json, " ".repeat(10_000_000)),
        ),
        (
            "endless",
            "without end",
            Reply::Endless(
                b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{".to_vec(),
                vec![b' '; 65_536],
            ),
        ),
        (
            "length_lies",
            "less than it says",
            Reply::Raw(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{\"document\":".to_vec()),
        ),
        (
            "not_http",
            "something that is not HTTP",
            Reply::Raw(b"220 mail.example ESMTP\r\n".to_vec()),
        ),
        (
            "headers_without_end",
            "headers without end",
            Reply::Endless(
                b"HTTP/1.1 200 OK\r\n".to_vec(),
                b"x-more: and more\r\n".repeat(1_000),
            ),
        ),
        ("cut", "by hanging up", Reply::Cut),
        (
            "compressed",
            "compressed bytes nobody asked for",
            Reply::Full {
                status: 200,
                headers: vec![
                    ("content-encoding".into(), "gzip".into()),
                    ("content-type".into(), json.into()),
                ],
                body: vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3],
            },
        ),
    ]
}

async fn last_good(stage: Arc<Stage>) -> Check {
    let peer = stage.peer().await?;
    peer.is_taken().await?;
    peer.answer_document(Reply::problem(500, "internal"));
    // A key that the document lacks makes the server ask again.
    let mut unknown = peer.greeting();
    unknown.key_id = "{origin}#r7".to_owned();
    refused(&peer.send(&unknown).await?, 401, "unknown_key")?;
    peer.is_taken().await
}

async fn spurious(stage: Arc<Stage>) -> Check {
    let peer = stage.peer().await?;
    peer.is_taken().await?;
    let impostor = PrivateKey::from_seed(&random());
    let mut document = peer.document();
    document["serial"] = json!(2);
    document["request_keys"] = json!([listed("r7", &impostor)]);
    let forged = signed_document(document.to_string().as_bytes(), &impostor);
    peer.answer_document(Reply::json(&forged));
    let mut request = peer.greeting();
    (request.key_id, request.key) = ("{origin}#r7".to_owned(), impostor);
    refused(&peer.send(&request).await?, 401, "unknown_key")?;
    peer.is_taken().await
}

async fn asked_once(stage: Arc<Stage>) -> Check {
    let peer = stage.peer().await?;
    peer.is_taken().await?;
    for n in 0..30 {
        let mut unknown = peer.greeting();
        unknown.key_id = format!("{{origin}}#x{n}");
        refused(&peer.send(&unknown).await?, 401, "unknown_key")?;
    }
    let asked = peer.door.asked("/.well-known/holm").len();
    ensure(asked <= 2, || {
        format!("the document was fetched {asked} times within a minute")
    })?;
    peer.is_taken().await
}

async fn of_the_target(stage: Arc<Stage>) -> Check {
    let document = stage.target_document().await?;
    let content = document.content();
    same("name", &content.name.to_string(), &stage.target.domain)?;
    ensure(
        !content.request_keys.is_empty() && !content.room_keys.is_empty(),
        || "no keys in the document".to_owned(),
    )
}

async fn redirect(stage: Arc<Stage>) -> Check {
    let other = stage.peer().await?;
    for status in [301, 302, 303, 307, 308] {
        let peer = stage.peer().await?;
        let place = format!("https://hs.{}:{}/.well-known/holm", other.name, other.port);
        peer.answer_document(Reply::Full {
            status,
            headers: vec![("location".to_owned(), place)],
            body: Vec::new(),
        });
        greeted(&peer, UNREACHABLE)
            .await
            .during(&status.to_string())?;
    }
    let followed = other.door.asked("/").len();
    same("requests at the place redirected to", &followed, &0)
}
