//! A device's key and credential in the form OpenMLS signs with.
//!
//! Everybody else keeps one form of a key: the protocol's [`PrivateKey`], an Ed25519 seed.

use holm_protocol::identity::DeviceIdentity;
use holm_protocol::signing::{PrivateKey, PublicKey};
use openmls::prelude::{BasicCredential, CredentialWithKey, SignatureScheme};
use openmls_basic_credential::SignatureKeyPair;

/// The key pair OpenMLS signs with, of a device's MLS key.
pub fn signer(key: &PrivateKey) -> SignatureKeyPair {
    let (private, public) = (key.seed().to_vec(), key.public().0.to_vec());
    SignatureKeyPair::from_raw(SignatureScheme::ED25519, private, public)
}

/// The credential of a leaf: the device's identity bytes beside its MLS key (ROOM-4).
pub fn credential(identity: &DeviceIdentity, mls_key: &PublicKey) -> CredentialWithKey {
    CredentialWithKey {
        credential: BasicCredential::new(identity.to_bytes()).into(),
        signature_key: mls_key.0.to_vec().into(),
    }
}
