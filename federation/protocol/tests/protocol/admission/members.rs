//! What members may do: add, remove, renew their leaf (ADM-4 to ADM-8, ADM-10, ADM-13).

use holm_protocol::admission::{CommitView, NewLeaf, Refusal, admit_commit};
use holm_protocol::identity::DeviceIdentity;
use holm_protocol::room_extension::Role;

use super::judge;
use crate::fixtures::{NOW, VALIDITY, commit, device, group, identity, key, new_leaf, user};

fn adds(committer: u32, leaves: Vec<NewLeaf>) -> CommitView {
    CommitView {
        adds: leaves,
        ..commit(committer)
    }
}

fn removes(committer: u32, removes: &[u32]) -> CommitView {
    CommitView {
        removes: removes.into(),
        ..commit(committer)
    }
}

fn renews(committer: u32, leaf: NewLeaf) -> CommitView {
    CommitView {
        path_leaf: Some(leaf),
        ..commit(committer)
    }
}

/// ADM-7
#[test]
fn who_may_add_is_the_policys_to_say() {
    let dave = || vec![new_leaf("dave@skerry.example/phone", 1)];
    let mut group = group();
    for (needed, by) in [
        (Role::Member, [true; 3]),
        (Role::Admin, [true, true, false]),
        (Role::Owner, [true, false, false]),
    ] {
        group.extension.policy.add = needed;
        for (committer, allowed) in (0..3).zip(by) {
            let verdict = admit_commit(&group, &adds(committer, dave()), NOW);
            assert_eq!(verdict.is_ok(), allowed, "{needed:?} {committer}");
            assert!(allowed || verdict == Err(Refusal::AddNotAllowed));
        }
    }
}

/// ADM-7
#[test]
fn everybody_may_add_the_own_devices() {
    let mut group = group();
    group.extension.policy.add = Role::Owner;
    let own = adds(2, vec![new_leaf("carol@skerry.example/desk", 2)]);
    let admitted = admit_commit(&group, &own, NOW).unwrap();
    assert_eq!(admitted.added, [device("carol@skerry.example/desk")]);
    assert!(admitted.removed.is_empty() && !admitted.closes_window);
}

/// ADM-8, LOG-13
#[test]
fn a_removal_needs_the_policys_role_and_no_higher_one_of_the_target() {
    let mut group = group();
    let names = ["alice", "bob", "carol"];
    for needed in [Role::Member, Role::Admin, Role::Owner] {
        group.extension.policy.remove = needed;
        for (committer, target) in (0..3).flat_map(|c| (0..3).map(move |t| (c, t))) {
            if committer == target {
                continue;
            }
            let verdict = admit_commit(&group, &removes(committer, &[target]), NOW);
            let role = |leaf: u32| {
                [Role::Owner, Role::Admin, Role::Member][usize::try_from(leaf).unwrap()]
            };
            let allowed = role(committer) >= needed && role(committer) >= role(target);
            assert_eq!(
                verdict.is_ok(),
                allowed,
                "{needed:?}: {committer} removes {target}"
            );
            let Ok(admitted) = verdict else { continue };
            assert!(admitted.closes_window);
            assert!(
                admitted.removed[0].user().local_name() == names[usize::try_from(target).unwrap()]
            );
        }
    }
}

/// ADM-8
#[test]
fn everybody_may_remove_the_own_other_devices_but_not_the_committing_one() {
    assert!(judge(&removes(2, &[4])).is_ok());
    assert_eq!(judge(&removes(2, &[2])), Err(Refusal::RemoveNotAllowed));
    assert_eq!(judge(&removes(0, &[0])), Err(Refusal::RemoveNotAllowed));
}

/// ADM-8
#[test]
fn a_leaf_that_is_not_there_is_not_removed() {
    assert_eq!(judge(&removes(0, &[3])), Err(Refusal::UnknownLeaf));
    assert_eq!(judge(&removes(0, &[1, 1])), Err(Refusal::UnknownLeaf));
    assert_eq!(judge(&commit(3)), Err(Refusal::UnknownLeaf));
}

