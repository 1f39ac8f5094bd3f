//! `orders.json`.

use holm_protocol::encoding::{decode, encode};
use holm_protocol::order::{Reason, Subject};
use holm_protocol::signing::Label;
use holm_protocol::{DeviceUri, Order, PrivateKey, PublicKey, RoomUri, SignedOrder, UserUri};
use serde_json::{Value, json};

use super::File;
use super::case::{Case, hex};
use crate::fixtures::{device, key, order, user};

fn subject(subject: &Subject) -> Value {
    match subject {
        Subject::User(user) => json!({ "user": user }),
        Subject::Device(device) => json!({ "device": device }),
    }
}

fn case(name: &str, ids: &[&str], signed: &SignedOrder, signer: &str, valid: bool) -> Value {
    let (order, key) = (&signed.order, key(signer));
    let devices = [
        "carol@skerry.example/phone",
        "carol@skerry.example/tablet",
        "caro@skerry.example/phone",
    ];
    let means = devices
        .map(device)
        .map(|d| json!([d, order.subject.means(&d)]));
    json!({
        "name": name, "requirements": ids, "valid": valid,
        "order": {
            "room": order.room, "generation": order.generation, "subject": subject(&order.subject),
            "reason": order.reason.0, "time": order.time,
        },
        "means": means, "key_id": signed.key_id().unwrap(), "seed": hex(key.seed()),
        "key": hex(key.public().0), "signed_bytes": hex(Label::ORDER.frame(&[&encode(order)])),
        "bytes": hex(encode(signed)),
    })
}

fn file() -> File {
    let signer = "room key of islet";
    let sign = |order: &Order| SignedOrder::sign(order.clone(), "r1", &key(signer));
    let carol = order(Subject::User(user("carol@skerry.example")));
    let phone = Order {
        generation: 3,
        reason: Reason::REVOKED,
        ..order(Subject::Device(device("carol@skerry.example/phone")))
    };
    let changed = SignedOrder {
        order: phone.clone(),
        ..sign(&carol)
    };
    let mut flipped = sign(&carol);
    flipped.signature.0[63] ^= 1;
    let later = Order {
        reason: Reason(900),
        ..carol.clone()
    };
    let ids = &["ORD-1", "ORD-2", "SIG-1"];
    File {
        name: "orders",
        description: "Signed orders: what is signed, and which devices an order means.",
        format: &[
            "order: room, generation, subject (a user or a device), reason (1 leave, 2 revoked, 3 deactivated, 4 expired; others may come), time (ms)",
            "signed_bytes: opaque label<V> = \"holm order v1\", then opaque room<V>, uint32 generation, uint8 1 and opaque user<V> or uint8 2 and opaque device<V>, uint16 reason, uint64 time",
            "bytes: the order as in signed_bytes without label, then opaque key_id<V>, signature[64]",
            "valid: whether the signature holds under key; by which key of a hub it has to hold, heads.json shows",
            "means: devices, each with whether the order means it",
        ],
        shared: Value::Null,
        cases: vec![
            case("a user leaves", ids, &sign(&carol), signer, true),
            case("a device is revoked", ids, &sign(&phone), signer, true),
            case(
                "a reason not known",
                &["ORD-1"],
                &sign(&later),
                signer,
                true,
            ),
            case(
                "another key",
                &["ORD-2"],
                &sign(&carol),
                "another key",
                false,
            ),
            case(
                "an order changed after it was signed",
                &["ORD-2"],
                &changed,
                signer,
                false,
            ),
            case(
                "a flipped bit in the signature",
                &["ORD-2", "SIG-2"],
                &flipped,
                signer,
                false,
            ),
        ],
    }
}

fn read_order(part: &Case<'_>) -> Order {
    let who = part.part("subject");
    Order {
        room: RoomUri::parse(part.text("room")).unwrap(),
        generation: part.small("generation"),
        subject: match who.has("user") {
            true => Subject::User(UserUri::parse(who.text("user")).unwrap()),
            false => Subject::Device(DeviceUri::parse(who.text("device")).unwrap()),
        },
        reason: Reason(part.small("reason")),
        time: part.number("time"),
    }
}

/// ORD-1, ORD-2, SIG-1, SIG-2
#[test]
fn every_case_of_orders_holds() {
    file().run(|case, _| {
        let order = read_order(&case.part("order"));
        let signed: SignedOrder = decode(&case.bytes("bytes")).unwrap();
        assert_eq!(signed.order, order, "{}", case.name());
        let framed = Label::ORDER.frame(&[&encode(&order)]);
        assert_eq!(framed, case.bytes("signed_bytes"), "{}", case.name());
        for pair in case.list("means") {
            let device = DeviceUri::parse(pair[0].as_str().unwrap()).unwrap();
            assert_eq!(
                json!(order.subject.means(&device)),
                pair[1],
                "{}",
                case.name()
            );
        }
        let key = PublicKey(case.array("key"));
        assert_eq!(
            signed.verify(&key).is_some(),
            case.flag("valid"),
            "{}",
            case.name()
        );
        if case.flag("valid") {
            let seed = PrivateKey::from_seed(&case.array("seed"));
            let again = SignedOrder::sign(order, case.text("key_id"), &seed);
            assert_eq!(again, signed, "{}", case.name());
        }
    });
}
