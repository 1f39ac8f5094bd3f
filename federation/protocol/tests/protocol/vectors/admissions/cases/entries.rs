//! Renewals of the committer's leaf, and external commits.

use holm_protocol::encoding::encode;
use holm_protocol::order::Subject;
use serde_json::{Value, json};

use super::{admitted, by, case, entering, refused, with};
use crate::fixtures::{order, user};
use crate::vectors::case::hex;

const BEHIND: &str = "carol's phone behind";
const CAROL: [&str; 3] = [
    "carol@skerry.example/phone 0",
    "carol@skerry.example/phone 1",
    "carol@skerry.example/phone 2",
];
const LAPTOP: &str = "bob@skerry.example/laptop 1";
const TABLET: &str = "bob@skerry.example/tablet 1";

fn renewal(
    name: &str,
    id: &str,
    group: &str,
    (committer, leaf): (u32, &str),
    verdict: Value,
) -> Value {
    let commit = with(by(committer), &json!({ "path_leaf": leaf }));
    case(name, &[id], group, commit, verdict)
}

/// What a member may make of its own leaf.
pub(super) fn renewals() -> Vec<Value> {
    let of = |name, leaf, verdict| renewal(name, "ADM-6", "harbor", (1, leaf), verdict);
    let behind = |name, leaf, verdict| renewal(name, "ADM-10", BEHIND, (2, leaf), verdict);
    let fine = || admitted(&[], &[]);
    let changed = || refused("identity_changed");
    let old = || refused("generation");
    let older = "bob@skerry.example/laptop 0";
    vec![
        of("a member renews its keys", LAPTOP, fine()),
        of(
            "a member takes a new MLS key",
            "bob's laptop under a new MLS key",
            fine(),
        ),
        of(
            "a member takes another identity key",
            "bob's laptop certified by mallory",
            changed(),
        ),
        of("a member becomes another device", TABLET, changed()),
        of(
            "a member becomes another user",
            "carol@skerry.example/desk 2",
            changed(),
        ),
        renewal(
            "a member takes an older certificate",
            "ADM-10",
            "harbor",
            (1, older),
            old(),
        ),
        behind(
            "a member keeps a certificate older than its sibling's",
            CAROL[1],
            fine(),
        ),
        behind("a member takes one older still", CAROL[0], old()),
        behind("a member takes the newest", CAROL[2], fine()),
    ]
}

fn external_of(name: &str, id: &str, leaf: &str, members: &Value, verdict: Value) -> Value {
    case(
        name,
        &["ADM-9", id],
        "harbor",
        with(entering(leaf), members),
        verdict,
    )
}

/// Devices that come back, and certificates they may have.
pub(super) fn returns() -> Vec<Value> {
    let place = json!({ "removes": [1] });
    let new_key = "bob's laptop under a new MLS key";
    let (twice, no) = (refused("duplicate_device"), refused("external"));
    let fine = admitted(&["bob@skerry.example/laptop"], &[]);
    let behind = |name, leaf| {
        let commit = with(entering(leaf), &json!({ "removes": [2] }));
        move |verdict| case(name, &["ADM-9", "ADM-10"], BEHIND, commit, verdict)
    };
    let further = entering("carol@skerry.example/desk 1");
    let further_name = "a further device enters under an older certificate";
    vec![
        external_of(
            "a device comes back in the place of its leaf",
            "LOG-13",
            LAPTOP,
            &place,
            fine,
        ),
        external_of(
            "a device comes back beside its leaf",
            "ADM-4",
            LAPTOP,
            &json!({}),
            twice,
        ),
        external_of(
            "a device comes back under another MLS key",
            "ADM-9",
            new_key,
            &place,
            no,
        ),
        behind("a device comes back under its certificate", CAROL[1])(admitted(
            &["carol@skerry.example/phone"],
            &[],
        )),
        behind("a device comes back under an older certificate", CAROL[0])(refused("generation")),
        case(
            further_name,
            &["ADM-10"],
            BEHIND,
            further,
            refused("generation"),
        ),
    ]
}

/// Devices that enter, and what they may not do.
pub(super) fn external() -> Vec<Value> {
    let carol = hex(encode(&order(Subject::User(user("carol@skerry.example")))));
    let order = json!({ "removes": [2], "orders": [carol] });
    let add = json!({ "adds": ["bob@skerry.example/desk 1"] });
    let no = |name, leaf, members| external_of(name, "ADM-9", leaf, &members, refused("external"));
    let fine = admitted(&["bob@skerry.example/tablet"], &[]);
    let mallory = "bob's tablet certified by mallory";
    vec![
        external_of(
            "a participant's further device enters",
            "ADM-9",
            TABLET,
            &json!({}),
            fine,
        ),
        no(
            "a stranger enters",
            "dave@skerry.example/phone 1",
            json!({}),
        ),
        no(
            "a stranger under a participant's identity key enters",
            "dave's phone certified by bob",
            json!({}),
        ),
        no(
            "a device takes the place under another identity key",
            "bob's laptop under its MLS key certified by mallory",
            json!({ "removes": [1] }),
        ),
        no(
            "a participant under another identity key enters",
            mallory,
            json!({}),
        ),
        no(
            "a device enters and removes another of its user",
            TABLET,
            json!({ "removes": [1] }),
        ),
        no(
            "a device enters and removes somebody else",
            LAPTOP,
            json!({ "removes": [0] }),
        ),
        no(
            "a device enters and removes two",
            LAPTOP,
            json!({ "removes": [1, 2] }),
        ),
        no("a device enters and carries out an order", TABLET, order),
        no("a device enters and adds another", TABLET, add),
        no(
            "a device enters and changes the room",
            TABLET,
            json!({ "extensions": [] }),
        ),
        no("nobody enters", TABLET, json!({ "path_leaf": null })),
    ]
}
