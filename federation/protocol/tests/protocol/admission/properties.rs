//! What holds for every commit, whatever the group (ADM-1 to ADM-13, ORD-5).

use std::collections::BTreeSet;

use holm_protocol::admission::{
    Admitted, CommitView, Committer, GroupView, Leaf, NewLeaf, Refusal, admit_commit,
};
use holm_protocol::order::Subject;
use holm_protocol::room_extension::{Policy, Role, RoleEntry, RoomExtension};
use holm_protocol::{Order, UserUri};
use proptest::collection::{btree_map, btree_set, vec};
use proptest::option;
use proptest::prelude::{
    Just, ProptestConfig, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest,
};

use super::context;
use crate::fixtures::{NOW, commit, hub, leaf, new_leaf, order, room, user};
use crate::strategies;

const USERS: [&str; 4] = ["alice", "bob", "carol", "dave"];

fn address(user: usize) -> String {
    format!("{}@islet.example", USERS[user])
}

/// One of eight devices: two a user.
fn device_text() -> impl Strategy<Value = String> {
    (0..USERS.len(), 0..2_u8).prop_map(|(user, id)| format!("{}/device{id}", address(user)))
}

fn extension() -> impl Strategy<Value = RoomExtension> {
    // A user is banned, a member, or has a role.
    let standing = prop_oneof![1 => Just(None), 6 => strategies::role().prop_map(Some)];
    (vec(standing, USERS.len()), strategies::policy()).prop_map(|(standing, policy)| {
        let listed = || standing.iter().enumerate();
        let bans = listed().filter(|(_, s)| s.is_none());
        let roles = listed().filter_map(|(i, s)| s.map(|role| (user(&address(i)), role)));
        let roles = roles.filter(|(_, role)| *role > Role::Member);
        RoomExtension {
            policy,
            bans: bans.map(|(i, _)| user(&address(i))).collect(),
            roles: roles.map(|(user, role)| RoleEntry { user, role }).collect(),
            ..RoomExtension::new(hub(), user("alice@islet.example"))
        }
    })
}

fn group() -> impl Strategy<Value = GroupView> {
    let leaves = btree_map(device_text(), 0_u32..3, 1..7);
    (extension(), leaves).prop_map(|(mut extension, leaves)| {
        let leaves: Vec<Leaf> = (0..)
            .zip(&leaves)
            .map(|(i, (text, g))| leaf(i, text, *g))
            .collect();
        // As after any admitted commit, nobody banned is in.
        extension
            .bans
            .retain(|ban| leaves.iter().all(|l| l.identity.user() != *ban));
        GroupView {
            room: room(),
            generation: 0,
            epoch: 7,
            extension,
            leaves,
        }
    })
}

fn an_order() -> impl Strategy<Value = Order> {
    let subject = prop_oneof![
        (0..USERS.len()).prop_map(|i| Subject::User(user(&address(i)))),
        device_text().prop_map(|text| Subject::Device(crate::fixtures::device(&text))),
    ];
    subject.prop_map(order)
}

fn a_new_leaf() -> impl Strategy<Value = NewLeaf> {
    (device_text(), 0_u32..4).prop_map(|(text, generation)| new_leaf(&text, generation))
}

fn a_commit() -> impl Strategy<Value = CommitView> {
    let committer = prop_oneof![
        4 => (0_u32..7).prop_map(Committer::Member),
        1 => Just(Committer::External)
    ];
    let adds = prop_oneof![2 => Just(vec![]), 1 => vec(a_new_leaf(), 0..3)];
    let extensions = option::weighted(0.2, extension().prop_map(|e| context(&e)));
    let rest = (
        option::weighted(0.3, a_new_leaf()),
        extensions,
        vec(an_order(), 0..3),
    );
    (committer, adds, btree_set(0_u32..7, 0..3), rest).prop_map(
        |(committer, adds, removes, rest)| CommitView {
            committer,
            adds,
            removes: removes.into_iter().collect(),
            path_leaf: rest.0,
            extensions: rest.1,
            other_proposals: false,
            orders: rest.2,
            successions: Vec::new(),
        },
    )
}

/// A group and a commit on it; most name leaves that are there and renew the committer's own.
fn group_and_commit() -> impl Strategy<Value = (GroupView, CommitView)> {
    (group(), a_commit(), 0_u8..10, 0_u32..3).prop_map(|(group, mut commit, fit, generation)| {
        let count = u32::try_from(group.leaves.len()).unwrap();
        if fit > 0 {
            let removes: BTreeSet<u32> = commit.removes.iter().map(|i| i % count).collect();
            commit.removes = removes.into_iter().collect();
        }
        if let (Committer::Member(index), 1..) = (commit.committer, fit) {
            commit.committer = Committer::Member(index % count);
            commit.removes.retain(|removed| *removed != index % count);
            let own = group.leaf(index % count).map(|leaf| &leaf.identity.device);
            let text = own.map(|d| format!("{}/{}", d.user().address(), d.device_id()));
            let renewed = text.map(|text| new_leaf(&text, generation));
            commit.path_leaf = renewed.filter(|_| fit < 5 && commit.path_leaf.is_some());
        }
        (group, commit)
    })
}

fn judge(group: &GroupView, commit: &CommitView) -> Result<Admitted, Refusal> {
    admit_commit(group, commit, NOW)
}

fn committer(group: &GroupView, commit: &CommitView) -> Option<UserUri> {
    match commit.committer {
        Committer::Member(index) => group.leaf(index).map(|leaf| leaf.identity.user()),
        Committer::External => None,
    }
}

