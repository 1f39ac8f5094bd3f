//! Encrypting: content and authenticated data into a PrivateMessage.

use holm_mls::{Provider, signer, wire_bytes};
use holm_protocol::aad::Aad;
use openmls::group::MlsGroup;

use super::refused;
use crate::error::SdkError;
use crate::replica::account::Account;

/// Encrypts `content` in the group's present epoch (LOG-7). The ciphertext must not leave before
/// the step that made it is committed.
pub(crate) fn seal(
    group: &mut MlsGroup,
    provider: &Provider,
    account: &Account,
    aad: &Aad,
    content: &[u8],
) -> Result<Vec<u8>, SdkError> {
    group.set_aad(aad.to_bytes());
    let message = group
        .create_message(provider, &signer(&account.mls_key), content)
        .map_err(refused)?;
    Ok(wire_bytes(&message))
}
