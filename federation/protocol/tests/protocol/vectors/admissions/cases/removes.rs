//! Commits that remove leaves.

use holm_protocol::encoding::encode;
use holm_protocol::order::Subject;
use holm_protocol::{Order, RoomUri};
use serde_json::{Value, json};

use super::{admitted, by, case, refused, with};
use crate::fixtures::{device, islet, order, user};
use crate::vectors::case::hex;

const ALICE: &str = "alice@islet.example/phone";
const LAPTOP: &str = "bob@skerry.example/laptop";
const PHONE: &str = "carol@skerry.example/phone";
const TABLET: &str = "carol@skerry.example/tablet";

fn removes_of(committer: u32, removes: &[u32], orders: &[&Order]) -> Value {
    let orders: Vec<_> = orders.iter().map(|order| hex(encode(*order))).collect();
    with(
        by(committer),
        &json!({ "removes": removes, "orders": orders }),
    )
}

/// A case of a removal without orders.
fn plain(name: &str, group: &str, (committer, leaves): (u32, &[u32]), verdict: Value) -> Value {
    case(
        name,
        &["ADM-8"],
        group,
        removes_of(committer, leaves, &[]),
        verdict,
    )
}

/// Who may remove whom.
pub(super) fn by_role() -> Vec<Value> {
    let no = || refused("remove_not_allowed");
    let unknown = || refused("unknown_leaf");
    let (own, free) = ("harbor", "members remove");
    vec![
        plain(
            "the owner removes",
            own,
            (0, &[1]),
            admitted(&[], &[LAPTOP]),
        ),
        plain(
            "an admin removes where the owner does",
            own,
            (1, &[2]),
            no(),
        ),
        plain(
            "a member removes its sibling where members do",
            free,
            (2, &[4]),
            admitted(&[], &[TABLET]),
        ),
        plain(
            "a member removes an admin where members do",
            free,
            (2, &[1]),
            no(),
        ),
        plain(
            "an admin removes a member where members do",
            free,
            (1, &[2]),
            admitted(&[], &[PHONE]),
        ),
        plain(
            "an owner removes an owner",
            "two owners",
            (5, &[0]),
            admitted(&[], &[ALICE]),
        ),
        plain(
            "a member removes its own other device",
            own,
            (4, &[2]),
            admitted(&[], &[PHONE]),
        ),
        plain(
            "a member removes the leaf it commits by",
            own,
            (2, &[2]),
            no(),
        ),
        plain("a leaf that is not there", own, (0, &[3]), unknown()),
        plain("a leaf twice", own, (0, &[1, 1]), unknown()),
        plain("by a leaf that is not there", own, (3, &[]), unknown()),
    ]
}

fn leave() -> Order {
    order(Subject::User(user("alice@islet.example")))
}

/// What an order allows.
fn ordered() -> Vec<Value> {
    let revoked = order(Subject::Device(device(PHONE)));
    let no = || refused("remove_not_allowed");
    let of = |name, (committer, leaves): (u32, &[u32]), order, verdict| {
        let ids = &["ADM-8", "ORD-1", "ORD-4"];
        case(
            name,
            ids,
            "harbor",
            removes_of(committer, leaves, &[order]),
            verdict,
        )
    };
    let gone = || admitted(&[], &[ALICE]);
    let phone = admitted(&[], &[PHONE]);
    vec![
        of("a member carries out an order", (2, &[0]), &leave(), gone()),
        of(
            "a member removes more than is ordered",
            (2, &[0, 1]),
            &leave(),
            no(),
        ),
        of("an order for one device", (1, &[2]), &revoked, phone),
        of(
            "an order for one device of two removed",
            (1, &[2, 4]),
            &revoked,
            no(),
        ),
    ]
}

/// Where an order counts.
fn ordered_elsewhere() -> Vec<Value> {
    let elsewhere = Order {
        room: RoomUri::new(&islet(), "other").unwrap(),
        ..leave()
    };
    let later = Order {
        generation: 1,
        ..leave()
    };
    let no = || refused("remove_not_allowed");
    let of = |name, group, order, verdict| {
        case(
            name,
            &["ORD-5"],
            group,
            removes_of(2, &[0], &[order]),
            verdict,
        )
    };
    let gone = admitted(&[], &[ALICE]);
    vec![
        of("an order of another room", "harbor", &elsewhere, no()),
        of("an order of another generation", "harbor", &later, no()),
        of("an order of this generation", "generation 1", &later, gone),
    ]
}

/// Removals that an order asks for.
pub(super) fn by_order() -> Vec<Value> {
    [ordered(), ordered_elsewhere()].concat()
}

/// Removals that make place.
pub(super) fn with_adds() -> Vec<Value> {
    let of = |name, id, removes: &[u32], add: &str, verdict| {
        let commit = with(removes_of(0, removes, &[]), &json!({ "adds": [add] }));
        case(name, &[id], "harbor", commit, verdict)
    };
    let (changed, old) = (refused("identity_changed"), refused("generation"));
    let laptop = "bob@skerry.example/laptop 1";
    let stranger = "bob's laptop certified by mallory";
    let desk = "carol@skerry.example/desk 1";
    vec![
        of(
            "a device removed and added again",
            "ADM-4",
            &[1],
            laptop,
            admitted(&[LAPTOP], &[LAPTOP]),
        ),
        of(
            "a device removed and added under another identity key",
            "ADM-5",
            &[1],
            stranger,
            changed,
        ),
        of(
            "all of a user removed and an older certificate added",
            "ADM-10",
            &[2, 4],
            desk,
            old,
        ),
    ]
}
