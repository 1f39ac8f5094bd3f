//! External commits enter one device of a participant, or bring one back (ADM-9).

use holm_protocol::admission::{CommitView, NewLeaf, Refusal, admit_commit};
use holm_protocol::identity::DeviceIdentity;
use holm_protocol::order::Subject;

use super::{context, judge};
use crate::fixtures::{
    NOW, VALIDITY, device, external, group, identity, key, new_leaf, order, user,
};

const TABLET: &str = "bob@skerry.example/tablet";
const LAPTOP: &str = "bob@skerry.example/laptop";

/// ADM-9
#[test]
fn a_participants_further_device_enters() {
    let admitted = judge(&external(new_leaf(TABLET, 1))).unwrap();
    assert_eq!(admitted.added, [device(TABLET)]);
    assert!(admitted.removed.is_empty() && !admitted.closes_window);
}

/// ADM-9
#[test]
fn a_stranger_does_not_enter() {
    let dave = external(new_leaf("dave@skerry.example/phone", 1));
    assert_eq!(judge(&dave), Err(Refusal::External));
    let mls = key("mls").public();
    let other_key = key("identity mallory@skerry.example");
    let identity = DeviceIdentity::certify(device(TABLET), &mls, &other_key, 1, VALIDITY);
    let under_another_key = external(NewLeaf {
        identity,
        mls_key: mls,
    });
    assert_eq!(judge(&under_another_key), Err(Refusal::External));
}

fn back(entering: NewLeaf, removes: &[u32]) -> CommitView {
    CommitView {
        removes: removes.into(),
        ..external(entering)
    }
}

/// ADM-9, LOG-13
#[test]
fn a_device_comes_back_in_the_place_of_its_former_leaf() {
    let admitted = judge(&back(new_leaf(LAPTOP, 1), &[1])).unwrap();
    assert_eq!(admitted.added, [device(LAPTOP)]);
    assert!(admitted.removed.is_empty() && !admitted.closes_window);
}

/// ADM-9, ADM-4
#[test]
fn a_device_does_not_come_back_beside_its_former_leaf() {
    let beside = external(new_leaf(LAPTOP, 1));
    assert_eq!(judge(&beside), Err(Refusal::DuplicateDevice));
}

/// ADM-9
#[test]
fn a_device_under_another_mls_key_does_not_take_the_place() {
    let mls = key("a new mls key").public();
    let own = key("identity bob@skerry.example");
    let identity = DeviceIdentity::certify(device(LAPTOP), &mls, &own, 1, VALIDITY);
    let changed = back(
        NewLeaf {
            identity,
            mls_key: mls,
        },
        &[1],
    );
    assert_eq!(judge(&changed), Err(Refusal::External));
}

/// ADM-9
#[test]
fn a_device_under_another_identity_key_does_not_take_the_place() {
    let mls_key = key(&format!("mls {LAPTOP}")).public();
    let mallory = key("identity mallory@skerry.example");
    let identity = DeviceIdentity::certify(device(LAPTOP), &mls_key, &mallory, 1, VALIDITY);
    let changed = back(NewLeaf { identity, mls_key }, &[1]);
    assert_eq!(judge(&changed), Err(Refusal::External));
}

/// ADM-9
#[test]
fn a_stranger_under_a_participants_identity_key_does_not_enter() {
    let mls_key = key("mls").public();
    let (dave, bob) = (
        device("dave@skerry.example/phone"),
        key("identity bob@skerry.example"),
    );
    let identity = DeviceIdentity::certify(dave, &mls_key, &bob, 1, VALIDITY);
    let stranger = external(NewLeaf { identity, mls_key });
    assert_eq!(judge(&stranger), Err(Refusal::External));
}

/// ADM-9
#[test]
fn an_external_commit_removes_nobody_else_whatever_it_carries() {
    for removes in [&[0][..], &[1, 2], &[4]] {
        let mut commit = back(new_leaf(LAPTOP, 1), removes);
        commit.orders = vec![order(Subject::User(user("carol@skerry.example")))];
        assert_eq!(judge(&commit), Err(Refusal::External), "{removes:?}");
    }
    let sibling = back(new_leaf(TABLET, 1), &[1]);
    assert_eq!(judge(&sibling), Err(Refusal::External));
}

/// ADM-9
#[test]
fn an_external_commit_adds_and_changes_nothing() {
    let enter = || external(new_leaf(TABLET, 1));
    let adds = CommitView {
        adds: vec![new_leaf("bob@skerry.example/desk", 1)],
        ..enter()
    };
    assert_eq!(judge(&adds), Err(Refusal::External));
    let changes = CommitView {
        extensions: Some(context(&group().extension)),
        ..enter()
    };
    assert_eq!(judge(&changes), Err(Refusal::External));
    let nobody = CommitView {
        path_leaf: None,
        ..enter()
    };
    assert_eq!(judge(&nobody), Err(Refusal::External));
}

/// ADM-10
#[test]
fn a_device_comes_back_under_its_certificate_but_enters_under_no_old_one() {
    let mut group = group();
    group.leaves[2].identity = identity("carol@skerry.example/phone", 1);
    let judge = |commit| admit_commit(&group, &commit, NOW);
    assert!(judge(back(new_leaf("carol@skerry.example/phone", 1), &[2])).is_ok());
    let older = back(new_leaf("carol@skerry.example/phone", 0), &[2]);
    assert_eq!(judge(older), Err(Refusal::Generation));
    let new = external(new_leaf("carol@skerry.example/desk", 1));
    assert_eq!(judge(new), Err(Refusal::Generation));
}

/// ADM-13
#[test]
fn a_banned_user_does_not_enter() {
    // No commit leads to such a room; a reset could.
    let mut group = group();
    group.extension.roles.truncate(1);
    group.extension.bans.push(user("bob@skerry.example"));
    let enter = external(new_leaf(TABLET, 1));
    assert_eq!(admit_commit(&group, &enter, NOW), Err(Refusal::Banned));
}
