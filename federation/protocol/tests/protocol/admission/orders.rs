//! Orders: what they enable, where they count, what a hub insists on (ORD-3 to ORD-7).

use holm_protocol::Order;
use holm_protocol::RoomUri;
use holm_protocol::admission::{
    CommitView, GroupView, Refusal, admit_commit, due_orders, unfulfilled_order, unopened_order,
};
use holm_protocol::limits::COMMIT_ORDERS_MAX;
use holm_protocol::order::Subject;

use super::judge;
use crate::fixtures::{NOW, commit, device, external, group, islet, leaf, new_leaf, order, user};

fn alice() -> Subject {
    Subject::User(user("alice@islet.example"))
}

fn removes(committer: u32, removes: &[u32], orders: &[Order]) -> CommitView {
    CommitView {
        removes: removes.into(),
        orders: orders.into(),
        ..commit(committer)
    }
}

/// ORD-4, ADM-8
#[test]
fn a_plain_member_carries_out_what_is_ordered_and_no_more() {
    let refused = Err(Refusal::RemoveNotAllowed);
    assert_eq!(judge(&removes(2, &[0], &[])), refused);
    assert!(judge(&removes(2, &[0], &[order(alice())])).is_ok());
    assert_eq!(judge(&removes(2, &[0, 1], &[order(alice())])), refused);
    let phone = Subject::Device(device("carol@skerry.example/phone"));
    assert!(judge(&removes(1, &[2], &[order(phone.clone())])).is_ok());
    assert_eq!(judge(&removes(1, &[2, 4], &[order(phone)])), refused);
}

/// ORD-5
#[test]
fn an_order_of_another_room_or_generation_enables_nothing() {
    let elsewhere = Order {
        room: RoomUri::new(&islet(), "other").unwrap(),
        ..order(alice())
    };
    let earlier = Order {
        generation: 1,
        ..order(alice())
    };
    let commit = removes(2, &[0], &[elsewhere, earlier]);
    assert_eq!(judge(&commit), Err(Refusal::RemoveNotAllowed));
}

/// ORD-3
#[test]
fn a_member_commit_carries_out_the_open_orders() {
    let open = [
        order(alice()),
        order(Subject::User(user("carol@skerry.example"))),
    ];
    let missing = |removed: &[u32]| {
        let commit = removes(1, removed, &open);
        unfulfilled_order(&group(), &commit, &open).cloned()
    };
    assert_eq!(missing(&[]), Some(open[0].clone()));
    assert_eq!(missing(&[0]), Some(open[1].clone()));
    assert_eq!(missing(&[0, 2]), Some(open[1].clone()));
    assert_eq!(missing(&[0, 2, 4]), None);
}

/// ORD-3
#[test]
fn an_external_commit_is_exempt() {
    let enter = external(new_leaf("bob@skerry.example/tablet", 1));
    assert_eq!(unfulfilled_order(&group(), &enter, &[order(alice())]), None);
}

/// ORD-3
#[test]
fn who_is_to_go_is_not_added_again_by_the_same_commit() {
    let open = [order(Subject::User(user("carol@skerry.example")))];
    let commit = CommitView {
        adds: vec![new_leaf("carol@skerry.example/desk", 2)],
        ..removes(0, &[2, 4], &open)
    };
    assert_eq!(unfulfilled_order(&group(), &commit, &open), Some(&open[0]));
}

/// ORD-3, ORD-5
#[test]
fn an_order_that_means_no_leaf_here_asks_for_nothing() {
    let gone = order(Subject::User(user("dave@skerry.example")));
    let earlier = Order {
        generation: 1,
        ..order(alice())
    };
    let elsewhere = Order {
        room: RoomUri::new(&islet(), "other").unwrap(),
        ..order(alice())
    };
    let open = [gone, earlier, elsewhere];
    assert_eq!(unfulfilled_order(&group(), &commit(1), &open), None);
}

/// ORD-6
#[test]
fn an_order_that_was_carried_out_is_not_used_again() {
    let old = order(alice());
    let again = removes(2, &[0], std::slice::from_ref(&old));
    assert_eq!(unopened_order(&again, &[]), Some(&old));
    let later = Order {
        time: NOW,
        ..old.clone()
    };
    assert_eq!(
        unopened_order(&again, std::slice::from_ref(&later)),
        Some(&old)
    );
    assert_eq!(unopened_order(&again, &[later, old]), None);
    assert_eq!(unopened_order(&commit(2), &[]), None);
}

/// A room of alice and `n` others, each of whom asked to leave, the last one first.
fn leaving(n: u32) -> (GroupView, Vec<Order>) {
    let name = |i: u32| format!("user{i}@skerry.example/phone");
    let mut group = group();
    group.leaves.truncate(1);
    group.leaves.extend((1..=n).map(|i| leaf(i, &name(i), 1)));
    let leave = |i: u32| Order {
        time: NOW - u64::from(i),
        ..order(Subject::User(device(&name(i)).user()))
    };
    (group, (1..=n).map(leave).collect())
}

/// ORD-7, LIM-21
#[test]
fn of_many_orders_a_commit_has_to_carry_out_the_oldest_sixteen() {
    let (group, open) = leaving(20);
    let removed =
        |leaves: std::ops::RangeInclusive<u32>| removes(0, &leaves.collect::<Vec<_>>(), &[]);
    assert_eq!(COMMIT_ORDERS_MAX, 16);
    let oldest: Vec<&Order> = open[4..].iter().rev().collect();
    assert_eq!(due_orders(&group, &open), oldest);
    assert_eq!(unfulfilled_order(&group, &removed(5..=20), &open), None);
    assert_eq!(
        unfulfilled_order(&group, &removed(6..=20), &open),
        Some(&open[4])
    );
    assert_eq!(
        unfulfilled_order(&group, &removed(1..=16), &open),
        Some(&open[19])
    );
    assert!(admit_commit(&group, &removed(5..=20), NOW).is_ok());
}

/// ORD-7
#[test]
fn hub_and_devices_choose_the_same_orders_however_they_keep_them() {
    let (group, mut open) = leaving(20);
    for order in &mut open {
        order.time = NOW;
    }
    let due: Vec<Order> = due_orders(&group, &open).into_iter().cloned().collect();
    open.reverse();
    assert!(due_orders(&group, &open).into_iter().eq(&due));
    open.sort_by(|a, b| a.subject.cmp(&b.subject));
    assert_eq!(due, open[..16]);
}
