//! `admissions.json`.

mod cases;
mod read;
mod shared;

use serde_json::{Value, json};

use super::File;
use super::case::Case;
use holm_protocol::admission::{
    Refusal, admit_commit, admit_creation, unfulfilled_order, unopened_order,
};
use holm_protocol::{DeviceUri, Order, PublicKey, ServerName};

fn file() -> File {
    File {
        name: "admissions",
        description: "What admits a commit: the group before it, the commit as an MLS library read it, and the verdict. Signatures of MLS are not part of it.",
        format: &[
            "shared.leaves: by name: a credential's identity (credentials.json) and the leaf's mls_key",
            "shared.groups: by name: room, generation, epoch, room extension (room_extensions.json), leaves as pairs of index and name",
            "kind: commit, creation (the group a room begins with) or orders (what only a hub checks)",
            "commit: committer (a leaf index, or external), adds and path_leaf (names of leaves; path_leaf is the committer's own new leaf or null), removes (indices), extensions (the whole new set of context extensions as pairs of type and content, or null), other_proposals (one by reference or of another type), orders (those carried, verified; as in orders.json without label and signature), successions (those carried, as structures with their signatures; absent: none)",
            "time: of the commit's event, ms",
            "verdict: of a commit {admitted: {added, removed, closes_window, changes_extension}} or {refused: reason}; of a creation admitted or the reason. The reason is the first of the rules in spec chapter 05 that refuses",
            "creator, hub, root, extensions: of a creation, who makes the room, on which server, under which root key, and the context's extensions",
            "open: the hub's open orders; unfulfilled: index of the first that the commit leaves undone, by time, users before devices and then by URI, or null; unopened: index of the first carried order that is not open, or null",
        ],
        shared: shared::shared(),
        cases: cases::cases(),
    }
}

fn refused(refusal: Refusal) -> Value {
    json!({ "refused": refusal.name() })
}

fn check_commit(case: &Case<'_>, shared: &Value) {
    let group = read::group(shared, case.text("group"));
    let commit = read::commit(shared, &case.part("commit"));
    let verdict = match admit_commit(&group, &commit, case.number("time")) {
        Ok(admitted) => json!({ "admitted": {
            "added": admitted.added, "removed": admitted.removed,
            "closes_window": admitted.closes_window,
            "changes_extension": admitted.extension.is_some(),
        } }),
        Err(refusal) => refused(refusal),
    };
    assert_eq!(&verdict, case.value("verdict"), "{}", case.name());
}

fn check_creation(case: &Case<'_>, shared: &Value) {
    let group = read::group(shared, case.text("group"));
    let creator = DeviceUri::parse(case.text("creator")).unwrap();
    let hub = ServerName::parse(case.text("hub")).unwrap();
    let root = PublicKey(case.array("root"));
    let extensions = read::extensions(case.list("extensions"));
    let time = case.number("time");
    let verdict = match admit_creation(&group, &extensions, &creator, (&hub, &root), time) {
        Ok(()) => json!("admitted"),
        Err(refusal) => refused(refusal),
    };
    assert_eq!(&verdict, case.value("verdict"), "{}", case.name());
}

fn check_orders(case: &Case<'_>, shared: &Value) {
    let group = read::group(shared, case.text("group"));
    let commit = read::commit(shared, &case.part("commit"));
    let open = read::orders(case.list("open"));
    let place = |orders: &[Order], found: Option<&Order>| {
        found.map(|found| orders.iter().position(|order| order == found).unwrap())
    };
    let unfulfilled = place(&open, unfulfilled_order(&group, &commit, &open));
    assert_eq!(
        &json!(unfulfilled),
        case.value("unfulfilled"),
        "{}",
        case.name()
    );
    let unopened = place(&commit.orders, unopened_order(&commit, &open));
    assert_eq!(&json!(unopened), case.value("unopened"), "{}", case.name());
}

/// ADM-1, ADM-2, ADM-3, ADM-4, ADM-5, ADM-6, ADM-7, ADM-8, ADM-9, ADM-10, ADM-11, ADM-12, ADM-13, ADM-14,
/// ORD-3, ORD-4, ORD-5, ORD-6, ORD-7, LOG-13, ROOM-2, ROOM-3
#[test]
fn every_case_of_admissions_holds() {
    file().run(|case, shared| match case.text("kind") {
        "commit" => check_commit(case, shared),
        "creation" => check_creation(case, shared),
        _ => check_orders(case, shared),
    });
}
