//! The rule on the group that a room begins with (ADM-12).

use super::extensions::read_extensions;
use super::{ContextExtension, GroupView, Refusal};
use crate::name::ServerName;
use crate::room_extension::{Hub, Role};
use crate::signing::PublicKey;
use crate::uri::DeviceUri;

/// Judges the group a room begins with: its creator alone, as owner, under this hub (ADM-12).
///
/// # Errors
/// [`Refusal::Creation`], or the rule on the creator's leaf or the extensions that refuses it.
pub fn admit_creation(
    group: &GroupView,
    extensions: &[ContextExtension],
    creator: &DeviceUri,
    (hub, root): (&ServerName, &PublicKey),
    now_ms: u64,
) -> Result<(), Refusal> {
    let extension = read_extensions(extensions)?;
    let [leaf] = group.leaves.as_slice() else {
        return Err(Refusal::Creation);
    };
    leaf.identity
        .check(&leaf.mls_key, now_ms)
        .map_err(Refusal::Identity)?;
    let fits = leaf.identity.device == *creator
        && (group.generation, group.epoch) == (0, 0)
        && extension.hub == Hub::new(hub, *root)
        && extension.role(&creator.user()) == Role::Owner
        && group.room.server() == *hub;
    if fits { Ok(()) } else { Err(Refusal::Creation) }
}
