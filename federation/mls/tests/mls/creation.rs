//! Where a group begins, and which groups are no room's.

use holm_mls::settings::{KEY_PACKAGE_LIFETIME_S, context_extensions, create_config};
use holm_mls::{PublicRoom, StageError, external_pub, group_view, signer};
use holm_protocol::admission::{Refusal, admit_creation};
use holm_protocol::identity::IdentityError;
use holm_protocol::limits::{BUNDLE_LEN_MAX, TREE_LEN_MAX};
use holm_protocol::room_extension::Role;
use holm_protocol::uri::RoomUri;
use openmls::prelude::{
    Capabilities, Extension, ExtensionType, Extensions, GroupId, MlsGroup, MlsGroupCreateConfig,
    UnknownExtension,
};

use crate::devices::Device;
use crate::world::{create_group, extension, group_info_and_tree, now_ms, room_uri, server};

fn alice() -> Device {
    let mut alice = Device::new("alice");
    create_group(&mut alice, 0);
    alice
}

/// A group of alice's that is made another way than rooms are.
fn odd_group(id: &[u8], config: &MlsGroupCreateConfig) -> (Vec<u8>, Vec<u8>) {
    let mut alice = Device::new("alice");
    let (credential, key, id) = (
        alice.credential(),
        signer(&alice.key),
        GroupId::from_slice(id),
    );
    let group = MlsGroup::new_with_group_id(&alice.provider, &key, config, id, credential);
    alice.group = Some(group.unwrap());
    group_info_and_tree(&alice)
}

// ROOM-1, ROOM-2, ROOM-5, ADM-12
#[test]
fn a_room_begins_with_its_creator_alone() {
    let alice = alice();
    let (info, tree) = group_info_and_tree(&alice);
    let room = PublicRoom::start(&room_uri(), &info, &tree).unwrap();
    assert_eq!(
        (room.room(), room.generation(), room.epoch()),
        (&room_uri(), 0, 0)
    );
    assert_eq!((room.group_info(), room.tree()), (info.as_slice(), tree));
    assert_eq!(
        room.view().extension.role(&alice.identity.user()),
        Role::Owner
    );
    assert_eq!(
        *room.view(),
        group_view(alice.group().public_group()).unwrap()
    );
    let hub = (&server(), &room.view().extension.hub.root);
    let (creator, extensions) = (&alice.identity.device, room.context_extensions());
    admit_creation(room.view(), &extensions, creator, hub, now_ms()).unwrap();
}

// ROOM-10
#[test]
fn external_pub_is_read_out_of_a_group_info() {
    let (info, tree) = group_info_and_tree(&alice());
    assert_eq!(external_pub(&info).unwrap().len(), 32);
    assert_eq!(external_pub(&tree), None);
}

// ROOM-1
#[test]
fn the_group_id_is_the_room_and_its_generation() {
    let (info, tree) = group_info_and_tree(&alice());
    let other = RoomUri::new(&server(), "orchard").unwrap();
    assert!(PublicRoom::start(&other, &info, &tree).is_err());
    let config = create_config(&extension(&Device::new("alice")));
    for id in [
        &b"mimi://islet.test/r/garden"[..],
        b"mimi://islet.test/r/garden#00",
        b"\xff",
    ] {
        let (info, tree) = odd_group(id, &config);
        assert!(PublicRoom::start(&room_uri(), &info, &tree).is_err());
    }
}

// ROOM-1
#[test]
fn a_reset_starts_the_next_generation() {
    let mut alice = Device::new("alice");
    create_group(&mut alice, 1);
    let (info, tree) = group_info_and_tree(&alice);
    let room = PublicRoom::start(&room_uri(), &info, &tree).unwrap();
    assert_eq!((room.generation(), room.epoch()), (1, 0));
}

// LIM-6, LIM-13
#[test]
fn a_tree_or_group_info_over_its_limit_is_refused() {
    let (info, tree) = group_info_and_tree(&alice());
    let cause = |info: &[u8], tree: &[u8]| {
        let refused = PublicRoom::start(&room_uri(), info, tree).err();
        refused.expect("it is refused").to_string()
    };
    let limit = cause(&info, &vec![0; TREE_LEN_MAX + 1]);
    assert_ne!(cause(&info, &vec![0; TREE_LEN_MAX]), limit);
    assert_eq!(cause(&vec![0; BUNDLE_LEN_MAX + 1], &tree), limit);
    assert_ne!(cause(&vec![0; BUNDLE_LEN_MAX], &tree), limit);
}

// ROOM-2
#[test]
fn a_context_with_other_extensions_is_no_rooms() {
    let room = extension(&Device::new("alice"));
    let both: Vec<_> = context_extensions(&room).iter().cloned().collect();
    let other = Extension::Unknown(0xF0A1, UnknownExtension(room.to_bytes()));
    let alone = vec![both[0].clone()];
    let third = [both, vec![other]].concat();
    let supported = [0xF0A0, 0xF0A1].map(ExtensionType::Unknown).to_vec();
    let capabilities = Capabilities::builder().extensions(supported).build();
    for set in [alone, third] {
        let config = MlsGroupCreateConfig::builder()
            .capabilities(capabilities.clone())
            .with_group_context_extensions(Extensions::from_vec(set).unwrap())
            .build();
        let (info, tree) = odd_group(&room_uri().group_id(0), &config);
        assert!(PublicRoom::start(&room_uri(), &info, &tree).is_err());
    }
}

// ROOM-3, ADM-3
#[test]
fn a_tree_with_an_uncertified_leaf_is_refused() {
    let mut alice = Device::new("alice");
    alice.identity.certificate.expires += KEY_PACKAGE_LIFETIME_S;
    create_group(&mut alice, 0);
    let (info, tree) = group_info_and_tree(&alice);
    let refused = PublicRoom::start(&room_uri(), &info, &tree).err();
    let cause = Refusal::Identity(IdentityError::Signature);
    assert_eq!(refused, Some(StageError::Refused(cause)));
}

// ROOM-8
#[test]
fn a_group_info_without_external_pub_or_with_the_tree_is_refused() {
    let alice = alice();
    let (group, key, crypto) = (alice.group(), signer(&alice.key), &alice.provider.crypto);
    let (_, tree) = group_info_and_tree(&alice);
    let whole = group.export_group_info(crypto, &key, true).unwrap();
    let whole = holm_mls::wire_bytes(&whole);
    assert!(PublicRoom::start(&room_uri(), &whole, &tree).is_err());
}

// ENC-2
#[test]
fn bytes_after_group_info_or_tree_are_refused() {
    let (info, tree) = group_info_and_tree(&alice());
    let longer = |bytes: &[u8]| [bytes, &[0]].concat();
    assert!(PublicRoom::start(&room_uri(), &longer(&info), &tree).is_err());
    assert!(PublicRoom::start(&room_uri(), &info, &longer(&tree)).is_err());
    assert!(PublicRoom::start(&room_uri(), &info, &tree).is_ok());
}

#[test]
fn a_room_may_cross_threads() {
    fn is_shared<T: Send + Sync>() {}
    fn is_sent<T: Send>() {}
    is_shared::<PublicRoom>();
    is_sent::<holm_mls::StagedRoomCommit>();
    is_shared::<holm_mls::Provider>();
}
