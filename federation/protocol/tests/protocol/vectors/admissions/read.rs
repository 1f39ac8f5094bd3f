//! Views of group and commit, read from their JSON.

use holm_protocol::Order;
use holm_protocol::RoomUri;
use holm_protocol::admission::{CommitView, Committer, ContextExtension, GroupView, Leaf, NewLeaf};
use holm_protocol::encoding::decode;
use holm_protocol::identity::DeviceIdentity;
use holm_protocol::room_extension::RoomExtension;
use holm_protocol::signing::PublicKey;
use serde_json::Value;

use crate::vectors::case::{Case, unhex};

fn leaf(shared: &Value, name: &str) -> NewLeaf {
    let leaf = Case::new(&shared["leaves"][name]);
    NewLeaf {
        identity: DeviceIdentity::from_bytes(&leaf.bytes("identity")).unwrap(),
        mls_key: PublicKey(leaf.array("mls_key")),
    }
}

fn index(value: &Value) -> u32 {
    u32::try_from(value.as_u64().unwrap()).unwrap()
}

/// The shared group of this name.
pub(super) fn group(shared: &Value, name: &str) -> GroupView {
    let group = Case::new(&shared["groups"][name]);
    let leaves = group.list("leaves").iter().map(|pair| {
        let NewLeaf { identity, mls_key } = leaf(shared, pair[1].as_str().unwrap());
        Leaf {
            index: index(&pair[0]),
            identity,
            mls_key,
        }
    });
    GroupView {
        room: RoomUri::parse(group.text("room")).unwrap(),
        generation: group.small("generation"),
        epoch: group.number("epoch"),
        extension: RoomExtension::from_bytes(&group.bytes("extension")).unwrap(),
        leaves: leaves.collect(),
    }
}

/// Orders from their bytes.
pub(super) fn orders(list: &[Value]) -> Vec<Order> {
    let order = |value: &Value| decode(&unhex(value.as_str().unwrap())).unwrap();
    list.iter().map(order).collect()
}

/// Context extensions from pairs of type and content.
pub(super) fn extensions(list: &[Value]) -> Vec<ContextExtension> {
    let extension = |pair: &Value| ContextExtension {
        kind: u16::try_from(pair[0].as_u64().unwrap()).unwrap(),
        data: unhex(pair[1].as_str().unwrap()),
    };
    list.iter().map(extension).collect()
}

/// A commit.
pub(super) fn commit(shared: &Value, case: &Case<'_>) -> CommitView {
    let committer = case.value("committer");
    let adds = case.list("adds").iter();
    CommitView {
        committer: match committer.as_str() {
            Some(_external) => Committer::External,
            None => Committer::Member(index(committer)),
        },
        adds: adds
            .map(|name| leaf(shared, name.as_str().unwrap()))
            .collect(),
        removes: case.list("removes").iter().map(index).collect(),
        path_leaf: case
            .has("path_leaf")
            .then(|| leaf(shared, case.text("path_leaf"))),
        extensions: case
            .has("extensions")
            .then(|| extensions(case.list("extensions"))),
        other_proposals: case.flag("other_proposals"),
        orders: orders(case.list("orders")),
        successions: if case.has("successions") {
            let steps = case.list("successions").iter();
            steps
                .map(|step| decode(&unhex(step.as_str().unwrap())).unwrap())
                .collect()
        } else {
            Vec::new()
        },
    }
}
