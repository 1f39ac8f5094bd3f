//! What stands in a server document, right and wrong (DOC-2, DOC-3, DOC-4, DOC-7, DOC-8).

use holm_protocol::PrivateKey;
use serde_json::{Value, json};

use super::documents::{UNTRUSTED, remove};
use super::homeserver::{Homeserver, listed};
use crate::chance::{now_ms, random};
use crate::client_role::device::base64;

/// Changes a correct document.
pub(super) type Change = fn(&mut Value, &Homeserver);

const DAY_MS: u64 = 24 * 3_600_000;

#[expect(clippy::too_many_lines, reason = "a table")]
pub(super) fn contents() -> Vec<(&'static str, &'static str, &'static str, Change)> {
    vec![
        ("no_name", "no name", UNTRUSTED, |d, _| remove(d, "name")),
        ("other_name", "another server's name", UNTRUSTED, |d, _| {
            d["name"] = json!("other.example");
        }),
        ("targets_name", "the target's name", UNTRUSTED, |d, peer| {
            d["name"] = json!(peer.target);
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
            remove(d, "versions");
        }),
        (
            "versions_empty",
            "an empty list of versions",
            UNTRUSTED,
            |d, _| d["versions"] = json!([]),
        ),
        ("version_zero", "version 0 alone", UNTRUSTED, |d, _| {
            d["versions"] = json!(["v0"]);
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
            remove(d, "serial");
        }),
        (
            "serial_text",
            "a serial written as text",
            UNTRUSTED,
            |d, _| d["serial"] = json!("1"),
        ),
        ("serial_negative", "a negative serial", UNTRUSTED, |d, _| {
            d["serial"] = json!(-1);
        }),
        ("serial_zero", "serial 0", "", |d, _| d["serial"] = json!(0)),
        ("serial_largest", "the largest serial", "", |d, _| {
            d["serial"] = json!(9_007_199_254_740_991_u64);
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
            remove(d, "expires");
        }),
        ("expired", "an expiry gone by", UNTRUSTED, |d, _| {
            d["expires"] = json!(now_ms() - 1_000);
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
            remove(d, "room_keys");
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
            remove(d, "base_url");
        }),
        ("unknown_members", "members nobody knows", "", |d, _| {
            d["later"] = json!([{ "a": null }]);
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
