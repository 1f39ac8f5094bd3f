//! A new room's group: its creator alone, with the room extension.

use holm_mls::settings::create_config;
use holm_mls::{credential, signer, wire_bytes};
use holm_protocol::RoomUri;
use holm_protocol::encoding::encode;
use holm_protocol::room_extension::RoomExtension;
use openmls::group::MlsGroup;
use openmls_traits::OpenMlsProvider;

use super::step::Step;
use super::{group_id, refused};
use crate::error::SdkError;
use crate::replica::account::Account;

/// What the server is given of a new group.
pub(crate) struct Created {
    /// GroupInfo of epoch 0, as MLSMessage.
    pub(crate) group_info: Vec<u8>,
    /// Its ratchet tree.
    pub(crate) tree: Vec<u8>,
}

/// Makes the group of a room's generation 0 (RM-1, ADM-12).
pub(crate) fn create_group(
    step: &mut Step<'_>,
    account: &Account,
    room: &RoomUri,
    extension: &RoomExtension,
) -> Result<Created, SdkError> {
    let signer = signer(&account.mls_key);
    let group = MlsGroup::new_with_group_id(
        step.provider,
        &signer,
        &create_config(extension),
        group_id(room, 0),
        credential(&account.identity, &account.mls_key.public()),
    )
    .map_err(refused)?;
    let group_info = group
        .export_group_info(step.provider.crypto(), &signer, false)
        .map_err(refused)?;
    let created = Created {
        group_info: wire_bytes(&group_info),
        tree: encode(&group.export_ratchet_tree()),
    };
    step.add_group(group);
    Ok(created)
}