/// ADM-6
#[test]
fn a_member_renews_certificate_and_mls_key_but_not_device_or_identity_key() {
    let certify = |mls: &str, identity: &str| {
        let (device, mls) = (device("bob@skerry.example/laptop"), key(mls).public());
        let identity = DeviceIdentity::certify(device, &mls, &key(identity), 2, VALIDITY);
        NewLeaf {
            identity,
            mls_key: mls,
        }
    };
    let own = "identity bob@skerry.example";
    assert!(judge(&renews(1, certify("new key", own))).is_ok());
    let stranger = certify("new key", "identity mallory@skerry.example");
    assert_eq!(judge(&renews(1, stranger)), Err(Refusal::IdentityChanged));
    let other_device = new_leaf("bob@skerry.example/phone", 1);
    assert_eq!(
        judge(&renews(1, other_device)),
        Err(Refusal::IdentityChanged)
    );
    let other_user = new_leaf("alice@islet.example/phone", 1);
    assert_eq!(judge(&renews(1, other_user)), Err(Refusal::IdentityChanged));
}

/// ADM-4
#[test]
fn a_device_never_has_two_leaves() {
    let again = adds(0, vec![new_leaf("bob@skerry.example/laptop", 1)]);
    assert_eq!(judge(&again), Err(Refusal::DuplicateDevice));
    let twice = vec![new_leaf("dave@skerry.example/phone", 1); 2];
    assert_eq!(judge(&adds(0, twice)), Err(Refusal::DuplicateDevice));
    let replaced = CommitView {
        removes: vec![1],
        ..again
    };
    assert!(judge(&replaced).is_ok());
}

/// ADM-5
#[test]
fn a_user_stands_under_one_identity_key() {
    let certify = |text: &str| {
        let (device, mls) = (device(text), key("mls").public());
        let stranger = key("identity mallory@skerry.example");
        let identity = DeviceIdentity::certify(device, &mls, &stranger, 9, VALIDITY);
        NewLeaf {
            identity,
            mls_key: mls,
        }
    };
    let changed = Err(Refusal::IdentityChanged);
    let add = adds(0, vec![certify("bob@skerry.example/phone")]);
    assert_eq!(judge(&add), changed);
    // Nor in the place of the leaf that the same commit removes.
    let replaced = CommitView {
        adds: vec![certify("bob@skerry.example/laptop")],
        ..removes(0, &[1])
    };
    assert_eq!(judge(&replaced), changed);
    let split = vec![
        new_leaf("dave@skerry.example/phone", 1),
        certify("dave@skerry.example/desk"),
    ];
    assert_eq!(judge(&adds(0, split)), changed);
}

/// ADM-10
#[test]
fn a_certificate_older_than_a_removal_does_not_enter() {
    let add = |generation| adds(0, vec![new_leaf("carol@skerry.example/desk", generation)]);
    assert_eq!(judge(&add(1)), Err(Refusal::Generation));
    assert!(judge(&add(2)).is_ok() && judge(&add(3)).is_ok());
    // Not even where the same commit removes the leaf that it was seen on.
    let after_removal = CommitView {
        removes: vec![2, 4],
        ..add(1)
    };
    assert_eq!(judge(&after_removal), Err(Refusal::Generation));
}

/// ADM-10
#[test]
fn of_two_generations_in_one_commit_the_older_is_refused_in_either_order() {
    let dave = |id: &str, generation| new_leaf(&format!("dave@skerry.example/{id}"), generation);
    let rising = vec![dave("phone", 1), dave("desk", 2)];
    let falling = vec![dave("desk", 2), dave("phone", 1)];
    assert_eq!(judge(&adds(0, rising)), Err(Refusal::Generation));
    assert_eq!(judge(&adds(0, falling)), Err(Refusal::Generation));
}

/// ADM-10
#[test]
fn a_member_keeps_its_certificate_but_takes_no_older_one() {
    let mut group = group();
    group.leaves[2].identity = identity("carol@skerry.example/phone", 1);
    let kept = renews(2, new_leaf("carol@skerry.example/phone", 1));
    assert!(admit_commit(&group, &kept, NOW).is_ok());
    let older = renews(2, new_leaf("carol@skerry.example/phone", 0));
    assert_eq!(admit_commit(&group, &older, NOW), Err(Refusal::Generation));
    let removed_and_added = CommitView {
        adds: vec![new_leaf("carol@skerry.example/phone", 1)],
        ..removes(4, &[2])
    };
    let verdict = admit_commit(&group, &removed_and_added, NOW);
    assert_eq!(verdict, Err(Refusal::Generation));
}

/// ADM-13
#[test]
fn a_banned_user_is_not_added() {
    let mut group = group();
    group.extension.bans.push(user("dave@skerry.example"));
    let dave = adds(0, vec![new_leaf("dave@skerry.example/phone", 1)]);
    assert_eq!(admit_commit(&group, &dave, NOW), Err(Refusal::Banned));
}
