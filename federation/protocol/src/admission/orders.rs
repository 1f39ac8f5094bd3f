//! What a hub checks of orders beyond admission, since only it knows which are open.

use super::{CommitView, Committer, GroupView};
use crate::limits::COMMIT_ORDERS_MAX;
use crate::order::Order;
use crate::uri::DeviceUri;

/// The open orders that a member's next commit has to carry out, oldest first, at most 16 (ORD-7).
///
/// Orders of another room or generation, and those that mean no leaf any more, ask for nothing
/// (ORD-5). Of one time users stand before devices, and URIs in the order of their bytes, so that
/// hub and devices choose the same ones however they keep them.
pub fn due_orders<'a>(group: &GroupView, open: &'a [Order]) -> Vec<&'a Order> {
    let is_there = |order: &Order| {
        let mut devices = group.leaves.iter().map(|leaf| &leaf.identity.device);
        devices.any(|device| order.subject.means(device))
    };
    let mut due: Vec<&Order> = open
        .iter()
        .filter(|order| order.room == group.room && order.generation == group.generation)
        .filter(|order| is_there(order))
        .collect();
    due.sort_by_key(|order| (order.time, &order.subject));
    due.truncate(COMMIT_ORDERS_MAX);
    due
}

/// The first due order that a member's commit leaves undone; external commits are exempt (ORD-3).
pub fn unfulfilled_order<'a>(
    group: &GroupView,
    commit: &CommitView,
    open: &'a [Order],
) -> Option<&'a Order> {
    if commit.committer == Committer::External {
        return None;
    }
    due_orders(group, open)
        .into_iter()
        .find(|order| devices_after(group, commit).any(|device| order.subject.means(device)))
}

/// The first order a commit carries that is not open (ORD-6).
///
/// An order stays validly signed after it was carried out; taken again it would let anybody
/// remove a user who has come back. Only the hub knows which are open, so only it can refuse.
pub fn unopened_order<'a>(commit: &'a CommitView, open: &[Order]) -> Option<&'a Order> {
    commit.orders.iter().find(|order| !open.contains(order))
}

fn devices_after<'a>(
    group: &'a GroupView,
    commit: &'a CommitView,
) -> impl Iterator<Item = &'a DeviceUri> {
    let stays = group
        .leaves
        .iter()
        .filter(|leaf| !commit.removes.contains(&leaf.index))
        .map(|leaf| &leaf.identity.device);
    stays.chain(commit.adds.iter().map(|leaf| &leaf.identity.device))
}
