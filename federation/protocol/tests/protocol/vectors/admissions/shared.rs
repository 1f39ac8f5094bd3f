//! The leaves and groups that the cases name.

use holm_protocol::admission::{GroupView, Leaf, NewLeaf};
use holm_protocol::identity::DeviceIdentity;
use holm_protocol::room_extension::{Role, RoleEntry};
use serde_json::{Map, Value, json};

use crate::admission::first_group;
use crate::fixtures::{VALIDITY, device, group, key, leaf, new_leaf, user};
use crate::vectors::case::hex;

/// Leaves as their devices have them, by `device generation`.
const PLAIN: [(&str, u32); 17] = [
    ("alice@islet.example/phone", 1),
    ("bob@skerry.example/laptop", 1),
    ("bob@skerry.example/laptop", 0),
    ("bob@skerry.example/tablet", 1),
    ("bob@skerry.example/desk", 1),
    ("carol@skerry.example/phone", 2),
    ("carol@skerry.example/phone", 1),
    ("carol@skerry.example/phone", 0),
    ("carol@skerry.example/tablet", 2),
    ("carol@skerry.example/desk", 2),
    ("carol@skerry.example/desk", 1),
    ("carol@skerry.example/desk", 3),
    ("dave@skerry.example/phone", 1),
    ("dave@skerry.example/desk", 1),
    ("dave@skerry.example/desk", 2),
    ("erin@islet.example/phone", 1),
    ("erin@islet.example/desk", 1),
];

/// Leaves with something about them: name, device, MLS key, whose identity key, generation.
const SPECIAL: [(&str, &str, &str, &str, u32); 7] = [
    (
        "bob's laptop under its MLS key certified by mallory",
        "bob@skerry.example/laptop",
        "mls bob@skerry.example/laptop",
        "mallory@skerry.example",
        1,
    ),
    (
        "dave's phone certified by bob",
        "dave@skerry.example/phone",
        "new",
        "bob@skerry.example",
        1,
    ),
    (
        "bob's laptop under a new MLS key",
        "bob@skerry.example/laptop",
        "new",
        "bob@skerry.example",
        1,
    ),
    (
        "bob's laptop certified by mallory",
        "bob@skerry.example/laptop",
        "new",
        "mallory@skerry.example",
        1,
    ),
    (
        "bob's tablet certified by mallory",
        "bob@skerry.example/tablet",
        "new",
        "mallory@skerry.example",
        1,
    ),
    (
        "dave's desk certified by mallory",
        "dave@skerry.example/desk",
        "new",
        "mallory@skerry.example",
        1,
    ),
    (
        "bob's phone certified by mallory",
        "bob@skerry.example/phone",
        "new",
        "mallory@skerry.example",
        1,
    ),
];

fn leaf_value(leaf: &NewLeaf) -> Value {
    json!({
        "device": leaf.identity.device, "generation": leaf.identity.certificate.generation,
        "identity": hex(leaf.identity.to_bytes()), "mls_key": hex(leaf.mls_key.0),
    })
}

fn leaves() -> Value {
    let mut leaves = Map::new();
    for (text, generation) in PLAIN {
        let leaf = new_leaf(text, generation);
        leaves.insert(format!("{text} {generation}"), leaf_value(&leaf));
    }
    for (name, text, mls, identity, generation) in SPECIAL {
        let mls_key = key(mls).public();
        let identity = key(&format!("identity {identity}"));
        let identity =
            DeviceIdentity::certify(device(text), &mls_key, &identity, generation, VALIDITY);
        leaves.insert(name.into(), leaf_value(&NewLeaf { identity, mls_key }));
    }
    let listener = NewLeaf {
        mls_key: key("a listener").public(),
        ..new_leaf("dave@skerry.example/phone", 1)
    };
    leaves.insert(
        "dave's phone under a listener's MLS key".into(),
        leaf_value(&listener),
    );
    Value::Object(leaves)
}

fn group_value(group: &GroupView) -> Value {
    let leaf = |leaf: &Leaf| {
        let device = &leaf.identity.device;
        let text = format!("{}/{}", device.user().address(), device.device_id());
        json!([
            leaf.index,
            format!("{text} {}", leaf.identity.certificate.generation)
        ])
    };
    json!({
        "room": group.room, "generation": group.generation, "epoch": group.epoch,
        "extension": hex(group.extension.to_bytes()),
        "leaves": group.leaves.iter().map(leaf).collect::<Vec<_>>(),
    })
}

/// The group named, as the cases' extensions are made from it.
pub(super) fn named(name: &str) -> GroupView {
    let mut named = group();
    match name {
        "harbor" => (),
        "owners add" => named.extension.policy.add = Role::Owner,
        "members remove" => named.extension.policy.remove = Role::Member,
        "admins change" => named.extension.policy.change = Role::Admin,
        "dave banned" => named.extension.bans.push(user("dave@skerry.example")),
        "carol's phone behind" => named.leaves[2] = leaf(2, "carol@skerry.example/phone", 1),
        "alice left" => {
            named.extension.policy.change = Role::Admin;
            named.leaves.remove(0);
        }
        "two owners" => {
            named.extension.roles.push(RoleEntry {
                user: user("erin@islet.example"),
                role: Role::Owner,
            });
            named.leaves.push(leaf(5, "erin@islet.example/phone", 1));
        }
        "generation 1" => named.generation = 1,
        "the first" => named = first_group(),
        other => panic!("no group {other}"),
    }
    named
}

const GROUPS: [&str; 10] = [
    "harbor",
    "owners add",
    "members remove",
    "admins change",
    "dave banned",
    "carol's phone behind",
    "alice left",
    "two owners",
    "generation 1",
    "the first",
];

/// What stands in the file's `shared`.
pub(super) fn shared() -> Value {
    let groups = GROUPS.map(|name| (name.to_owned(), group_value(&named(name))));
    let groups: Map<String, Value> = groups.into_iter().collect();
    json!({ "groups": groups, "leaves": leaves() })
}
