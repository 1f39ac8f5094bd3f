//! The cases: a group, a commit, a verdict.

mod adds;
mod changes;
mod entries;
mod hub;
mod removes;
mod successions;

use serde_json::{Value, json};

use crate::fixtures::NOW;

/// A commit of the member at a leaf that does nothing yet.
fn by(committer: u32) -> Value {
    json!({
        "committer": committer, "adds": [], "removes": [], "path_leaf": null, "extensions": null,
        "other_proposals": false, "orders": [],
    })
}

/// An external commit by which a leaf enters.
fn entering(leaf: &str) -> Value {
    with(
        by(0),
        &json!({ "committer": "external", "path_leaf": leaf }),
    )
}

fn with(mut value: Value, members: &Value) -> Value {
    for (member, content) in members.as_object().unwrap() {
        value[member] = content.clone();
    }
    value
}

/// A case in which the commit is judged on `group`.
fn case(name: &str, ids: &[&str], group: &str, commit: Value, verdict: Value) -> Value {
    let mut case = json!({
        "name": name, "requirements": ids, "kind": "commit", "group": group, "time": NOW,
    });
    case["commit"] = commit;
    case["verdict"] = verdict;
    case
}

fn refused(reason: &str) -> Value {
    json!({ "refused": reason })
}

/// Admitted, with devices by `user@domain/device`.
fn admitted(added: &[&str], removed: &[&str]) -> Value {
    let devices = |texts: &[&str]| {
        texts
            .iter()
            .map(|text| crate::fixtures::device(text))
            .collect::<Vec<_>>()
    };
    json!({ "admitted": {
        "added": devices(added), "removed": devices(removed),
        "closes_window": !removed.is_empty(), "changes_extension": false,
    } })
}

/// Admitted, and the extension changes.
fn changed(added: &[&str], removed: &[&str]) -> Value {
    let mut verdict = admitted(added, removed);
    verdict["admitted"]["changes_extension"] = json!(true);
    verdict
}

/// All cases.
pub(super) fn cases() -> Vec<Value> {
    [
        adds::adds(),
        adds::leaves(),
        removes::by_role(),
        removes::by_order(),
        removes::with_adds(),
        entries::renewals(),
        entries::returns(),
        entries::external(),
        changes::changes(),
        changes::contexts(),
        successions::successions(),
        hub::creations(),
        hub::open_orders(),
        hub::other_orders(),
    ]
    .concat()
}
