//! Commits that add devices.

use serde_json::{Value, json};

use super::{admitted, by, case, refused, with};
use crate::fixtures::VALIDITY;

const PHONE: &str = "dave@skerry.example/phone";
const DAVE: &str = "dave@skerry.example/phone 1";
const DESK: &str = "carol@skerry.example/desk";

fn adds_of(committer: u32, leaves: &[&str]) -> Value {
    with(by(committer), &json!({ "adds": leaves }))
}

/// Who may add.
pub(super) fn adds() -> Vec<Value> {
    let other = with(by(0), &json!({ "other_proposals": true }));
    let own = adds_of(2, &["carol@skerry.example/desk 2"]);
    let dave = |committer| adds_of(committer, &[DAVE]);
    let of = |name, group, commit, verdict| case(name, &["ADM-7"], group, commit, verdict);
    let no = refused("add_not_allowed");
    let ban = refused("banned");
    let proposal = refused("proposal");
    vec![
        case(
            "a commit that does nothing",
            &["ADM-1"],
            "harbor",
            by(2),
            admitted(&[], &[]),
        ),
        case(
            "a proposal by reference",
            &["ADM-1"],
            "harbor",
            other,
            proposal,
        ),
        of("a member adds", "harbor", dave(2), admitted(&[PHONE], &[])),
        of("a member adds where owners do", "owners add", dave(2), no),
        of(
            "a member adds its own device where owners do",
            "owners add",
            own,
            admitted(&[DESK], &[]),
        ),
        case(
            "a banned user is added",
            &["ADM-13"],
            "dave banned",
            dave(0),
            ban,
        ),
    ]
}

/// A case in which alice adds these leaves.
fn add(name: &str, id: &str, leaves: &[&str], verdict: Value) -> Value {
    case(name, &[id], "harbor", adds_of(0, leaves), verdict)
}

fn at(name: &str, seconds: u64, verdict: Value) -> Value {
    let mut case = add(name, "ADM-3", &[DAVE], verdict);
    case["time"] = json!(seconds * 1_000);
    case
}

fn certificates() -> Vec<Value> {
    let listener = "dave's phone under a listener's MLS key";
    let (forged, time) = (refused("identity_signature"), refused("identity_time"));
    vec![
        add(
            "a leaf not certified for its MLS key",
            "ADM-3",
            &[listener],
            forged,
        ),
        at(
            "a certificate within five minutes of its beginning",
            VALIDITY.0 - 300,
            admitted(&[PHONE], &[]),
        ),
        at(
            "a certificate that begins later",
            VALIDITY.0 - 301,
            time.clone(),
        ),
        at("a certificate that has ended", VALIDITY.1, time),
    ]
}

fn generations() -> Vec<Value> {
    let newer = "dave@skerry.example/desk 2";
    let old = || refused("generation");
    let of = |name, leaves: &[&str], verdict| add(name, "ADM-10", leaves, verdict);
    vec![
        of(
            "a certificate older than one in the tree",
            &["carol@skerry.example/desk 1"],
            old(),
        ),
        of(
            "a certificate newer than those in the tree",
            &["carol@skerry.example/desk 3"],
            admitted(&[DESK], &[]),
        ),
        of("two generations, the older first", &[DAVE, newer], old()),
        of("two generations, the newer first", &[newer, DAVE], old()),
    ]
}

/// Which leaves may be added.
pub(super) fn leaves() -> Vec<Value> {
    let changed = || refused("identity_changed");
    let twice = || refused("duplicate_device");
    let strangers = vec![
        add(
            "a device that is there is added",
            "ADM-4",
            &["bob@skerry.example/laptop 1"],
            twice(),
        ),
        add("one device twice", "ADM-4", &[DAVE, DAVE], twice()),
        add(
            "a participant under another identity key",
            "ADM-5",
            &["bob's phone certified by mallory"],
            changed(),
        ),
        add(
            "two identity keys of one new user",
            "ADM-5",
            &[DAVE, "dave's desk certified by mallory"],
            changed(),
        ),
    ];
    [certificates(), generations(), strangers].concat()
}
