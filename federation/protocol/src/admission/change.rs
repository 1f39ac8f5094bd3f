//! The rules on a change of the room extension (ADM-11).

use std::collections::BTreeSet;

use super::tree::TreeAfter;
use super::{GroupView, Refusal};
use crate::room_extension::{Policy, Role, RoomExtension};
use crate::uri::UserUri;

/// Judges the new extension of a commit by the member at `committer`, whose role allows changing it.
pub(super) fn check_change(
    group: &GroupView,
    committer: u32,
    new: &RoomExtension,
    after: &TreeAfter<'_>,
) -> Result<(), Refusal> {
    let own = group.leaf(committer).ok_or(Refusal::UnknownLeaf)?;
    let (old, role) = (&group.extension, group.extension.role(&own.identity.user()));
    if highest_touched(old, new) > role {
        return Err(Refusal::RoleNotAllowed);
    }
    if old.hub != new.hub && (role < Role::Owner || !term_follows(old, new)) {
        return Err(Refusal::HubNotAllowed);
    }
    if after.has_owner(old) && !after.has_owner(new) {
        Err(Refusal::LastOwner)
    } else {
        Ok(())
    }
}

/// The highest role that is given, taken, demanded or no longer demanded. A ban takes a role as
/// well, since nobody is listed both as banned and with a role (ROOM-5).
fn highest_touched(old: &RoomExtension, new: &RoomExtension) -> Role {
    let listed = old.roles.iter().chain(&new.roles).map(|e| &e.user);
    let users: BTreeSet<&UserUri> = listed.collect();
    let roles = users
        .into_iter()
        .map(|user| (old.role(user), new.role(user)));
    let policies = requirements(old.policy)
        .into_iter()
        .zip(requirements(new.policy));
    roles
        .chain(policies)
        .filter(|(before, now)| before != now)
        .map(|(before, now)| before.max(now))
        .max()
        .unwrap_or(Role::Member)
}

fn requirements(policy: Policy) -> [Role; 3] {
    [policy.add, policy.remove, policy.change]
}

/// The term rises by one with a new domain and stays otherwise.
fn term_follows(old: &RoomExtension, new: &RoomExtension) -> bool {
    let expected = if old.hub.domain == new.hub.domain {
        Some(old.hub.term)
    } else {
        old.hub.term.checked_add(1)
    };
    expected == Some(new.hub.term)
}
