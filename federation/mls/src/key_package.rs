//! KeyPackages: making one, and reading one that somebody else made.
//!
//! A server checks a KeyPackage when a device uploads it and when another server hands it out: a
//! bad one would make the commit that adds it fail (ROOM-11; spec 05 §1).

use holm_protocol::encoding::encode;
use holm_protocol::identity::{DeviceIdentity, IdentityError};
use holm_protocol::limits::{CLOCK_SKEW_MS_MAX, KEY_PACKAGE_LEN_MAX};
use holm_protocol::signing::{Hash, PrivateKey, PublicKey};
use openmls::prelude::{
    Capabilities, CredentialType, KeyPackage, Lifetime, MlsMessageBodyIn, MlsMessageOut,
    ProtocolVersion,
};
use openmls::treesync::LeafNodeSource;
use openmls_rust_crypto::RustCrypto;
use thiserror::Error;

use crate::device::{credential, signer};
use crate::message::{NotThisMessage, read_body};
use crate::provider::Provider;
use crate::settings::{
    CIPHERSUITE, KEY_PACKAGE_LIFETIME_S, KEY_PACKAGE_MARGIN_S, ROOM_EXTENSION, capabilities,
    last_resort_capabilities,
};
use crate::view::{ViewError, read_identity, read_signature_key};

/// What a valid KeyPackage says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyPackageView {
    /// Whose it is.
    pub identity: DeviceIdentity,
    /// The MLS key of its leaf.
    pub mls_key: PublicKey,
    /// Its KeyPackageRef, by which a Welcome names it.
    pub reference: Hash,
    /// Until when it may be used, seconds since 1970.
    pub expires_s: u64,
    /// Whether it may be handed out more than once.
    pub last_resort: bool,
}

/// Why a KeyPackage is refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum KeyPackageError {
    /// Longer than the limit (LIM-12).
    #[error("a KeyPackage has at most {KEY_PACKAGE_LEN_MAX} bytes")]
    Length,
    /// No MLSMessage with a KeyPackage, or bytes after it.
    #[error("not a KeyPackage: {0}")]
    Form(#[from] NotThisMessage),
    /// MLS finds it invalid.
    #[error("MLS finds the KeyPackage invalid: {0}")]
    Mls(String),
    /// Of another suite.
    #[error("the KeyPackage is of another suite than 0x0001")]
    Suite,
    /// Not valid now, or for longer than a KeyPackage may be.
    #[error("the KeyPackage is not valid now, or valid for too long")]
    Lifetime,
    /// Does not support what every room requires.
    #[error("the KeyPackage does not support what every room requires")]
    Capabilities,
    /// Its credential or key is not of the form a device's has.
    #[error(transparent)]
    Leaf(#[from] ViewError),
    /// Its certificate does not hold.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// It could not be made.
    #[error("the KeyPackage can't be made: {0}")]
    Make(String),
}

/// Reads a KeyPackage, as MLSMessage, and checks all that can be checked of it alone (ROOM-11).
///
/// # Errors
/// The first check that fails.
pub fn read_key_package(bytes: &[u8], now_ms: u64) -> Result<KeyPackageView, KeyPackageError> {
    if bytes.len() > KEY_PACKAGE_LEN_MAX {
        return Err(KeyPackageError::Length);
    }
    let package = validate(bytes, &RustCrypto::default())?;
    let leaf = package.leaf_node();
    let expires_s = check_lifetime(leaf.leaf_node_source(), now_ms)?;
    if !supports_rooms(leaf.capabilities()) {
        return Err(KeyPackageError::Capabilities);
    }
    let (identity, mls_key) = (read_identity(leaf.credential())?, read_signature_key(leaf)?);
    identity.check(&mls_key, now_ms)?;
    Ok(KeyPackageView {
        identity,
        mls_key,
        reference: reference(&package, &RustCrypto::default())?,
        expires_s,
        last_resort: package.last_resort(),
    })
}

/// Makes a KeyPackage of a device and stages its private keys; gives it as MLSMessage.
///
/// # Errors
/// [`KeyPackageError::Make`].
pub fn new_key_package(
    provider: &Provider,
    key: &PrivateKey,
    identity: &DeviceIdentity,
    now_ms: u64,
    last_resort: bool,
) -> Result<Vec<u8>, KeyPackageError> {
    let now = now_ms / 1_000;
    let from = now.saturating_sub(KEY_PACKAGE_MARGIN_S);
    let lifetime = Lifetime::init(from, now.saturating_add(KEY_PACKAGE_LIFETIME_S));
    let builder = KeyPackage::builder().key_package_lifetime(lifetime);
    let builder = if last_resort {
        builder
            .leaf_node_capabilities(last_resort_capabilities())
            .mark_as_last_resort()
    } else {
        builder.leaf_node_capabilities(capabilities())
    };
    let credential = credential(identity, &key.public());
    let made = builder
        .build(CIPHERSUITE, provider, &signer(key), credential)
        .map_err(|e| KeyPackageError::Make(e.to_string()))?;
    Ok(encode(&MlsMessageOut::from(made.key_package().clone())))
}

/// The KeyPackageRef of a KeyPackage.
pub(crate) fn reference(
    package: &KeyPackage,
    crypto: &RustCrypto,
) -> Result<Hash, KeyPackageError> {
    let hash = package
        .hash_ref(crypto)
        .map_err(|e| KeyPackageError::Mls(e.to_string()))?;
    hash.as_slice()
        .try_into()
        .map(Hash)
        .map_err(|_cause| KeyPackageError::Suite)
}

/// A KeyPackage that MLS finds valid, to be proposed for an Add; checks nothing of ours.
///
/// # Errors
/// Its form, its validity, its suite.
pub fn validate(bytes: &[u8], crypto: &RustCrypto) -> Result<KeyPackage, KeyPackageError> {
    let MlsMessageBodyIn::KeyPackage(package) = read_body(bytes).map_err(NotThisMessage::from)?
    else {
        return Err(NotThisMessage::Form("KeyPackage").into());
    };
    let package = package
        .validate(crypto, ProtocolVersion::Mls10)
        .map_err(|e| KeyPackageError::Mls(e.to_string()))?;
    if package.ciphersuite() == CIPHERSUITE {
        Ok(package)
    } else {
        Err(KeyPackageError::Suite)
    }
}

/// OpenMLS looks at the system's clock and not at the length; both are looked at here.
fn check_lifetime(source: &LeafNodeSource, now_ms: u64) -> Result<u64, KeyPackageError> {
    let LeafNodeSource::KeyPackage(lifetime) = source else {
        return Err(KeyPackageError::Lifetime);
    };
    let (now, slack) = (now_ms / 1_000, CLOCK_SKEW_MS_MAX / 1_000);
    let begun = lifetime.not_before() <= now.saturating_add(slack);
    let ordered = lifetime.not_before() < lifetime.not_after();
    if begun && ordered && now < lifetime.not_after() && lifetime.has_acceptable_range() {
        Ok(lifetime.not_after())
    } else {
        Err(KeyPackageError::Lifetime)
    }
}

/// All that a room requires is there; more is allowed, so that clients can learn.
fn supports_rooms(capabilities: &Capabilities) -> bool {
    capabilities.versions().contains(&ProtocolVersion::Mls10)
        && capabilities.ciphersuites().contains(&CIPHERSUITE.into())
        && capabilities.extensions().contains(&ROOM_EXTENSION)
        && capabilities.credentials().contains(&CredentialType::Basic)
}
