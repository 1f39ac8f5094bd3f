//! Creations, and what only the hub checks of orders.

use holm_protocol::Order;
use holm_protocol::encoding::encode;
use holm_protocol::order::Subject;
use holm_protocol::room_extension::{Hub, RoomExtension};
use serde_json::{Value, json};

use super::super::shared::named;
use super::{by, entering, refused, with};
use crate::admission::context;
use crate::fixtures::{NOW, device, islet, key, order, skerry, user};
use crate::vectors::case::hex;

/// A creation whose extension is changed.
fn creation(name: &str, change: impl FnOnce(&mut RoomExtension), verdict: Value) -> Value {
    let mut extension = named("the first").extension;
    change(&mut extension);
    let pairs: Vec<_> = context(&extension)
        .iter()
        .map(|e| json!([e.kind, hex(&e.data)]))
        .collect();
    let mut case = json!({
        "name": format!("creation: {name}"), "requirements": ["ADM-12"], "kind": "creation",
        "group": "the first", "creator": device("alice@islet.example/phone"), "hub": islet(),
        "root": hex(key("root of islet").public().0), "extensions": pairs, "time": NOW,
    });
    case["verdict"] = verdict;
    case
}

pub(super) fn creations() -> Vec<Value> {
    let no = || refused("creation");
    let plain =
        |name: &str, members: &Value, verdict| with(creation(name, |_| (), verdict), members);
    let other_hub =
        |e: &mut RoomExtension| e.hub = Hub::new(&skerry(), key("root of islet").public());
    let one = context(&named("the first").extension)[1].clone();
    vec![
        creation("a room begins", |_| (), json!("admitted")),
        creation("a creator who is not owner", |e| e.roles.clear(), no()),
        creation("a second term", |e| e.hub.term = 2, no()),
        creation("another hub", other_hub, no()),
        creation(
            "another root",
            |e| e.hub.root = key("another root").public(),
            no(),
        ),
        plain(
            "another device than the creator's",
            &json!({ "creator": device("alice@islet.example/desk") }),
            no(),
        ),
        plain(
            "a room of another server",
            &json!({ "hub": skerry() }),
            no(),
        ),
        plain("a room that has begun", &json!({ "group": "harbor" }), no()),
        plain(
            "one extension",
            &json!({ "extensions": [[one.kind, hex(&one.data)]], "requirements": ["ADM-12", "ROOM-2"] }),
            refused("extensions"),
        ),
        plain(
            "a certificate that has ended",
            &json!({ "time": 1_770_000_000_000_u64, "requirements": ["ADM-12", "ADM-3"] }),
            refused("identity_time"),
        ),
    ]
}

fn bytes(orders: &[Order]) -> Vec<String> {
    orders.iter().map(|order| hex(encode(order))).collect()
}

/// A case of `commit` under these open orders.
fn open(
    name: &str,
    id: &str,
    commit: Value,
    open: &[Order],
    found: (Option<usize>, Option<usize>),
) -> Value {
    let mut case = json!({
        "name": format!("open orders: {name}"), "requirements": [id], "kind": "orders",
        "group": "harbor", "open": bytes(open), "unfulfilled": found.0, "unopened": found.1,
    });
    case["commit"] = commit;
    case
}

/// Orders for alice and for carol, who has two devices.
fn both() -> [Order; 2] {
    ["alice@islet.example", "carol@skerry.example"].map(|who| order(Subject::User(user(who))))
}

/// Bob's commit that removes leaves and carries both orders.
fn removes(removes: &[u32]) -> Value {
    with(
        by(1),
        &json!({ "removes": removes, "orders": bytes(&both()) }),
    )
}

pub(super) fn open_orders() -> Vec<Value> {
    let both = both();
    let undone = |name, commit, found| open(name, "ORD-3", commit, &both, (found, None));
    let again = json!({ "adds": ["carol@skerry.example/desk 2"] });
    let again = with(removes(&[0, 2, 4]), &again);
    let enters = entering("bob@skerry.example/tablet 1");
    vec![
        undone("both carried out", removes(&[0, 2, 4]), None),
        undone("the first left undone", removes(&[2, 4]), Some(0)),
        undone("one of two devices left", removes(&[0, 2]), Some(1)),
        undone("who is to go is added again", again, Some(1)),
        undone("an external commit is exempt", enters, None),
    ]
}

pub(super) fn other_orders() -> Vec<Value> {
    let [alice, carol] = both();
    let gone = order(Subject::User(user("dave@skerry.example")));
    let [later_alice, older_carol] = [(alice.clone(), NOW), (carol.clone(), NOW - 1)]
        .map(|(order, time)| Order { time, ..order });
    let earlier = Order {
        generation: 1,
        ..alice.clone()
    };
    let later = Order { time: NOW, ..alice };
    let old =
        |name, orders: &[Order]| open(name, "ORD-6", removes(&[0, 2, 4]), orders, (None, Some(0)));
    vec![
        open(
            "for somebody who is not there",
            "ORD-5",
            by(1),
            &[gone],
            (None, None),
        ),
        open(
            "of another generation",
            "ORD-5",
            by(1),
            &[earlier],
            (None, None),
        ),
        open(
            "two left undone, the older is named",
            "ORD-7",
            by(1),
            &[later_alice, older_carol],
            (Some(1), None),
        ),
        old("one carried that is not open", std::slice::from_ref(&carol)),
        old(
            "one carried that is older than the open one",
            &[later, carol.clone()],
        ),
    ]
}
