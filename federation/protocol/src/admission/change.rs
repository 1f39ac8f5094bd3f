//! The rules on a change of the room extension (ADM-11, ADM-14).

use std::collections::BTreeSet;

use super::extensions::read_extensions;
use super::tree::TreeAfter;
use super::{CommitView, GroupView, Refusal};
use crate::document::chain_leads;
use crate::room_extension::{Policy, Role, RoomExtension};
use crate::uri::UserUri;

/// Judges the new extension of a commit by the member at `committer`, whose role allows changing it.
pub(super) fn check_change(
    group: &GroupView,
    commit: &CommitView,
    committer: u32,
    new: &RoomExtension,
    after: &TreeAfter<'_>,
) -> Result<(), Refusal> {
    let own = group.leaf(committer).ok_or(Refusal::UnknownLeaf)?;
    let (old, role) = (&group.extension, group.extension.role(&own.identity.user()));
    if highest_touched(old, new) > role {
        return Err(Refusal::RoleNotAllowed);
    }
    if old.hub != new.hub && !follows_root(group, commit, new) && !moves(old, new, role) {
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

/// An owner names another server as hub; the term rises by one (ADM-11).
fn moves(old: &RoomExtension, new: &RoomExtension, role: Role) -> bool {
    role >= Role::Owner
        && old.hub.domain != new.hub.domain
        && old.hub.term.checked_add(1) == Some(new.hub.term)
}

/// The hub stays and its root follows the one named before, as the commit's authenticated data
/// proves (ADM-14).
fn follows_root(group: &GroupView, commit: &CommitView, new: &RoomExtension) -> bool {
    let (old, new) = (&group.extension.hub, &new.hub);
    let stays = (&old.domain, old.term) == (&new.domain, new.term);
    stays
        && old
            .server()
            .is_some_and(|server| chain_leads(&server, &commit.successions, &old.root, &new.root))
}

/// The change does nothing else than follow the hub's root, which any member may do: it carries
/// out what the former root signed (ADM-14).
pub(super) fn only_follows_root(group: &GroupView, commit: &CommitView) -> bool {
    let new = commit.extensions.as_deref().map(read_extensions);
    new.and_then(Result::ok).is_some_and(|new| {
        let mut rest = new.clone();
        rest.hub = group.extension.hub.clone();
        rest == group.extension && follows_root(group, commit, &new)
    })
}
