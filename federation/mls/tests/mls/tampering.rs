//! A server on the way changes one bit: each part of a bundle, refused with nothing merged.

use holm_mls::{BundleError, StageError};
use holm_protocol::bundle::Bundle;
use holm_protocol::limits::BUNDLE_LEN_MAX;
use openmls::prelude::MlsMessageBodyIn;

use crate::devices::{Ask, Device, body_of};
use crate::world::World;

fn add(world: &mut World) -> Bundle {
    world.devices[0].commit(&Ask::adding(&[Device::new("carol").key_package()]))
}

/// Flips one bit, `back` bytes from the end.
fn flip(bytes: &mut [u8], back: usize) {
    let at = bytes.len() - back;
    bytes[at] ^= 1;
}

/// Signs a changed bundle again, as a lying member could and a server could not.
fn resigned(world: &World, bundle: &Bundle) -> Bundle {
    let Bundle {
        commit,
        welcome,
        group_info,
        ..
    } = bundle.clone();
    Bundle::sign(commit, welcome, group_info, &world.devices[0].key)
}

fn invalid(error: BundleError) -> StageError {
    StageError::from(error)
}

// ROOM-8
#[test]
fn a_flipped_bit_in_the_commits_signature_is_refused() {
    let mut world = World::of(&["alice", "bob"]);
    let mut bundle = add(&mut world);
    flip(&mut bundle.commit, 67);
    assert!(matches!(world.refused(&bundle), StageError::Invalid(_)));
    assert!(matches!(
        world.refused(&resigned(&world, &bundle)),
        StageError::Invalid(_)
    ));
}

// ROOM-8: MLS leaves a hub unable to see this one.
#[test]
fn a_flipped_bit_in_the_membership_tag_is_refused() {
    let mut world = World::of(&["alice", "bob"]);
    let mut bundle = add(&mut world);
    flip(&mut bundle.commit, 1);
    assert_eq!(world.refused(&bundle), invalid(BundleError::Signature));
}

// ROOM-8
#[test]
fn a_flipped_bit_in_the_confirmation_tag_is_refused() {
    let mut world = World::of(&["alice", "bob"]);
    let mut bundle = add(&mut world);
    flip(&mut bundle.commit, 34);
    assert_eq!(
        world.refused(&bundle),
        invalid(BundleError::ConfirmationTag)
    );
    let bundle = resigned(&world, &bundle);
    assert_eq!(
        world.refused(&bundle),
        invalid(BundleError::ConfirmationTag)
    );
}

// ROOM-8
#[test]
fn a_flipped_bit_in_the_welcome_is_refused() {
    let mut world = World::of(&["alice", "bob"]);
    let bundle = add(&mut world);
    for back in [1, 40, bundle.welcome.as_ref().unwrap().len() - 12] {
        let mut changed = bundle.clone();
        flip(changed.welcome.as_mut().unwrap(), back);
        assert!(matches!(world.refused(&changed), StageError::Invalid(_)));
    }
}

// ROOM-8
#[test]
fn a_flipped_bit_anywhere_in_the_group_info_is_refused() {
    let mut world = World::of(&["alice", "bob"]);
    let bundle = add(&mut world);
    for back in 1..=bundle.group_info.len() {
        let mut changed = bundle.clone();
        flip(&mut changed.group_info, back);
        assert!(
            matches!(world.refused(&changed), StageError::Invalid(_)),
            "{back} from the end"
        );
        let changed = resigned(&world, &changed);
        assert!(
            matches!(world.refused(&changed), StageError::Invalid(_)),
            "{back} from the end"
        );
    }
}

// ROOM-8
#[test]
fn a_flipped_bit_anywhere_in_the_commit_is_refused() {
    let mut world = World::of(&["alice", "bob"]);
    let bundle = add(&mut world);
    for back in 1..=bundle.commit.len() {
        let mut changed = bundle.clone();
        flip(&mut changed.commit, back);
        world.refused(&changed);
    }
}

// ROOM-8
#[test]
fn the_group_info_of_another_epoch_is_refused() {
    let mut world = World::of(&["alice", "bob"]);
    let mut bundle = add(&mut world);
    bundle.group_info = world.hub.group_info().to_vec();
    let bundle = resigned(&world, &bundle);
    assert_eq!(world.refused(&bundle), invalid(BundleError::Context));
}

// ROOM-8
#[test]
fn a_bundle_signed_by_another_member_is_refused() {
    let mut world = World::of(&["alice", "bob"]);
    let Bundle {
        commit,
        welcome,
        group_info,
        ..
    } = add(&mut world);
    let bundle = Bundle::sign(commit, welcome, group_info, &world.devices[1].key);
    assert_eq!(world.refused(&bundle), invalid(BundleError::Signature));
}

// ROOM-8
#[test]
fn a_welcome_comes_with_adds_and_for_those_alone() {
    let mut world = World::of(&["alice", "bob"]);
    let with = add(&mut world);
    let missing = resigned(
        &world,
        &Bundle {
            welcome: None,
            ..with.clone()
        },
    );
    assert!(matches!(world.refused(&missing), StageError::Invalid(_)));
    let other = World::of(&["dave", "erin"]).devices[0]
        .commit(&Ask::adding(&[Device::new("carol").key_package()]));
    let foreign = resigned(
        &world,
        &Bundle {
            welcome: other.welcome.clone(),
            ..with
        },
    );
    assert!(matches!(world.refused(&foreign), StageError::Invalid(_)));
    let bob = world.devices[1].commit(&Ask::default());
    let Bundle {
        commit, group_info, ..
    } = bob;
    let needless = Bundle::sign(commit, other.welcome, group_info, &world.devices[1].key);
    assert!(matches!(world.refused(&needless), StageError::Invalid(_)));
}

// ROOM-8
#[test]
fn a_commit_of_another_group_is_refused() {
    let mut world = World::of(&["alice", "bob"]);
    let mut next = Device::new("alice");
    crate::world::create_group(&mut next, 1);
    world.devices.push(next);
    let bundle = world.devices[2].commit(&Ask::default());
    assert!(matches!(world.refused(&bundle), StageError::Invalid(_)));
}

// LOG-11
#[test]
fn a_message_is_no_commit() {
    let mut world = World::of(&["alice", "bob"]);
    let mut bundle = add(&mut world);
    bundle.commit = world.devices[1].send("hello");
    assert!(matches!(
        body_of(&bundle.commit),
        MlsMessageBodyIn::PrivateMessage(_)
    ));
    assert!(matches!(world.refused(&bundle), StageError::Invalid(_)));
}

// LIM-6
#[test]
fn a_bundle_over_the_limit_is_refused_unread() {
    let mut world = World::of(&["alice", "bob"]);
    let bundle = add(&mut world);
    let with = |len: usize| {
        let mut changed = bundle.clone();
        changed.commit.resize(len - changed.group_info.len(), 0);
        world.refused(&changed).to_string()
    };
    assert!(with(BUNDLE_LEN_MAX + 1).contains("limit"));
    assert!(!with(BUNDLE_LEN_MAX).contains("limit"));
}
