//! Admission over a room's whole life: commits drawn from few people and devices, each admitted
//! one carried out on the tree (ADM-1 to ADM-13). What must hold of every tree is said here in
//! other words than the rules'.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use holm_protocol::admission::{
    Admitted, CommitView, Committer, ContextExtension, GroupView, Leaf, NewLeaf, admit_commit,
};
use holm_protocol::identity::DeviceIdentity;
use holm_protocol::limits::USER_DEVICES_MAX;
use holm_protocol::order::{Order, Reason, Subject};
use holm_protocol::room_extension::{
    Hub, Policy, ROOM_EXTENSION_TYPE, Role, RoleEntry, RoomExtension,
};
use holm_protocol::{DeviceUri, PrivateKey, PublicKey, UserUri};

use crate::group::{HUB, room, server};
use crate::input::Input;

const NOW_S: u64 = 1_700_000_000;
const ROLES: [Role; 3] = [Role::Member, Role::Admin, Role::Owner];

/// Every leaf there can be: four users of four devices, each under two identity keys, two
/// generations and two MLS keys; and of each one whose certificate is over.
static LEAVES: LazyLock<Vec<NewLeaf>> = LazyLock::new(|| {
    let mut leaves = Vec::new();
    for n in 0..4_u8 * 4 * 2 * 2 * 2 {
        let (user, device) = (n % 4, n / 4 % 4);
        let (identity, generation, mls) = (n / 16 % 2, n / 32 % 2, n / 64 % 2);
        let key = |n: u8| PrivateKey::from_seed(&[n; 32]);
        let mls_key = key(100 + device * 2 + mls).public();
        let uri = DeviceUri::new(&users()[usize::from(user)], &format!("d{device}"));
        let expired = device == 3 && mls == 1;
        let valid = if expired {
            (1, 2)
        } else {
            (NOW_S - 60, NOW_S + 60)
        };
        let identity = DeviceIdentity::certify(
            uri.expect("a device's name"),
            &mls_key,
            &key(user * 2 + identity),
            u32::from(generation),
            valid,
        );
        leaves.push(NewLeaf { identity, mls_key });
    }
    leaves
});

fn users() -> [UserUri; 4] {
    ["alice", "bob", "carol", "dave"]
        .map(|name| UserUri::new(&server(HUB), name).expect("a user's name"))
}

/// One input as a room's life.
pub fn admission(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let mut group = begin();
    while !input.is_empty() {
        let commit = draw(&group, &mut input);
        let Ok(admitted) = admit_commit(&group, &commit, NOW_S * 1_000) else {
            continue;
        };
        check_right(&group, &commit);
        let before = group.clone();
        carry_out(&mut group, &commit, &admitted);
        check_tree(&before, &group);
    }
}

fn begin() -> GroupView {
    let root = PublicKey([1; 32]);
    let first = LEAVES[0].clone();
    GroupView {
        room: room(),
        generation: 0,
        epoch: 0,
        extension: RoomExtension::new(Hub::new(&server(HUB), root), users()[0].clone()),
        leaves: vec![Leaf {
            index: 0,
            identity: first.identity,
            mls_key: first.mls_key,
        }],
    }
}

fn draw(group: &GroupView, input: &mut Input<'_>) -> CommitView {
    let leaf = |input: &mut Input<'_>| LEAVES[input.below(LEAVES.len())].clone();
    let member = |input: &mut Input<'_>| match input.below(16) {
        15 => u32::from(input.byte()),
        n => group.leaves[n % group.leaves.len().max(1)].index,
    };
    let committer = match input.below(4) {
        0 => Committer::External,
        _ => Committer::Member(member(input)),
    };
    let adds = (0..input.below(3)).map(|_| leaf(input)).collect();
    let removes = (0..input.below(3)).map(|_| member(input)).collect();
    let path_leaf = (input.below(2) == 1).then(|| leaf(input));
    let changed = (input.below(4) == 3).then(|| change(group, input));
    let orders = (0..input.below(2)).map(|_| order(input)).collect();
    CommitView {
        committer,
        adds,
        removes,
        path_leaf,
        extensions: changed,
        other_proposals: input.below(32) == 31,
        orders,
        successions: Vec::new(),
    }
}

