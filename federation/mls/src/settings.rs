//! Settings every client has; MLS negotiates none of them (spec 05 §1).
//!
//! A client that keeps fewer past epochs or a shorter ratchet window loses messages that others
//! can read, so these values are part of the protocol (ROOM-2, ROOM-12).

use holm_protocol::limits::MESSAGE_EPOCHS_BEHIND_MAX;
use holm_protocol::room_extension::{ROOM_EXTENSION_TYPE, RoomExtension};
use openmls::prelude::{
    Capabilities, Ciphersuite, CredentialType, Extension, ExtensionType, Extensions, GroupContext,
    MIXED_PLAINTEXT_WIRE_FORMAT_POLICY, MlsGroupCreateConfig, MlsGroupJoinConfig, ProtocolVersion,
    RequiredCapabilitiesExtension, SenderRatchetConfiguration, UnknownExtension,
};

/// The one suite of the baseline: 0x0001.
pub const CIPHERSUITE: Ciphersuite = Ciphersuite::MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519;
/// How long a KeyPackage may be used, seconds; with its margin the most that OpenMLS accepts.
pub const KEY_PACKAGE_LIFETIME_S: u64 = 84 * 24 * 3_600;
/// How far before its making a KeyPackage is valid, seconds, for clocks that are slow.
pub const KEY_PACKAGE_MARGIN_S: u64 = 3_600;
/// Messages are padded to a multiple of this, bytes.
pub const PADDING: usize = 256;
/// How far behind the newest a message of one sender still opens.
pub const OUT_OF_ORDER_TOLERANCE: u32 = 100;
/// How far ahead of the newest a message of one sender still opens.
pub const FORWARD_DISTANCE_MAX: u32 = 2_000;

/// The room extension's type as OpenMLS names it.
pub(crate) const ROOM_EXTENSION: ExtensionType = ExtensionType::Unknown(ROOM_EXTENSION_TYPE);

/// What a leaf supports: MLS 1.0, the suite, the room extension, basic credentials.
pub fn capabilities() -> Capabilities {
    capabilities_with(&[ROOM_EXTENSION])
}

/// What the leaf of a last-resort KeyPackage supports: that mark as well.
pub fn last_resort_capabilities() -> Capabilities {
    capabilities_with(&[ROOM_EXTENSION, ExtensionType::LastResort])
}

fn capabilities_with(extensions: &[ExtensionType]) -> Capabilities {
    Capabilities::new(
        Some(&[ProtocolVersion::Mls10]),
        Some(&[CIPHERSUITE]),
        Some(extensions),
        Some(&[]),
        Some(&[CredentialType::Basic]),
    )
}

/// How a device creates a room's group.
pub fn create_config(extension: &RoomExtension) -> MlsGroupCreateConfig {
    MlsGroupCreateConfig::builder()
        .ciphersuite(CIPHERSUITE)
        .capabilities(capabilities())
        .wire_format_policy(MIXED_PLAINTEXT_WIRE_FORMAT_POLICY)
        .use_ratchet_tree_extension(false)
        .max_past_epochs(past_epochs())
        .padding_size(PADDING)
        .sender_ratchet_configuration(ratchet())
        .with_group_context_extensions(context_extensions(extension))
        .build()
}

/// How a device joins one, by Welcome or by external commit.
pub fn join_config() -> MlsGroupJoinConfig {
    MlsGroupJoinConfig::builder()
        .wire_format_policy(MIXED_PLAINTEXT_WIRE_FORMAT_POLICY)
        .use_ratchet_tree_extension(false)
        .max_past_epochs(past_epochs())
        .padding_size(PADDING)
        .sender_ratchet_configuration(ratchet())
        .build()
}

/// The two extensions of every group context: required_capabilities and the room's (ROOM-2).
pub fn context_extensions(extension: &RoomExtension) -> Extensions<GroupContext> {
    let both = vec![
        Extension::RequiredCapabilities(RequiredCapabilitiesExtension::new(
            &[ROOM_EXTENSION],
            &[],
            &[CredentialType::Basic],
        )),
        Extension::Unknown(ROOM_EXTENSION_TYPE, UnknownExtension(extension.to_bytes())),
    ];
    Extensions::from_vec(both).unwrap_or_else(|e| unreachable!("both may stand in a context: {e}"))
}

fn ratchet() -> SenderRatchetConfiguration {
    SenderRatchetConfiguration::new(OUT_OF_ORDER_TOLERANCE, FORWARD_DISTANCE_MAX)
}

/// As many past epochs as a message may lie behind (LOG-12).
fn past_epochs() -> usize {
    usize::try_from(MESSAGE_EPOCHS_BEHIND_MAX).unwrap_or(usize::MAX)
}
