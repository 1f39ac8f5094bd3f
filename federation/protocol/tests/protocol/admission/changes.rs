//! Changes of the room extension (ADM-2, ADM-11, ADM-13, ROOM-2).

use holm_protocol::admission::{
    Admitted, CommitView, ContextExtension, GroupView, Refusal, admit_commit,
};
use holm_protocol::document::Succession;
use holm_protocol::room_extension::{Hub, Policy, Role, RoleEntry, RoomExtension};

use super::{context, judge};
use crate::fixtures::{NOW, commit, group, islet, key, leaf, new_leaf, skerry, user};

/// The group, with policy letting admins change it.
fn open_group() -> GroupView {
    let mut group = group();
    group.extension.policy.change = Role::Admin;
    group
}

fn changes(committer: u32, extension: &RoomExtension) -> CommitView {
    CommitView {
        extensions: Some(context(extension)),
        ..commit(committer)
    }
}

/// The verdict on a change of `group` by `committer`.
fn change(
    group: &GroupView,
    committer: u32,
    change: impl FnOnce(&mut RoomExtension),
) -> Result<Admitted, Refusal> {
    let mut extension = group.extension.clone();
    change(&mut extension);
    admit_commit(group, &changes(committer, &extension), NOW)
}

fn entry(address: &str, role: Role) -> RoleEntry {
    let user = user(address);
    RoleEntry { user, role }
}

/// ADM-11
#[test]
fn who_may_change_is_the_policys_to_say() {
    let (group, open) = (group(), open_group());
    let restate = |group, committer| change(group, committer, |_| ()).map(drop);
    let refused = Err(Refusal::ChangeNotAllowed);
    assert_eq!(restate(&group, 0), Ok(()));
    assert_eq!(restate(&group, 1), refused);
    assert_eq!(restate(&open, 1), Ok(()));
    assert_eq!(restate(&open, 2), refused);
    let admitted = change(&group, 0, |e| {
        e.policy = Policy {
            add: Role::Admin,
            ..e.policy
        }
    });
    assert_eq!(admitted.unwrap().extension.unwrap().policy.add, Role::Admin);
}

/// ADM-11
#[test]
fn an_admin_makes_no_owner_and_unmakes_none() {
    let group = open_group();
    let refused = Err(Refusal::RoleNotAllowed);
    assert_eq!(
        change(&group, 1, |e| e.roles[1].role = Role::Owner),
        refused
    );
    assert_eq!(
        change(&group, 1, |e| e
            .roles
            .push(entry("carol@skerry.example", Role::Owner))),
        refused
    );
    assert_eq!(
        change(&group, 1, |e| e.roles[0].role = Role::Admin),
        refused
    );
    assert_eq!(change(&group, 1, |e| drop(e.roles.remove(0))), refused);
    assert!(
        change(&group, 1, |e| e
            .roles
            .push(entry("carol@skerry.example", Role::Admin)))
        .is_ok()
    );
    assert!(change(&group, 1, |e| drop(e.roles.pop())).is_ok());
}

/// ADM-11
#[test]
fn an_admin_moves_no_requirement_of_an_owner() {
    let group = open_group();
    assert_eq!(group.extension.policy.remove, Role::Owner);
    let refused = Err(Refusal::RoleNotAllowed);
    assert_eq!(
        change(&group, 1, |e| e.policy.remove = Role::Admin),
        refused
    );
    assert_eq!(
        change(&group, 1, |e| e.policy.change = Role::Owner),
        refused
    );
    assert!(change(&group, 1, |e| e.policy.add = Role::Admin).is_ok());
}

/// ADM-11
#[test]
fn an_admin_bans_no_owner_and_lets_none_back() {
    let mut group = open_group();
    group.leaves.remove(0);
    let ban = |e: &mut RoomExtension| {
        e.roles.remove(0);
        e.bans.push(user("alice@islet.example"));
    };
    assert_eq!(change(&group, 1, ban), Err(Refusal::RoleNotAllowed));
    assert!(change(&group, 1, |e| e.bans.push(user("dave@skerry.example"))).is_ok());
}

/// ADM-11
#[test]
fn the_last_participating_owner_stays_one() {
    let group = group();
    let step_down = |e: &mut RoomExtension| e.roles[0].role = Role::Admin;
    assert_eq!(change(&group, 0, step_down), Err(Refusal::LastOwner));
    let hand_to = |address: &str| {
        let heir = entry(address, Role::Owner);
        change(&group, 0, |e| {
            e.roles[0].role = Role::Admin;
            e.roles.push(heir);
        })
    };
    assert!(hand_to("carol@skerry.example").is_ok());
    assert_eq!(hand_to("dave@skerry.example"), Err(Refusal::LastOwner));
}

/// ADM-11
#[test]
fn an_heir_may_be_added_by_the_same_commit() {
    let mut extension = group().extension;
    extension.roles[0].role = Role::Admin;
    extension
        .roles
        .push(entry("dave@skerry.example", Role::Owner));
    let handed = CommitView {
        adds: vec![new_leaf("dave@skerry.example/phone", 1)],
        ..changes(0, &extension)
    };
    assert!(judge(&handed).is_ok());
}

