//! Answers that are none (FED-10).

use serde_json::{Value, json};

use super::door::Reply;
use crate::client_role::device::{Device, base64};

/// What may become of it for the device.
pub(super) type Wanted = &'static [(u16, &'static str)];

/// Makes an answer, given whose package is asked for.
pub(super) type Make = fn(&Device) -> Reply;

pub(super) const BAD: Wanted = &[(503, "peer_unreachable"), (502, "peer_refused")];

const REFUSED: Wanted = &[(502, "peer_refused")];

fn json_reply(text: &str) -> Reply {
    Reply::body(200, "application/json", text)
}

fn raw(text: &str) -> Reply {
    Reply::Raw(text.as_bytes().to_vec())
}

fn packages(packages: &Value) -> Reply {
    Reply::json(&json!({ "key_packages": packages }))
}

fn given(device: &Device) -> Value {
    let package = device.key_package().unwrap_or_default();
    json!({ "device": device.identity.device, "key_package": base64(&package) })
}

#[expect(clippy::too_many_lines, reason = "a table")]
pub(super) fn table() -> Vec<(&'static str, &'static str, Wanted, Make)> {
    vec![
        ("html", "a page for people", BAD, |_| {
            Reply::body(200, "text/html", "<html>no</html>")
        }),
        ("empty", "empty", BAD, |_| json_reply("")),
        ("array", "an array", BAD, |_| json_reply("[]")),
        ("null", "null", BAD, |_| json_reply("null")),
        ("other_object", "another object", BAD, |_| {
            json_reply("{\"hello\":1}")
        }),
        ("twice", "an object with a member twice", BAD, |_| {
            json_reply("{\"key_packages\":[],\"key_packages\":[]}")
        }),
        ("trailing", "an object with bytes behind it", BAD, |_| {
            json_reply("{\"key_packages\":[]} x")
        }),
        ("not_utf8", "not UTF-8", BAD, |_| {
            Reply::body(200, "application/json", vec![0xff, 0xfe])
        }),
        ("deep", "a hundred thousand brackets", BAD, |_| {
            json_reply(&"[".repeat(100_000))
        }),
        ("too_long", "five megabytes", BAD, |_| {
            json_reply(&" ".repeat(5_000_000))
        }),
        ("endless", "without end", BAD, |_| {
            Reply::Endless(
                b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{".to_vec(),
                vec![b' '; 65_536],
            )
        }),
        ("endless_chunks", "chunks without end", BAD, |_| {
            let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
            Reply::Endless(
                head.as_bytes().to_vec(),
                b"10\r\n                \r\n".repeat(1_000),
            )
        }),
        ("endless_headers", "headers without end", BAD, |_| {
            Reply::Endless(b"HTTP/1.1 200 OK\r\n".to_vec(), b"x-a: b\r\n".repeat(5_000))
        }),
        ("length_huge", "said to have a terabyte", BAD, |_| {
            raw("HTTP/1.1 200 OK\r\ncontent-length: 1099511627776\r\n\r\n{}")
        }),
        ("length_negative", "of negative length", BAD, |_| {
            raw("HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n{}")
        }),
        ("two_lengths", "of two lengths", BAD, |_| {
            raw("HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 300\r\n\r\n{}")
        }),
        ("cut", "cut off", BAD, |_| {
            raw("HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{\"key_packages\":")
        }),
        ("hung_up", "no answer but the end", BAD, |_| Reply::Cut),
        ("not_http", "not HTTP", BAD, |_| {
            raw("220 mail.example ESMTP\r\n")
        }),
        ("http_0_9", "without a head", BAD, |_| {
            raw("{\"key_packages\":[]}")
        }),
        ("status_99", "of status 99", BAD, |_| {
            raw("HTTP/1.1 99 No\r\ncontent-length: 0\r\n\r\n")
        }),
        ("status_1000", "of status 1000", BAD, |_| {
            raw("HTTP/1.1 1000 No\r\ncontent-length: 0\r\n\r\n")
        }),
        ("continue_only", "100 and nothing more", BAD, |_| {
            raw("HTTP/1.1 100 Continue\r\n\r\n")
        }),
        ("switching", "101", BAD, |_| {
            raw(
                "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n",
            )
        }),
        ("no_content", "204", BAD, |_| {
            raw("HTTP/1.1 204 No Content\r\n\r\n")
        }),
        ("moved", "301 to a place within", BAD, |_| {
            raw("HTTP/1.1 301 Moved\r\nlocation: http://127.0.0.1/\r\ncontent-length: 0\r\n\r\n")
        }),
        ("see_other", "303 to a file", BAD, |_| {
            raw("HTTP/1.1 303 See\r\nlocation: file:///etc/passwd\r\ncontent-length: 0\r\n\r\n")
        }),
        ("compressed", "compressed", BAD, |_| Reply::Full {
            status: 200,
            headers: vec![
                ("content-type".into(), "application/json".into()),
                ("content-encoding".into(), "gzip".into()),
            ],
            body: vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 1, 2],
        }),
        ("nul_header", "with a NUL in a header", BAD, |_| {
            raw("HTTP/1.1 200 OK\r\nx: a\0b\r\ncontent-length: 2\r\n\r\n{}")
        }),
        ("not_a_problem", "404 without a problem", BAD, |_| {
            Reply::body(404, "text/html", "<html>no</html>")
        }),
        ("server_error", "500 with a problem", BAD, |_| {
            Reply::problem(500, "internal")
        }),
        ("busy", "503 with a problem", BAD, |_| {
            Reply::problem(503, "unavailable")
        }),
        ("gateway", "502 of a proxy", BAD, |_| {
            Reply::body(502, "text/html", "<html>bad gateway</html>")
        }),
        ("unauthenticated", "401", REFUSED, |_| {
            Reply::problem(401, "signature_invalid")
        }),
        (
            "other_users_package",
            "another user's package",
            REFUSED,
            |device| {
                let mut package = given(device);
                package["device"] = json!(format!("mimi://{}/d/carol/c1", device.server()));
                packages(&json!([package]))
            },
        ),
        (
            "targets_users_package",
            "a package said to be of the target's user",
            REFUSED,
            |device| {
                let mut package = given(device);
                package["device"] = json!("mimi://third.example/d/mallory/m1");
                packages(&json!([package]))
            },
        ),
        (
            "eleven_packages",
            "packages of eleven devices",
            REFUSED,
            |device| packages(&json!(vec![given(device); 11])),
        ),
        (
            "package_too_long",
            "a package of 4,097 bytes",
            REFUSED,
            |device| {
                let mut package = given(device);
                package["key_package"] = json!(base64(&vec![0; 4_097]));
                packages(&json!([package]))
            },
        ),
        (
            "package_not_base64",
            "a package that is not base64url",
            BAD,
            |device| {
                let mut package = given(device);
                package["key_package"] = json!("AA==");
                packages(&json!([package]))
            },
        ),
        (
            "device_misspelt",
            "a package of a device in another spelling",
            BAD,
            |device| {
                let mut package = given(device);
                package["device"] = json!(device.identity.device.to_string().to_uppercase());
                packages(&json!([package]))
            },
        ),
    ]
}
