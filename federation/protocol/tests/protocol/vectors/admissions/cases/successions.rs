//! A room follows its hub to a root that the root before has signed (ADM-14).

use holm_protocol::PrivateKey;
use holm_protocol::document::Succession;
use holm_protocol::encoding::encode;
use holm_protocol::room_extension::Role;
use serde_json::{Value, json};

use super::changes::change_of;
use super::{case, changed, refused, with};
use crate::fixtures::{islet, key, skerry};
use crate::vectors::case::hex;

/// The cases.
#[expect(clippy::too_many_lines, reason = "a table of cases")]
pub(super) fn successions() -> Vec<Value> {
    let (now, next, last) = (key("root of islet"), key("next root"), key("last root"));
    let step = |former: &PrivateKey, root: &PrivateKey| {
        hex(encode(&Succession::sign(&islet(), former, root.public())))
    };
    let elsewhere = hex(encode(&Succession::sign(&skerry(), &now, next.public())));
    let (one, two) = (step(&now, &next), step(&next, &last));
    let skipped = step(&now, &last);
    let follow = |name, (group, by), root: &PrivateKey, steps: &[&String], verdict| {
        let root = root.public();
        let commit = change_of(group, by, |e| e.hub.root = root);
        let commit = with(commit, &json!({ "successions": steps }));
        case(name, &["ADM-14"], group, commit, verdict)
    };
    let bob = ("harbor", 1);
    let carol = ("harbor", 2);
    let fine = || changed(&[], &[]);
    let no = |why| refused(why);
    let role = change_of("harbor", 2, |e| {
        e.hub.root = next.public();
        e.policy.change = Role::Member;
    });
    vec![
        follow(
            "any member follows the hub's root",
            carol,
            &next,
            &[&one],
            fine(),
        ),
        follow("two steps at once", carol, &last, &[&one, &two], fine()),
        follow("no succession", carol, &next, &[], no("change_not_allowed")),
        follow(
            "the second step alone",
            carol,
            &last,
            &[&two],
            no("change_not_allowed"),
        ),
        follow(
            "steps in the wrong order",
            bob,
            &last,
            &[&two, &one],
            no("change_not_allowed"),
        ),
        follow(
            "another root than it leads to",
            bob,
            &next,
            &[&skipped],
            no("change_not_allowed"),
        ),
        follow(
            "signed for another server",
            bob,
            &next,
            &[&elsewhere],
            no("change_not_allowed"),
        ),
        follow(
            "an owner without the word",
            ("harbor", 0),
            &last,
            &[&one],
            no("hub_not_allowed"),
        ),
        case(
            "a member that changes more than the root",
            &["ADM-14"],
            "harbor",
            with(role, &json!({ "successions": [one] })),
            no("change_not_allowed"),
        ),
    ]
}