fn change(group: &GroupView, input: &mut Input<'_>) -> Vec<ContextExtension> {
    let mut new = group.extension.clone();
    let user = users()[input.below(4)].clone();
    match input.below(6) {
        0 => new.bans.push(user),
        1 => new.roles.push(RoleEntry {
            user,
            role: input.pick(&ROLES[1..]),
        }),
        2 => new.roles.retain(|entry| entry.user != user),
        3 => {
            new.policy = Policy {
                add: input.pick(&ROLES),
                remove: input.pick(&ROLES),
                change: input.pick(&ROLES),
            };
        }
        4 => new.hub.term += u32::from(input.byte() % 3),
        _ => new.bans.clear(),
    }
    let required = ContextExtension {
        kind: 3,
        data: vec![2, 0xF0, 0xA0, 0, 2, 0, 1],
    };
    let data = match input.below(8) {
        7 => input.run().to_vec(),
        _ => new.to_bytes(),
    };
    let private = ContextExtension {
        kind: ROOM_EXTENSION_TYPE,
        data,
    };
    match input.below(8) {
        6 => vec![private],
        7 => vec![private.clone(), required, private],
        _ => vec![required, private],
    }
}

fn order(input: &mut Input<'_>) -> Order {
    Order {
        room: room(),
        generation: u32::from(input.byte() % 8 == 7),
        subject: Subject::User(users()[input.below(4)].clone()),
        reason: Reason::LEAVE,
        time: 1,
    }
}

/// Whoever removed or changed something was entitled to.
fn check_right(group: &GroupView, commit: &CommitView) {
    let Committer::Member(index) = commit.committer else {
        assert!(commit.adds.is_empty() && commit.extensions.is_none());
        assert!(commit.removes.len() < 2 && commit.path_leaf.is_some());
        return;
    };
    let own = group.leaf(index).expect("the committer is in the tree");
    let user = own.identity.user();
    let (role, policy) = (group.extension.role(&user), group.extension.policy);
    for removed in &commit.removes {
        let target = group.leaf(*removed).expect("who is removed is in the tree");
        let other = target.identity.user();
        let ordered = commit
            .orders
            .iter()
            .any(|order| order.generation == 0 && order.subject == Subject::User(other.clone()));
        let above = role >= policy.remove && role >= group.extension.role(&other);
        assert!(*removed != index && (other == user || above || ordered));
    }
    assert!(commit.extensions.is_none() || role >= policy.change);
}

fn carry_out(group: &mut GroupView, commit: &CommitView, admitted: &Admitted) {
    let entered: BTreeSet<_> = admitted.added.iter().collect();
    assert_eq!(entered.len(), admitted.added.len());
    group
        .leaves
        .retain(|leaf| !commit.removes.contains(&leaf.index));
    match (commit.committer, &commit.path_leaf) {
        (Committer::Member(index), Some(new)) => {
            for leaf in group.leaves.iter_mut().filter(|leaf| leaf.index == index) {
                leaf.identity = new.identity.clone();
                leaf.mls_key = new.mls_key;
            }
        }
        (Committer::External, Some(new)) => insert(group, new),
        (_, None) => {}
    }
    for new in &commit.adds {
        insert(group, new);
    }
    if let Some(extension) = &admitted.extension {
        group.extension = extension.clone();
    }
    group.epoch += 1;
}

fn insert(group: &mut GroupView, new: &NewLeaf) {
    let taken: BTreeSet<u32> = group.leaves.iter().map(|leaf| leaf.index).collect();
    let free = (0..=u32::MAX)
        .find(|index| !taken.contains(index))
        .expect("a free index");
    group.leaves.push(Leaf {
        index: free,
        identity: new.identity.clone(),
        mls_key: new.mls_key,
    });
}

/// What holds of every tree: a device once, one identity key a user, nobody banned, no more
/// devices than allowed, every certificate good, and an owner where there was one.
fn check_tree(before: &GroupView, after: &GroupView) {
    let devices: BTreeSet<_> = after
        .leaves
        .iter()
        .map(|leaf| &leaf.identity.device)
        .collect();
    assert_eq!(devices.len(), after.leaves.len());
    let mut keys = BTreeMap::new();
    let mut count = BTreeMap::<UserUri, usize>::new();
    for leaf in &after.leaves {
        let user = leaf.identity.user();
        let key = leaf.identity.identity_key;
        assert_eq!(*keys.entry(user.clone()).or_insert(key), key);
        assert!(!after.extension.bans.contains(&user), "{user} is banned");
        assert!(leaf.identity.check(&leaf.mls_key, NOW_S * 1_000).is_ok());
        *count.entry(user).or_default() += 1;
    }
    assert!(count.values().all(|n| *n <= USER_DEVICES_MAX));
    assert!(after.extension.is_well_formed());
    if before.extension != after.extension {
        let owners = |group: &GroupView, extension: &RoomExtension| {
            let mut users = group.leaves.iter().map(|leaf| leaf.identity.user());
            users.any(|user| extension.role(&user) == Role::Owner)
        };
        assert!(!owners(after, &before.extension) || owners(after, &after.extension));
    }
}