/// ADM-11
#[test]
fn a_room_whose_owner_left_is_still_changed_by_its_admins() {
    let mut group = open_group();
    group.leaves.remove(0);
    assert!(change(&group, 1, |e| e.policy.add = Role::Admin).is_ok());
}

/// ADM-11
#[test]
fn the_term_rises_by_one_with_a_new_hub_and_not_with_the_old_one() {
    let group = group();
    let moved = |term| Hub {
        term,
        ..Hub::new(&skerry(), key("root of skerry").public())
    };
    for (term, holds) in [
        (0, false),
        (1, false),
        (2, true),
        (3, false),
        (u32::MAX, false),
    ] {
        let verdict = change(&group, 0, |e| e.hub = moved(term));
        assert_eq!(verdict.is_ok(), holds, "term {term}");
        assert!(holds || verdict == Err(Refusal::HubNotAllowed));
    }
    let root = key("next root of islet").public();
    assert_eq!(
        change(&group, 0, |e| e.hub.root = root),
        Err(Refusal::HubNotAllowed)
    );
    assert_eq!(
        change(&group, 0, |e| e.hub.term = 2),
        Err(Refusal::HubNotAllowed)
    );
}

/// ADM-14
#[test]
fn any_member_follows_the_hub_to_a_root_that_the_root_before_has_signed() {
    let mut group = group();
    let (now, next) = (key("root of islet"), key("next root of islet"));
    group.extension.hub.root = now.public();
    let mut extension = group.extension.clone();
    extension.hub.root = next.public();
    let mut following = changes(2, &extension);
    let refused = admit_commit(&group, &following, NOW);
    assert_eq!(refused.unwrap_err(), Refusal::ChangeNotAllowed);
    following.successions = vec![Succession::sign(&islet(), &next, now.public())];
    let refused = admit_commit(&group, &following, NOW);
    assert_eq!(refused.unwrap_err(), Refusal::ChangeNotAllowed);
    following.successions = vec![Succession::sign(&islet(), &now, next.public())];
    let admitted = admit_commit(&group, &following, NOW).unwrap();
    assert_eq!(admitted.extension.unwrap().hub.root, next.public());
}

/// ADM-11
#[test]
fn a_term_at_its_end_does_not_begin_again() {
    let mut group = group();
    group.extension.hub.term = u32::MAX;
    let first = Hub {
        term: 0,
        ..Hub::new(&skerry(), key("root of skerry").public())
    };
    assert_eq!(
        change(&group, 0, |e| e.hub = first),
        Err(Refusal::HubNotAllowed)
    );
}

/// ADM-11
#[test]
fn an_owner_alone_names_the_hub() {
    let group = open_group();
    let root = key("root of mallory").public();
    assert_eq!(
        change(&group, 1, |e| e.hub.root = root),
        Err(Refusal::HubNotAllowed)
    );
}

/// ADM-13
#[test]
fn who_is_banned_goes_with_the_same_commit() {
    let ban = |removes: Vec<u32>| {
        let mut extension = group().extension;
        extension.bans.push(user("carol@skerry.example"));
        judge(&CommitView {
            removes,
            ..changes(0, &extension)
        })
    };
    assert_eq!(ban(vec![]), Err(Refusal::Banned));
    assert_eq!(ban(vec![2]), Err(Refusal::Banned));
    assert!(ban(vec![2, 4]).is_ok());
}

/// ADM-13
#[test]
fn who_is_let_back_may_be_added_by_the_same_commit() {
    let mut group = group();
    group.extension.bans.push(user("dave@skerry.example"));
    let mut extension = group.extension.clone();
    extension.bans.clear();
    let back = CommitView {
        adds: vec![new_leaf("dave@skerry.example/phone", 1)],
        ..changes(0, &extension)
    };
    assert!(admit_commit(&group, &back, NOW).is_ok());
}

/// ADM-2, ROOM-2
#[test]
fn the_context_holds_exactly_two_extensions() {
    let two = || context(&group().extension);
    let of = |extensions| {
        let extensions = Some(extensions);
        judge(&CommitView {
            extensions,
            ..commit(0)
        })
        .map(drop)
    };
    let refused = Err(Refusal::Extensions);
    assert_eq!(of(two()), Ok(()));
    let mut swapped = two();
    swapped.reverse();
    assert_eq!(of(swapped), Ok(()));
    assert_eq!(of(vec![]), refused);
    assert_eq!(of(two().split_off(1)), refused);
    assert_eq!(of(two()[..1].to_vec()), refused);
    assert_eq!(of([two(), two().split_off(1)].concat()), refused);
    // external_senders is 5.
    let third = ContextExtension {
        kind: 5,
        data: vec![0],
    };
    assert_eq!(of([two(), vec![third]].concat()), refused);
    for (index, byte) in [(0, 2), (0, 6), (1, 0)] {
        let mut broken = two();
        broken[index].data[byte] ^= 1;
        assert_eq!(of(broken), refused, "extension {index}, byte {byte}");
    }
}

/// ADM-11
#[test]
fn an_owner_may_remove_another_owner() {
    let mut group = group();
    group
        .extension
        .roles
        .push(entry("dave@skerry.example", Role::Owner));
    group.leaves.push(leaf(5, "dave@skerry.example/phone", 1));
    let removal = CommitView {
        removes: vec![0],
        ..commit(5)
    };
    assert!(admit_commit(&group, &removal, NOW).is_ok());
}
