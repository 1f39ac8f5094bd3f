//! Settings that MLS does not negotiate.

use holm_mls::settings::{
    CIPHERSUITE, capabilities, context_extensions, create_config, join_config,
};
use openmls::prelude::{
    CredentialType, ExtensionType, MIXED_PLAINTEXT_WIRE_FORMAT_POLICY, ProtocolVersion,
    SenderRatchetConfiguration,
};

use crate::devices::Device;
use crate::world::{World, extension};

// ROOM-12
#[test]
fn creators_and_joiners_have_the_same_settings() {
    let create = create_config(&extension(&Device::new("alice")));
    let join = join_config();
    assert_eq!(u16::from(create.ciphersuite()), 0x0001);
    assert_eq!((create.padding_size(), join.padding_size()), (256, 256));
    assert_eq!(create.max_past_epochs(), Some(2));
    let policy = MIXED_PLAINTEXT_WIRE_FORMAT_POLICY;
    assert_eq!(
        (create.wire_format_policy(), join.wire_format_policy()),
        (policy, policy)
    );
    let ratchet = SenderRatchetConfiguration::new(100, 2_000);
    assert_eq!(*create.sender_ratchet_configuration(), ratchet);
    assert_eq!(*join.sender_ratchet_configuration(), ratchet);
    assert!(!create.use_ratchet_tree_extension());
}

// ROOM-12
#[test]
fn a_leaf_supports_what_rooms_require_and_no_more() {
    let leaf = capabilities();
    assert_eq!(leaf.versions(), [ProtocolVersion::Mls10]);
    assert_eq!(leaf.ciphersuites(), [CIPHERSUITE.into()]);
    assert_eq!(leaf.extensions(), [ExtensionType::Unknown(0xF0A0)]);
    assert_eq!(leaf.credentials(), [CredentialType::Basic]);
    assert!(leaf.proposals().is_empty());
}

// ROOM-2
#[test]
fn the_context_holds_required_capabilities_and_the_room_extension() {
    let room = extension(&Device::new("alice"));
    let set = holm_mls::view::context_extensions(&context_extensions(&room));
    let kinds: Vec<u16> = set.iter().map(|extension| extension.kind).collect();
    assert_eq!(kinds, [3, 0xF0A0]);
    assert_eq!(set[0].data, [0x02, 0xF0, 0xA0, 0x00, 0x02, 0x00, 0x01]);
    assert_eq!(set[1].data, room.to_bytes());
}

// ROOM-12
#[test]
fn a_message_a_hundred_behind_the_newest_opens() {
    let mut world = World::of(&["alice", "bob"]);
    let sent: Vec<Vec<u8>> = (0..101)
        .map(|n| world.devices[0].send(&n.to_string()))
        .collect();
    let bob = &mut world.devices[1];
    assert_eq!(bob.receive(&sent[100]).unwrap(), "100");
    assert_eq!(bob.receive(&sent[1]).unwrap(), "1");
}