/// The group with fewer rights: the committer's role lowered, a requirement raised, or a ban.
fn with_less(
    group: &GroupView,
    commit: &CommitView,
    what: u8,
    role: Role,
    banned: usize,
) -> GroupView {
    let mut less = group.clone();
    let (extension, own) = (&mut less.extension, committer(group, commit));
    let Policy {
        add,
        remove,
        change,
    } = &mut extension.policy;
    match what {
        0 => extension
            .roles
            .retain(|entry| Some(&entry.user) != own.as_ref()),
        1 => *add = role.max(*add),
        2 => *remove = role.max(*remove),
        3 => *change = role.max(*change),
        _ => extension.bans.push(user(&address(banned))),
    }
    less
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// ADM-7, ADM-8, ADM-11, ADM-13
    #[test]
    fn fewer_rights_never_admit_what_was_refused(
        (group, mut commit) in group_and_commit(), what in 0_u8..5,
        role in strategies::role(), banned in 0..USERS.len()
    ) {
        // What a change of the extension touches depends on what stood there before.
        if what != 3 { commit.extensions = None; }
        let less = with_less(&group, &commit, what, role, banned);
        prop_assert!(judge(&group, &commit).is_ok() || judge(&less, &commit).is_err());
    }

    /// ORD-4, ORD-5, ADM-8
    #[test]
    fn an_order_enables_its_removal_and_nothing_else(
        (group, commit) in group_and_commit(), order in an_order()
    ) {
        let mut with = commit.clone();
        with.orders.push(order.clone());
        let (before, after) = (judge(&group, &commit), judge(&group, &with));
        let means = |index: &u32| group.leaf(*index).is_some_and(|l| order.subject.means(&l.identity.device));
        if before == Err(Refusal::RemoveNotAllowed) {
            prop_assert!(after == before || commit.removes.iter().any(means));
        } else {
            prop_assert_eq!(after, before);
        }
    }

    /// ORD-5
    #[test]
    fn an_order_from_elsewhere_changes_nothing(
        (group, commit) in group_and_commit(), order in an_order(), generation in 1_u32..5
    ) {
        let mut with = commit.clone();
        with.orders.push(Order { generation, ..order });
        prop_assert_eq!(judge(&group, &with), judge(&group, &commit));
    }

    /// ADM-1 to ADM-13
    #[test]
    fn the_order_of_leaves_and_proposals_does_not_matter((group, commit) in group_and_commit()) {
        let (mut turned, mut mirrored) = (commit.clone(), group.clone());
        turned.adds.reverse();
        turned.removes.reverse();
        turned.orders.reverse();
        mirrored.leaves.reverse();
        let (one, other) = (judge(&group, &commit), judge(&mirrored, &turned));
        prop_assert_eq!(one.as_ref().err(), other.as_ref().err());
    }

    /// ADM-4, ADM-5, ADM-8, ADM-9, ADM-13, LOG-13
    #[test]
    fn what_an_admitted_commit_leaves_behind_is_sound((group, commit) in group_and_commit()) {
        if let Ok(admitted) = judge(&group, &commit) {
            let role = committer(&group, &commit).map(|user| group.extension.role(&user));
            check_outcome(&group, &commit, &admitted, role)?;
        }
    }

    /// ADM-1 to ADM-13
    #[test]
    fn a_commit_that_does_nothing_is_admitted(group in group()) {
        prop_assert_eq!(judge(&group, &commit(0)), Ok(Admitted::default()));
    }

    /// ADM-3
    #[test]
    fn a_leaf_under_another_key_is_refused((group, commit) in group_and_commit(), seed in any::<[u8; 32]>()) {
        let mut forged = commit;
        let Some(leaf) = forged.adds.first_mut().or(forged.path_leaf.as_mut()) else { return Ok(()) };
        leaf.mls_key = holm_protocol::PublicKey(seed);
        prop_assert!(judge(&group, &forged).is_err());
    }
}

fn check_outcome(
    group: &GroupView,
    commit: &CommitView,
    admitted: &Admitted,
    role: Option<Role>,
) -> Result<(), proptest::test_runner::TestCaseError> {
    let in_force = admitted.extension.as_ref().unwrap_or(&group.extension);
    let gone: BTreeSet<_> = admitted.removed.iter().collect();
    let kept = group.leaves.iter().map(|leaf| &leaf.identity.device);
    let kept = kept.filter(|device| !gone.contains(device));
    let after: BTreeSet<_> = kept.chain(&admitted.added).collect();
    let banned = |user: UserUri| in_force.bans.contains(&user);
    prop_assert!(!after.iter().any(|device| banned(device.user())));
    prop_assert_eq!(admitted.closes_window, !admitted.removed.is_empty());
    prop_assert!(role.is_some() || (admitted.removed.is_empty() && admitted.added.len() == 1));
    for device in &admitted.removed {
        let own = committer(group, commit) == Some(device.user());
        let ordered = commit
            .orders
            .iter()
            .any(|order| order.subject.means(device));
        prop_assert!(own || ordered || role >= Some(group.extension.role(&device.user())));
    }
    let owner = |entry: &&RoleEntry| entry.role == Role::Owner;
    let owners = |e: &RoomExtension| e.roles.iter().filter(owner).count();
    prop_assert!(role == Some(Role::Owner) || owners(in_force) == owners(&group.extension));
    Ok(())
}
