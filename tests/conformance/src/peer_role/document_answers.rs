//! What is answered to those who ask for a document: around it, and in place of it (DOC-1, DOC-2).

use serde_json::{Value, json};

use super::documents::{UNREACHABLE, UNTRUSTED, remove};
use super::door::Reply;
use super::homeserver::{Homeserver, signed_document};
use crate::client_role::device::base64;

/// Makes what stands around it.
pub(super) type Around = fn(&Homeserver) -> Value;

fn bytes(peer: &Homeserver) -> Vec<u8> {
    peer.document().to_string().into_bytes()
}

#[expect(clippy::too_many_lines, reason = "a table")]
pub(super) fn surroundings() -> Vec<(&'static str, &'static str, &'static str, Around)> {
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

pub(super) fn replies() -> Vec<(&'static str, &'static str, Reply)> {
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
