//! `authenticated_data.json`.

use holm_protocol::aad::{Aad, ClientMsgId, Extra};
use holm_protocol::encoding::{decode, encode};
use holm_protocol::order::Subject;
use holm_protocol::{Hash, Head, SignedHead, SignedOrder, UserUri};
use serde_json::{Value, json};
use tls_codec::VLBytes;

use super::File;
use super::case::{Case, hex, unhex};
use crate::fixtures::{NOW, device, key, order, room, user};

fn empty() -> Aad {
    Aad::new(ClientMsgId(*b"0123456789abcdef"))
}

fn extra(kind: u16, value: &[u8]) -> Extra {
    let value = VLBytes::new(value.to_vec());
    Extra { kind, value }
}

fn full() -> Aad {
    let room_key = key("room key of islet");
    let head = Head {
        room: room(),
        term: 1,
        seq: 12,
        hash: Hash::sha256(b"event 12"),
        time: NOW,
    };
    let sign = |subject| SignedOrder::sign(order(subject), "r1", &room_key);
    Aad {
        head: Some(SignedHead::sign(head, "r1", &room_key)),
        orders: vec![
            sign(Subject::User(user("carol@skerry.example"))),
            sign(Subject::Device(device("bob@skerry.example/laptop"))),
        ],
        extra: vec![extra(9, b"later"), extra(2, b"")],
        ..empty()
    }
}

fn valid(name: &str, ids: &[&str], aad: &Aad) -> Value {
    let extra = aad.extra.iter().map(|e| json!([e.kind, hex(&e.value)]));
    json!({
        "name": name, "requirements": ids, "kind": "data", "valid": true,
        "client_msg_id": hex(aad.client_msg_id.0), "head": aad.head.as_ref().map(|h| hex(encode(h))),
        "orders": aad.orders.iter().map(|o| hex(encode(o))).collect::<Vec<_>>(),
        "extra": extra.collect::<Vec<_>>(), "bytes": hex(aad.to_bytes()),
    })
}

fn invalid(name: &str, ids: &[&str], bytes: impl AsRef<[u8]>) -> Value {
    json!({
        "name": name, "requirements": ids, "kind": "data", "valid": false, "bytes": hex(bytes),
    })
}

fn invalids() -> Vec<Value> {
    let good = empty().to_bytes();
    let mut flag = good.clone();
    flag[16] = 2;
    let twice = Aad {
        extra: vec![extra(9, b"a"), extra(2, b"b"), extra(9, b"c")],
        ..empty()
    };
    let many = Aad {
        orders: vec![full().orders[0].clone(); 17],
        ..empty()
    };
    vec![
        invalid("no bytes", &["LOG-7"], b""),
        invalid(
            "one byte too few",
            &["LOG-7", "ENC-2"],
            &good[..good.len() - 1],
        ),
        invalid(
            "one byte too many",
            &["LOG-7", "ENC-2"],
            [good.as_slice(), &[0]].concat(),
        ),
        invalid(
            "an optional that is neither there nor not",
            &["ENC-2"],
            flag,
        ),
        invalid(
            "an addition of one kind twice",
            &["LOG-7"],
            twice.to_bytes(),
        ),
        invalid("seventeen orders", &["LIM-21", "ORD-7"], many.to_bytes()),
    ]
}

fn keys() -> Vec<Value> {
    let of = |name: &str, user: &UserUri, id: ClientMsgId| {
        json!({
            "name": name, "requirements": ["LOG-9", "SIG-1"], "kind": "idempotency_key",
            "user": user, "client_msg_id": hex(id.0), "key": hex(id.idempotency_key(user).0),
        })
    };
    let (alice, bob) = (user("alice@islet.example"), user("bob@skerry.example"));
    vec![
        of("an idempotency key", &alice, ClientMsgId([0; 16])),
        of("of another user", &bob, ClientMsgId([0; 16])),
        of("of another id", &alice, ClientMsgId([255; 16])),
    ]
}

fn file() -> File {
    let sixteen = Aad {
        orders: vec![full().orders[0].clone(); 16],
        ..empty()
    };
    let valids = vec![
        valid("an id alone", &["LOG-7"], &empty()),
        valid(
            "a head, orders and additions",
            &["LOG-7", "LOG-8", "ORD-4"],
            &full(),
        ),
        valid("sixteen orders", &["LIM-21", "ORD-7"], &sixteen),
    ];
    File {
        name: "authenticated_data",
        description: "The authenticated data of messages and commits, and the key under which a hub finds what was sent under an id.",
        format: &[
            "kind: data or idempotency_key",
            "bytes: client_msg_id[16], uint8 1 and a signed head or uint8 0, orders<V> (signed orders), additions<V> (each uint16 kind, opaque value<V>); heads and orders as in heads.json and orders.json",
            "valid: whether it may be taken: exact, at most 16384 bytes, at most 16 orders, no kind of addition twice; unknown kinds are ignored",
            "extra: kind and value of each addition",
            "key: SHA-256(opaque label<V> = \"holm client_msg_id v1\" || opaque user<V> || client_msg_id)",
        ],
        shared: Value::Null,
        cases: [valids, invalids(), keys()].concat(),
    }
}

fn build(case: &Case<'_>) -> Aad {
    let read = |value: &Value| decode(&unhex(value.as_str().unwrap())).unwrap();
    let addition = |pair: &Value| {
        let kind = u16::try_from(pair[0].as_u64().unwrap()).unwrap();
        extra(kind, &unhex(pair[1].as_str().unwrap()))
    };
    Aad {
        client_msg_id: ClientMsgId(case.array("client_msg_id")),
        head: case
            .has("head")
            .then(|| decode(&case.bytes("head")).unwrap()),
        orders: case.list("orders").iter().map(read).collect(),
        extra: case.list("extra").iter().map(addition).collect(),
    }
}

/// LOG-7, LOG-8, LOG-9, ORD-4, ORD-7, LIM-21, ENC-2, SIG-1
#[test]
fn every_case_of_authenticated_data_holds() {
    file().run(|case, _| {
        if case.text("kind") == "idempotency_key" {
            let user = UserUri::parse(case.text("user")).unwrap();
            let key = ClientMsgId(case.array("client_msg_id")).idempotency_key(&user);
            return assert_eq!(key.0, case.array("key"), "{}", case.name());
        }
        let read = Aad::from_bytes(&case.bytes("bytes"));
        assert_eq!(read.is_ok(), case.flag("valid"), "{}", case.name());
        if let Ok(read) = read {
            assert_eq!(read, build(case), "{}", case.name());
            assert_eq!(read.to_bytes(), case.bytes("bytes"), "{}", case.name());
        }
    });
}
