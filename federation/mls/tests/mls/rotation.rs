//! Renewing a certificate and changing the MLS key, from inside the group.

use holm_mls::{StageError, credential, sign_bundle, signer};
use holm_protocol::admission::Refusal;
use holm_protocol::bundle::Bundle;
use openmls::prelude::NewSignerBundle;

use crate::devices::{Device, aad};
use crate::world::World;

/// A commit after which `device` stands in the group as `next`, signed by the old key; GroupInfo
/// and bundle by the new one.
fn rotate(device: &mut Device, next: &Device) -> Bundle {
    let (provider, old, new) = (&device.provider, signer(&device.key), signer(&next.key));
    let group = device.group.as_mut().unwrap();
    group.set_aad(aad(4).to_bytes());
    let renewed = NewSignerBundle {
        signer: &new,
        credential_with_key: credential(&next.identity, &next.key.public()),
    };
    let made = group
        .commit_builder()
        .load_psks(&provider.store)
        .unwrap()
        .create_group_info(true)
        .use_ratchet_tree_extension(false)
        .build_with_new_signer(&provider.crypto, &provider.crypto, &old, renewed, |_| true)
        .unwrap()
        .stage_commit(provider)
        .unwrap();
    sign_bundle(made, &next.key).unwrap()
}

/// Bob with another MLS key, certified for the same device.
fn bob_with_new_key(world: &World) -> Device {
    let mut next = Device::new("bob/spare");
    next.certify(world.devices[1].identity.device.clone(), "bob");
    next
}

// ADM-6, ROOM-8
#[test]
fn a_device_changes_its_mls_key_from_inside() {
    let mut world = World::of(&["alice", "bob"]);
    let next = bob_with_new_key(&world);
    let bundle = rotate(&mut world.devices[1], &next);
    let staged = world.stage(&bundle).unwrap();
    assert!(staged.admitted.added.is_empty() && staged.admitted.removed.is_empty());
    world.append(&bundle);
    assert_eq!(world.hub.view().leaves[1].mls_key, next.key.public());
    world.devices[1].key = next.key.clone();
    let hello = world.devices[1].send("under the new key");
    assert_eq!(
        world.devices[0].receive(&hello).unwrap(),
        "under the new key"
    );
}

// ROOM-8
#[test]
fn after_a_change_of_key_the_old_one_signs_no_bundle() {
    let mut world = World::of(&["alice", "bob"]);
    let next = bob_with_new_key(&world);
    let Bundle {
        commit,
        welcome,
        group_info,
        ..
    } = rotate(&mut world.devices[1], &next);
    let bundle = Bundle::sign(commit, welcome, group_info, &world.devices[1].key);
    assert_eq!(
        world.refused(&bundle),
        StageError::from(holm_mls::BundleError::Signature)
    );
}

// ADM-6
#[test]
fn a_leaf_does_not_become_another_device() {
    let mut world = World::of(&["alice", "bob"]);
    let other = Device::new("bob/b");
    let bundle = rotate(&mut world.devices[1], &other);
    assert_eq!(
        world.refused(&bundle),
        StageError::Refused(Refusal::IdentityChanged)
    );
}
