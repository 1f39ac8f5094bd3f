//! The limits of a room, at n and n + 1 (LIM-1 to LIM-4).

use holm_protocol::admission::{CommitView, GroupView, Leaf, NewLeaf, Refusal, admit_commit};
use holm_protocol::limits::{COMMIT_ADDS_MAX, ROOM_DEVICES_MAX, ROOM_USERS_MAX, USER_DEVICES_MAX};

use crate::fixtures::{NOW, commit, external, group, leaf, new_leaf};

/// A room of `users` users with `devices` devices in all, spread evenly.
fn room_of(users: usize, devices: usize) -> GroupView {
    let name = |i: usize| format!("user{}@skerry.example/device{}", i % users, i / users);
    let leaves = (0..devices).map(|i| leaf(u32::try_from(i).unwrap(), &name(i), 1));
    GroupView {
        leaves: leaves.collect(),
        ..group()
    }
}

fn adds(leaves: impl IntoIterator<Item = NewLeaf>) -> CommitView {
    CommitView {
        adds: leaves.into_iter().collect(),
        ..commit(0)
    }
}

fn strangers(count: usize) -> impl Iterator<Item = NewLeaf> {
    (0..count).map(|i| new_leaf(&format!("new{i}@skerry.example/phone"), 1))
}

fn judge(group: &GroupView, commit: &CommitView) -> Result<(), Refusal> {
    admit_commit(group, commit, NOW).map(drop)
}

/// LIM-1
#[test]
fn a_room_has_at_most_1024_users() {
    assert_eq!(ROOM_USERS_MAX, 1_024);
    let group = room_of(ROOM_USERS_MAX - 1, ROOM_USERS_MAX - 1);
    assert_eq!(judge(&group, &adds(strangers(1))), Ok(()));
    assert_eq!(judge(&group, &adds(strangers(2))), Err(Refusal::Limit));
}

/// LIM-2
#[test]
fn a_room_has_at_most_2048_devices() {
    assert_eq!(ROOM_DEVICES_MAX, 2_048);
    let mut group = room_of(900, ROOM_DEVICES_MAX - 1);
    assert_eq!(judge(&group, &adds(strangers(1))), Ok(()));
    assert_eq!(judge(&group, &adds(strangers(2))), Err(Refusal::Limit));
    let swap = CommitView {
        removes: vec![1],
        ..adds(strangers(2))
    };
    group.extension.policy.remove = holm_protocol::room_extension::Role::Member;
    assert_eq!(judge(&group, &swap), Ok(()));
}

/// LIM-3
#[test]
fn a_user_has_at_most_10_devices() {
    assert_eq!(USER_DEVICES_MAX, 10);
    let carol = |i: u32| format!("carol@skerry.example/device{i}");
    let mut group = group();
    // Two are there already.
    let more = (10..17).map(|i| leaf(i, &carol(i), 2));
    group.leaves.extend(more.collect::<Vec<Leaf>>());
    assert_eq!(judge(&group, &external(new_leaf(&carol(17), 2))), Ok(()));
    let two = [new_leaf(&carol(17), 2), new_leaf(&carol(18), 2)];
    assert_eq!(judge(&group, &adds(two)), Err(Refusal::Limit));
}

/// LIM-4
#[test]
fn a_commit_has_at_most_1000_adds() {
    assert_eq!(COMMIT_ADDS_MAX, 1_000);
    let group = room_of(1, 1);
    assert_eq!(judge(&group, &adds(strangers(COMMIT_ADDS_MAX))), Ok(()));
    let many = adds(strangers(COMMIT_ADDS_MAX + 1));
    assert_eq!(judge(&group, &many), Err(Refusal::Limit));
}
