//! Who a leaf is: device URI, the user's identity key, and its certificate for the device.
//!
//! It stands in the MLS BasicCredential, at most 200 bytes, nothing in it twice. A leaf that the
//! user's identity key did not certify is refused by everybody, so a server cannot add a
//! listener (ROOM-3, ROOM-4; spec 05 §1).

use tls_codec::{TlsDeserializeBytes, TlsSerialize, TlsSize};

use crate::encoding::{Malformed, decode, encode};
use crate::limits::CREDENTIAL_IDENTITY_LEN_MAX;
use crate::signing::{Label, PrivateKey, PublicKey, Signature};
use crate::uri::{DeviceUri, UserUri};

/// The identity key's word for a device's MLS key (ROOM-3).
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, TlsSize, TlsSerialize, TlsDeserializeBytes,
)]
pub struct Certificate {
    /// Counts removals of devices; nobody admits one below the highest seen.
    pub generation: u32,
    /// Valid from, seconds since 1970.
    pub issued: u64,
    /// Valid until, seconds since 1970.
    pub expires: u64,
    /// Over label, device URI, MLS key and the fields above.
    pub signature: Signature,
}

/// The identity in a leaf's BasicCredential (ROOM-4).
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, TlsSize, TlsSerialize, TlsDeserializeBytes,
)]
pub struct DeviceIdentity {
    /// The device.
    pub device: DeviceUri,
    /// The user's identity key.
    pub identity_key: PublicKey,
    /// The device's certificate.
    pub certificate: Certificate,
}

/// Why a leaf's identity does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// The certificate is not the identity key's for this device and MLS key.
    #[error("the certificate is not signed by the user's identity key for this device and key")]
    Signature,
    /// Not yet valid, or no longer.
    #[error("the certificate is not valid at this time")]
    Time,
}

impl DeviceIdentity {
    /// Certifies `mls_key` as the key of `device`, valid from `issued` to `expires` in seconds.
    pub fn certify(
        device: DeviceUri,
        mls_key: &PublicKey,
        identity: &PrivateKey,
        generation: u32,
        (issued, expires): (u64, u64),
    ) -> Self {
        let signed = signed_fields(&device, mls_key, generation, issued, expires);
        let signature = identity.sign(Label::CERTIFICATE, &[&signed]);
        let certificate = Certificate {
            generation,
            issued,
            expires,
            signature,
        };
        Self {
            device,
            identity_key: identity.public(),
            certificate,
        }
    }

    /// The user of the device.
    pub fn user(&self) -> UserUri {
        self.device.user()
    }

    /// Checks the certificate for a leaf whose signature key is `mls_key`, at `now_ms` (ROOM-3).
    ///
    /// For a commit in a log `now_ms` is the event's time, so that all judge alike, also later.
    pub fn check(&self, mls_key: &PublicKey, now_ms: u64) -> Result<(), IdentityError> {
        let c = &self.certificate;
        let signed = signed_fields(&self.device, mls_key, c.generation, c.issued, c.expires);
        if !self
            .identity_key
            .verifies(Label::CERTIFICATE, &[&signed], &c.signature)
        {
            return Err(IdentityError::Signature);
        }
        let now = now_ms / 1_000;
        let slack = crate::limits::CLOCK_SKEW_MS_MAX / 1_000;
        if c.issued <= now.saturating_add(slack) && now < c.expires {
            Ok(())
        } else {
            Err(IdentityError::Time)
        }
    }

    /// The credential's identity bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        encode(self)
    }

    /// Reads a credential's identity bytes (ROOM-4).
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Malformed> {
        if bytes.len() > CREDENTIAL_IDENTITY_LEN_MAX {
            Err(Malformed(format!("an identity of {} bytes", bytes.len())))
        } else {
            decode(bytes)
        }
    }
}

/// What a device signs with its MLS key to log in again (ACC-4): label, device URI, time in
/// milliseconds since 1970.
pub fn login_bytes(device: &DeviceUri, time_ms: u64) -> Vec<u8> {
    Label::LOGIN.frame(&[&encode(device), &time_ms.to_be_bytes()])
}

fn signed_fields(
    device: &DeviceUri,
    mls_key: &PublicKey,
    generation: u32,
    issued: u64,
    expires: u64,
) -> Vec<u8> {
    let mut bytes = encode(device);
    bytes.extend_from_slice(&mls_key.0);
    bytes.extend_from_slice(&generation.to_be_bytes());
    bytes.extend_from_slice(&issued.to_be_bytes());
    bytes.extend_from_slice(&expires.to_be_bytes());
    bytes
}
