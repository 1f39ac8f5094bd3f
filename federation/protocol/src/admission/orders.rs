//! What a hub checks of orders beyond admission, since only it knows which are open.

use super::{CommitView, Committer, GroupView};
use crate::limits::COMMIT_ORDERS_MAX;
use crate::order::Order;
use crate::uri::DeviceUri;

/// The first open order that a member's commit leaves undone; external commits are exempt (ORD-3).
///
/// `open` stands oldest first. Orders of another room or generation, and those that mean no leaf
/// any more, ask for nothing (ORD-5); of many, a commit has to carry out the oldest 16 (ORD-7).
pub fn unfulfilled_order<'a>(
    group: &GroupView,
    commit: &CommitView,
    open: &'a [Order],
) -> Option<&'a Order> {
    if commit.committer == Committer::External {
        return None;
    }
    let before = || group.leaves.iter().map(|leaf| &leaf.identity.device);
    open.iter()
        .filter(|order| order.room == group.room && order.generation == group.generation)
        .filter(|order| before().any(|device| order.subject.means(device)))
        .take(COMMIT_ORDERS_MAX)
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
